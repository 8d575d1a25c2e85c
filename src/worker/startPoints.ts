import type { Checkpoint } from '#domain/checkpoint.ts';
import type { Dataset } from '#domain/dataset.ts';
import type { KeptRun } from '#domain/keptRun.ts';
import type { ForkOrigin } from '#domain/run.ts';
import { VERSION } from '#domain/version.ts';
import type { StartPoint } from '#train/startPoint.ts';
import { newestState } from './keptStore.ts';
import type { KeptStore, StateMemory } from './keptStore.ts';
import { RequestError } from './requestError.ts';

/** Where a kept run goes on. */
export interface Continuation {
  readonly from: StartPoint | undefined;
  readonly step: number;
  /** Said of the run when it does not go on as it would have: on another device or version. */
  readonly remark: string | undefined;
  /** Of the state, for what can be told only when tiles are chosen. */
  readonly tilesHash: string | undefined;
}

/** @throws {RequestError} when this run is not one to go on with, or not with these data. */
export function checkResumable({ header, status }: KeptRun, dataset: Dataset): void {
  if (header.kind === 'finder')
    throw new RequestError('A learning-rate finder cannot be continued; start it again.');
  if (status === 'finished') throw new RequestError('This run is finished; there is nothing to continue.');
  if (status === 'diverged')
    throw new RequestError('This run has diverged; fork it from before that to go on.');
  if (header.dataset.hash !== dataset.info.hash) {
    throw new RequestError(
      `This run trains on “${header.dataset.title}”; load that data set to continue the run.`,
      { code: 'other-data' },
    );
  }
}

/**
 * From the newest checkpoint that the recorded losses reach up to, or from the start without one.
 * @throws {RequestError | StorageError}
 */
export async function continuation(run: KeptRun, store: KeptStore, device: string): Promise<Continuation> {
  const losses = await lossesOf(run, store);
  const state = await store.checkpoints.newest(run.header.runId, losses.end);
  return continueFrom(run, losses, state, device);
}

/**
 * Of runs that go on together, all from the same step: the newest one that each has a checkpoint of, or the start
 * where none has any.
 * @throws {RequestError} with code 'no-common-state' where they have checkpoints, but none of the same step.
 */
export async function jointContinuation(
  runs: readonly KeptRun[],
  store: KeptStore,
  device: string,
): Promise<readonly Continuation[]> {
  const losses = await Promise.all(runs.map((run) => lossesOf(run, store)));
  let upTo = Math.min(...losses.map(({ end }) => end));
  for (;;) {
    const most = upTo;
    const states = await Promise.all(runs.map(({ header }) => store.checkpoints.newest(header.runId, most)));
    const steps = states.map((state) => state?.step ?? 0);
    upTo = Math.min(...steps);
    if (steps.some((step) => step > upTo)) {
      if (upTo > 0) continue;
      throw new RequestError('The runs of this race have no kept state of the same step.', {
        code: 'no-common-state',
      });
    }
    return runs.map((run, i) => continueFrom(run, losses[i]!, states[i], device));
  }
}

interface RecordedLosses {
  readonly values: Float32Array;
  /** First step that they are of, and the one after the last. */
  readonly begin: number;
  readonly end: number;
}

async function lossesOf({ header }: KeptRun, store: KeptStore): Promise<RecordedLosses> {
  const { firstStep, losses } = await store.steps(header.runId);
  const end = firstStep + losses.length;
  // Forks that came from files of before have steps that they never took, before their own.
  const begin = header.forkOf?.step ?? 0;
  return { values: losses.subarray(Math.max(0, begin - firstStep)), begin, end: Math.max(begin, end) };
}

function continueFrom(
  run: KeptRun,
  { values, begin }: RecordedLosses,
  state: Checkpoint | undefined,
  device: string,
): Continuation {
  if (!state) {
    if (begin > 0) throw new RequestError('The state that this run was forked from is not there any more.');
    return { from: undefined, step: 0, remark: undefined, tilesHash: undefined };
  }
  const rows = run.epochs.filter(({ step }) => step <= state.step);
  const nextEpoch = rows.at(-1)?.epoch;
  const probes = run.probes?.filter(({ step }) => step <= state.step) ?? [];
  const validLosses = [...rows, ...probes].map(({ validLoss }) => validLoss).filter(Number.isFinite);
  return {
    from: {
      kind: 'resume',
      state,
      losses: values.slice(0, state.step - begin),
      nextEpoch: nextEpoch === undefined ? Math.floor(begin / (run.plan?.stepsPerEpoch ?? 1)) : nextEpoch + 1,
      ...(validLosses.length > 0 && { validLoss: Math.min(...validLosses) }),
    },
    step: state.step,
    remark: remarkOf(state, device),
    tilesHash: state.tilesHash,
  };
}

/**
 * The newest state of another run that is of use to a fork of it.
 * @throws {RequestError} where there is none any more, or where that run trains on other data.
 */
export async function forkPoint(
  { runId, step, number }: ForkOrigin,
  dataset: Dataset,
  kept: { readonly store: KeptStore | undefined; readonly memory: StateMemory },
): Promise<StartPoint> {
  const run = await kept.store?.read(runId);
  const divergedAt = run?.divergence?.step ?? Number.POSITIVE_INFINITY;
  const state = await newestState(runId, kept, Math.min(step, divergedAt - 1));
  const name = number === undefined ? 'that run' : `run ${number}`;
  if (!state) {
    throw new RequestError(
      `No state of ${name} up to step ${step} is kept any more, so that nothing can go on from there.`,
    );
  }
  if (state.datasetHash !== dataset.info.hash) {
    const title = run ? `“${run.header.dataset.title}”` : 'other data';
    throw new RequestError(
      `${name[0]!.toUpperCase()}${name.slice(1)} trains on ${title}; load them to fork it.`,
      {
        code: 'other-data',
      },
    );
  }
  return { kind: 'fork', state, optimizer: state.experiment.optimizer };
}

function remarkOf({ device, version }: Checkpoint, current: string): string | undefined {
  if (device !== current) return 'Resumed on different hardware.';
  return version === VERSION ? undefined : `Resumed with another version of NormLab (was ${version}).`;
}
