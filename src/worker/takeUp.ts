import type { KeptRun } from '#domain/keptRun.ts';
import type { RunLog } from '#store/runLog.ts';
import { checkRace } from '#train/plan.ts';
import type { StartWeightsSource } from '#train/plan.ts';
import type { StartPoint } from '#train/startPoint.ts';
import { givenToResume, givenWeights } from './givenWeights.ts';
import type { KeptStore } from './keptStore.ts';
import { RequestError } from './requestError.ts';
import type { RunLock, RunLocks } from './runLocks.ts';
import type { RunRecorder } from './runRecorder.ts';
import type { RunGround } from './runs.ts';
import { checkResumable, continuation, jointContinuation } from './startPoints.ts';

/** A kept run that goes on: its lock is held, and its log ends where it begins. */
export interface TakenUp {
  readonly run: KeptRun;
  readonly lock: RunLock;
  readonly recorder: RunRecorder;
  /** Undefined where it begins with its initial weights. */
  readonly from: StartPoint | undefined;
  readonly step: number;
  /** Undefined: they follow from the seed. */
  readonly startWeights: StartWeightsSource | undefined;
}

export interface TakeUpParts {
  readonly store: KeptStore | undefined;
  readonly ground: RunGround;
  readonly locks: RunLocks;
  /** Takes the runs from the tab that trains them. */
  readonly takeOver: boolean;
  /** A file that takes the place of the kept one. */
  readonly initialWeights: Uint8Array | undefined;
  readonly recorderOf: (
    run: KeptRun,
    more: { readonly remark: string | undefined; readonly baselineRunId: string | undefined },
  ) => RunRecorder;
  /** Another tab has taken a run over, at any later time. */
  readonly lost: (recorder: RunRecorder) => void;
}

/** A run whose lock is held; another tab may take it at any moment. */
interface Held {
  readonly runId: string;
  readonly lock: RunLock;
  isLost: boolean;
  recorder: RunRecorder | undefined;
}

/**
 * Takes up kept runs, one alone from its newest state or several of a race from a common one: locks them, finds
 * where they go on, and reopens their logs there.
 *
 * @throws {RequestError | SetupError | StorageError} by rejection; nothing is held and nothing was changed then.
 */
export async function takeUp(runIds: readonly string[], parts: TakeUpParts): Promise<readonly TakenUp[]> {
  const held: Held[] = [];
  try {
    for (const runId of runIds) {
      await readKept(runId, parts.store);
      held.push(await hold(runId, parts));
    }
    // Read only now: another tab may have written until a moment ago.
    const runs = await Promise.all(runIds.map((runId) => readKept(runId, parts.store)));
    for (const run of runs) checkResumable(run, parts.ground.dataset);
    if (runs.length > 1) checkRace(runs.map(({ header }) => header.experiment));
    const store = parts.store!;
    const device = parts.ground.device.info.title;
    const continuations =
      runs.length === 1
        ? [await continuation(runs[0]!, store, device)]
        : await jointContinuation(runs, store, device);
    const openings: ((onFailure: (sentence: string) => void) => RunLog)[] = [];
    const weights: (StartWeightsSource | undefined)[] = [];
    for (const [i, { from, step }] of continuations.entries()) {
      const given = parts.initialWeights ?? (await givenToResume(runs[i]!, store, from !== undefined));
      weights.push(given && givenWeights(given));
      openings.push(await store.reopen(runIds[i]!, step));
    }
    // Meanwhile another tab may have taken any of them.
    if (held.some(({ isLost }) => isLost)) throw elsewhere();
    // At once from here on: either all go on, or nothing of any was changed.
    const taken = continuations.map(({ from, step, remark }, i): TakenUp => {
      const run = runs[i]!;
      const one = held[i]!;
      const recorder = parts.recorderOf(run, { remark, baselineRunId: baselineOf(runs, i) });
      recorder.log = openings[i]!((sentence) => recorder.notKept(sentence));
      one.recorder = recorder;
      return { run, lock: one.lock, recorder, from, step, startWeights: weights[i] };
    });
    for (const { run, step, recorder } of taken) {
      if (recorder.isTakenOver) continue;
      await store.checkpoints.removeBeyond(run.header.runId, step).catch(() => {
        // They are only of use while the steps up to them are there.
      });
    }
    return taken;
  } catch (error) {
    for (const { lock } of held) lock.release();
    throw error;
  }
}

/** @throws {RequestError} that says that a run goes on in another tab. */
export function elsewhere(): RequestError {
  return new RequestError('This run is going on in another tab.', { code: 'elsewhere' });
}

async function readKept(runId: string, store: KeptStore | undefined): Promise<KeptRun> {
  const run = await store?.read(runId);
  if (!run) throw new RequestError('This run is not kept in this browser.');
  return run;
}

async function hold(runId: string, { locks, takeOver, lost }: TakeUpParts): Promise<Held> {
  const later: { held?: Held } = {};
  let isLost = false;
  const lock = await locks.acquire(runId, {
    takeOver,
    onLost: () => {
      isLost = true;
      if (!later.held) return;
      later.held.isLost = true;
      if (later.held.recorder) lost(later.held.recorder);
    },
  });
  if (!lock) throw elsewhere();
  later.held = { runId, lock, isLost, recorder: undefined };
  return later.held;
}

/** The first of the runs, for the others, where their earlier differences are to it. */
function baselineOf(runs: readonly KeptRun[], index: number): string | undefined {
  const { runId } = runs[0]!.header;
  const before = runs[index]!.paired?.[0]?.baselineRunId ?? runId;
  return index > 0 && before === runId ? runId : undefined;
}
