import { isClipped } from '#domain/experiment.ts';
import type { Experiment } from '#domain/experiment.ts';
import { tQuantile95, type Estimate, type RatioEstimate } from './statistics.ts';

/** Blocks of arrivals that an interval of the time per step rests on. */
const BLOCKS = 10;

/** A run as far as its speed is concerned. */
export interface TimedRun {
  readonly experiment: Experiment;
  /** Compute time at the read-back of each step, milliseconds; pauses excluded. */
  readonly elapsedMs: ArrayLike<number>;
  /** Undefined: of a run without epochs. */
  readonly stepsPerEpoch: number | undefined;
}

/**
 * Time per training step, milliseconds: without validation, compilation and pauses. Steps of one submission
 * arrive at once, so what counts is the time from one arrival to the next; up to ten blocks of arrivals give
 * the interval.
 *
 * @returns undefined when fewer than two submissions arrived in every epoch.
 */
export function timePerStep({
  elapsedMs,
  stepsPerEpoch,
}: Omit<TimedRun, 'experiment'>): Estimate | undefined {
  const intervals: { steps: number; ms: number }[] = [];
  const epoch = stepsPerEpoch ?? elapsedMs.length;
  for (let start = 0; start < elapsedMs.length; start += epoch) {
    const end = Math.min(start + epoch, elapsedMs.length);
    // The first arrival of an epoch includes what lies before it, such as validation.
    let previous = -1;
    for (let step = start; step < end; step++) {
      const isLastOfArrival = step + 1 === end || elapsedMs[step + 1]! !== elapsedMs[step]!;
      if (!isLastOfArrival) continue;
      if (previous >= 0) {
        intervals.push({ steps: step - previous, ms: elapsedMs[step]! - elapsedMs[previous]! });
      }
      previous = step;
    }
  }
  const steps = intervals.reduce((sum, interval) => sum + interval.steps, 0);
  const ms = intervals.reduce((sum, interval) => sum + interval.ms, 0);
  if (!(steps > 0)) return undefined;
  const blocks = blockTimes(intervals, Math.min(BLOCKS, intervals.length));
  const mean = ms / steps;
  const count = blocks.length;
  const deviation = Math.sqrt(blocks.reduce((sum, time) => sum + (time - mean) ** 2, 0) / (count - 1));
  // Ten blocks at most: few enough for Student's t to matter.
  const halfWidth =
    count < 2 ? Number.POSITIVE_INFINITY : (tQuantile95(count - 1) * deviation) / Math.sqrt(count);
  return { count, mean, deviation, halfWidth };
}

/** Time per step of `count` groups of neighbouring intervals. */
function blockTimes(intervals: readonly { steps: number; ms: number }[], count: number): number[] {
  return Array.from({ length: count }, (_, block) => {
    const from = Math.floor((block * intervals.length) / count);
    const to = Math.floor(((block + 1) * intervals.length) / count);
    const part = intervals.slice(from, to);
    return (
      part.reduce((sum, interval) => sum + interval.ms, 0) /
      part.reduce((sum, interval) => sum + interval.steps, 0)
    );
  });
}

/** Settings that decide how long a step takes. */
const TIMED = ['norm', 'batchSize', 'width', 'stemPadding', 'optimizer', 'augmentation'] as const;

/**
 * The run that differs from `run` in Weight Standardization and otherwise does the same work per step; of
 * several the one with the same seed and rate, or the last. Undefined for a run without WS.
 */
export function twinOf<Run extends { readonly experiment: Experiment }>(
  run: { readonly experiment: Experiment },
  runs: readonly Run[],
): Run | undefined {
  const { experiment } = run;
  if (!experiment.ws) return undefined;
  const twins = runs.filter(
    (other) =>
      !other.experiment.ws &&
      isClipped(other.experiment) === isClipped(experiment) &&
      TIMED.every((name) => other.experiment[name] === experiment[name]),
  );
  const isClosest = ({ experiment: { seed, maxLearningRate } }: Run): boolean =>
    seed === experiment.seed && maxLearningRate === experiment.maxLearningRate;
  return twins.findLast(isClosest) ?? twins.at(-1);
}

/**
 * Time per step with WS over that of its twin, with a 95 % interval: 1.14 is an overhead of 14 %.
 * @returns undefined when one of the two has no time per step.
 */
export function wsOverhead(standardized: TimedRun, twin: TimedRun): RatioEstimate | undefined {
  const standard = timePerStep(standardized);
  const without = timePerStep(twin);
  if (!standard || !without) return undefined;
  const ratio = standard.mean / without.mean;
  // Relative errors of a quotient add as squares.
  const relative = Math.hypot(standard.halfWidth / standard.mean, without.halfWidth / without.mean);
  return {
    count: Math.min(standard.count, without.count),
    ratio,
    low: ratio * Math.max(0, 1 - relative),
    high: ratio * (1 + relative),
  };
}
