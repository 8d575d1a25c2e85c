import { isOver } from '#domain/run.ts';
import type { StepChunk } from '#domain/run.ts';
import { StepTimer } from '#domain/stepTime.ts';
import { MetricBuffer } from './metricBuffer.ts';
import type { RunRecord } from './runRecord.ts';
import type { Runs } from './runs.ts';

/** So many runs that nothing shows keep their steps, for those who come back to them. */
export const SPARE_RUNS = 24;
/** Charts that change what they show let go of it and take hold of it again at once. */
const REST_MS = 5_000;

/**
 * Which runs have their steps in memory: those that charts, tables and exports hold, and of the others those that were
 * held last. What is dropped is read again from where it is kept.
 */
export class StepCache {
  readonly #runs: Runs;
  readonly #read: (runId: string) => Promise<StepChunk>;
  readonly #held = new Map<symbol, readonly string[]>();
  /** When a run was last let go of, by a count. */
  readonly #released = new Map<string, number>();
  /** Runs whose steps cannot be read again. */
  readonly #here = new Set<string>();
  #count = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param read reads the kept steps of a run; rejects where there are none. */
  constructor(runs: Runs, read: (runId: string) => Promise<StepChunk>) {
    this.#runs = runs;
    this.#read = read;
  }

  /** Runs of which something is remembered. */
  get known(): readonly string[] {
    return [...new Set([...this.#released.keys(), ...this.#here])];
  }

  /** @returns lets go of them. */
  hold(runIds: readonly string[]): () => void {
    const key = Symbol('held');
    this.#held.set(key, runIds);
    return () => {
      this.#held.delete(key);
      for (const runId of runIds) this.#released.set(runId, ++this.#count);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#drop(), REST_MS);
    };
  }

  async #drop(): Promise<void> {
    for (const runId of this.known) {
      if (this.#runs.get(runId)) continue;
      this.#released.delete(runId);
      this.#here.delete(runId);
    }
    const held = new Set([...this.#held.values()].flat());
    const spare = this.#runs.state.runs
      .filter((run) => !held.has(run.id) && !this.#here.has(run.id) && canBeDropped(run))
      .toSorted((a, b) => (this.#released.get(b.id) ?? 0) - (this.#released.get(a.id) ?? 0));
    for (const run of spare.slice(SPARE_RUNS)) {
      // What was read from the disk is there; what was trained since may not have reached it.
      if (run.stepsLoaded === 'live' && !(await this.#isKept(run))) {
        this.#here.add(run.id);
        continue;
      }
      this.#runs.change(run.id, (now) =>
        now.metrics === run.metrics && canBeDropped(now) ? withoutSteps(now) : now,
      );
    }
  }

  async #isKept({ id, metrics }: RunRecord): Promise<boolean> {
    try {
      const { firstStep, losses } = await this.#read(id);
      return firstStep + losses.length === metrics.count;
    } catch {
      return false;
    }
  }
}

function canBeDropped({ status, stepsLoaded, metrics, notKept }: RunRecord): boolean {
  const isThere = stepsLoaded === 'loaded' || stepsLoaded === 'live';
  return isThere && isOver(status) && notKept === undefined && metrics.count > 0;
}

/** As a run of an earlier visit: tables go on saying what its steps took. */
function withoutSteps(run: RunRecord): RunRecord {
  const timer = new StepTimer();
  timer.add(0, run.metrics.series('elapsedMs'), run.plan?.stepsPerEpoch);
  return {
    ...run,
    stepCount: run.metrics.count,
    stepsLoaded: 'absent',
    metrics: new MetricBuffer(),
    ...(timer.time && { stepTime: timer.time }),
  };
}
