import type { Experiment } from '#domain/experiment.ts';
import { parameterNames } from '#domain/parameters.ts';
import { isOver, type RunPlan, type RunStatus } from '#domain/run.ts';

/** Several runs of one arm, step by step. Entry i rests on the runs that reached step i. */
export interface Band {
  readonly mean: Float32Array;
  readonly min: Float32Array;
  readonly max: Float32Array;
  /** Runs behind each entry. */
  readonly count: Uint16Array;
}

/**
 * Mean, minimum and maximum of series of unequal lengths, as long as the longest. A value that is not finite
 * does not count; an entry that nothing counts for is NaN.
 */
export function band(series: readonly ArrayLike<number>[]): Band {
  const length = Math.max(0, ...series.map((values) => values.length));
  const mean = new Float32Array(length).fill(Number.NaN);
  const min = new Float32Array(length).fill(Number.NaN);
  const max = new Float32Array(length).fill(Number.NaN);
  const count = new Uint16Array(length);
  for (let step = 0; step < length; step++) {
    let sum = 0;
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    let runs = 0;
    for (const values of series) {
      const value = step < values.length ? values[step]! : Number.NaN;
      if (!Number.isFinite(value)) continue;
      sum += value;
      if (value < low) low = value;
      if (value > high) high = value;
      runs += 1;
    }
    if (runs === 0) continue;
    mean[step] = sum / runs;
    min[step] = low;
    max[step] = high;
    count[step] = runs;
  }
  return { mean, min, max, count };
}

/** Text that is equal for two experiments exactly when all settings but the seed are. */
export function armKey(experiment: Experiment): string {
  return JSON.stringify(parameterNames.map((name) => (name === 'seed' ? null : experiment[name])));
}

/** Runs of one arm: settings without the seed. */
export interface Arm<Run> {
  readonly key: string;
  /** In the order given. */
  readonly runs: readonly Run[];
}

/** Groups runs by arm, in the order of each arm's first run. */
export function groupByArm<Run extends { readonly experiment: Experiment }>(
  runs: readonly Run[],
): readonly Arm<Run>[] {
  const arms = new Map<string, Run[]>();
  for (const run of runs) {
    const key = armKey(run.experiment);
    const arm = arms.get(key);
    if (arm) arm.push(run);
    else arms.set(key, [run]);
  }
  return Array.from(arms, ([key, members]) => ({ key, runs: members }));
}

/** What says where the weights of a run come from. */
export interface StartOfRun {
  readonly givenWeights?: string;
  readonly plan: Pick<RunPlan, 'initialWeightsHash'> | undefined;
}

/** Whether settings and seed alone make a run again: it is no fork, and had no weights given. */
export function isOfItsSeed(run: { readonly forkOf?: unknown; readonly givenWeights?: unknown }): boolean {
  return run.forkOf === undefined && run.givenWeights === undefined;
}

/** Text that is equal for runs whose weights follow from their seeds, and for those that were given the same ones. */
export function weightsKey({ givenWeights, plan }: StartOfRun): string {
  return givenWeights === undefined ? '' : `given ${plan?.initialWeightsHash ?? givenWeights}`;
}

/**
 * One run for each seed, in the order of the seeds' first runs: a run that was done again is no further repeat. Of
 * several the last that ran its course, else the last that is over, else the last.
 */
export function onePerSeed<Run extends { readonly experiment: Experiment; readonly status: RunStatus }>(
  runs: readonly Run[],
): readonly Run[] {
  const bySeed = new Map<number, Run>();
  for (const run of runs) {
    const other = bySeed.get(run.experiment.seed);
    if (!other || rank(run.status) >= rank(other.status)) bySeed.set(run.experiment.seed, run);
  }
  return [...bySeed.values()];
}

function rank(status: RunStatus): number {
  if (status === 'finished' || status === 'diverged') return 2;
  return isOver(status) ? 1 : 0;
}
