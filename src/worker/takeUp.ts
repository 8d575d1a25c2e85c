import type { KeptRun } from '#domain/keptRun.ts';
import { checkRace } from '#train/plan.ts';
import type { StartWeightsSource } from '#train/plan.ts';
import type { StartPoint } from '#train/startPoint.ts';
import { givenToResume, givenWeights } from './givenWeights.ts';
import type { KeptStore } from './keptStore.ts';
import { RequestError } from './requestError.ts';
import type { RunLock, RunLocks } from './runLocks.ts';
import type { RunRecorder, RunRecorderParts } from './runRecorder.ts';
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
    more: Pick<RunRecorderParts, 'remark' | 'resumedTiles' | 'raceRunIds'>,
  ) => RunRecorder;
  /** Another tab has taken a run over, at any later time. */
  readonly lost: (recorder: RunRecorder) => void;
}

/** A run whose lock is held; another tab may take it at any moment. */
interface Held {
  readonly lock: RunLock;
  isLost: boolean;
  /** Told of that, once the run is written. */
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
    const ready: (TakenUp & { readonly open: Awaited<ReturnType<KeptStore['reopen']>> })[] = [];
    for (const [i, { from, step, remark, tilesHash }] of continuations.entries()) {
      const run = runs[i]!;
      const given = parts.initialWeights ?? (await givenToResume(run, store, from !== undefined));
      ready.push({
        run,
        lock: held[i]!.lock,
        recorder: parts.recorderOf(run, {
          remark,
          resumedTiles: tilesHash,
          raceRunIds: runs.map(({ header }) => header.runId),
        }),
        from,
        step,
        startWeights: given && givenWeights(given),
        open: await store.reopen(run.header.runId, step),
      });
    }
    // Meanwhile another tab may have taken any of them.
    if (held.some(({ isLost }) => isLost)) throw elsewhere();
    // At once from here on: either all go on, or nothing of any was changed.
    for (const [i, { recorder, open }] of ready.entries()) {
      recorder.log = open((sentence) => recorder.notKept(sentence));
      held[i]!.recorder = recorder;
    }
    for (const { run, step, recorder } of ready) {
      if (recorder.isTakenOver) continue;
      await store.checkpoints.removeBeyond(run.header.runId, step).catch(() => {
        // They are only of use while the steps up to them are there.
      });
    }
    return ready;
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
  // Watched from the start: the lock may be lost before the wait for it has ended.
  const watch: Omit<Held, 'lock'> = { isLost: false, recorder: undefined };
  const lock = await locks.acquire(runId, {
    takeOver,
    onLost: () => {
      watch.isLost = true;
      if (watch.recorder) lost(watch.recorder);
    },
  });
  if (!lock) throw elsewhere();
  return Object.assign(watch, { lock });
}
