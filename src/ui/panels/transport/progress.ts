import type { RunRecord } from '#client/runRecord.ts';
import { openRule, totalSteps, wholeSteps } from '#ui/runSteps.ts';

/** Speed is measured over about this much of the newest compute time. */
const SPEED_WINDOW_MS = 10_000;

export interface RunProgress {
  readonly steps: number;
  /** As far as the run can go: with its last epoch, or where its stop rule ends it. */
  readonly totalSteps: number;
  /** Compute time, pauses left out. */
  readonly elapsedMs: number;
  /** Images per second over the newest steps; undefined before it can be measured. */
  readonly imagesPerSecond: number | undefined;
  /** Compute time that is left, validation included; undefined before it can be estimated. */
  readonly remainingMs: number | undefined;
  /** Half of the 95 % interval of `remainingMs`, from how steps vary; undefined where too few are known. */
  readonly remainingErrorMs: number | undefined;
  /** A target loss may end the run before that. */
  readonly isAtMost: boolean;
  /** 1-based number of the epoch that is going. */
  readonly epoch: number;
}

/** Where a run stands, from what it has reported. */
export function runProgress(run: RunRecord): RunProgress {
  const { metrics, experiment } = run;
  const steps = metrics.count;
  const times = metrics.series('elapsedMs');
  const newest = steps > 0 ? times[steps - 1]! : 0;
  const epochs = run.kind === 'train' ? run.epochs : [];
  const rule = run.kind === 'train' ? openRule(run) : undefined;
  const total = totalSteps(run);
  const stepsPerEpoch = run.plan?.stepsPerEpoch ?? wholeSteps(run);

  let first = Math.max(0, steps - 2);
  while (first > 0 && newest - times[first]! < SPEED_WINDOW_MS) first -= 1;
  // A validation between two steps would count as slow training: measure within the epoch.
  const lastEpochEnd = epochs.at(-1)?.step ?? 0;
  if (lastEpochEnd < steps - 1) first = Math.max(first, lastEpochEnd);
  const span = newest - (times[first] ?? 0);
  const stepMs = steps - 1 > first && span > 0 ? span / (steps - 1 - first) : undefined;

  const epochMs =
    epochs.length > 0 ? epochs.reduce((sum, row) => sum + row.milliseconds, 0) / epochs.length : undefined;
  const elapsedMs = Math.max(
    newest,
    epochs.reduce((sum, row) => sum + row.milliseconds, 0),
  );
  const toTheEndMs =
    epochMs !== undefined && stepsPerEpoch > 0
      ? ((total - steps) / stepsPerEpoch) * epochMs
      : stepMs !== undefined
        ? (total - steps) * stepMs
        : undefined;
  const limitMs = rule?.kind === 'minutes' ? Math.max(0, rule.value * 60_000 - elapsedMs) : Infinity;
  // The clock of a limit in minutes needs no estimate.
  const isLimited = toTheEndMs !== undefined && limitMs < toTheEndMs;
  const remainingMs = isLimited ? limitMs : toTheEndMs;
  const spread = isLimited ? undefined : relativeError(times.subarray(first));
  return {
    steps,
    totalSteps: total,
    elapsedMs,
    imagesPerSecond: stepMs === undefined ? undefined : (1000 * experiment.batchSize) / stepMs,
    remainingMs,
    remainingErrorMs: remainingMs === undefined || spread === undefined ? undefined : spread * remainingMs,
    isAtMost: rule?.kind === 'train-loss' || rule?.kind === 'valid-loss',
    epoch: Math.min(experiment.epochs, epochs.length + 1),
  };
}

/** Groups of steps whose means are compared, and how many are needed for that to say anything. */
const GROUPS = 8;
const LEAST_GROUPS = 4;

/** Half of the 95 % interval of the mean step time, as a share of it. @param times at which steps ended. */
function relativeError(times: Float32Array): number | undefined {
  const groups = Math.min(GROUPS, times.length - 1);
  if (groups < LEAST_GROUPS) return undefined;
  const edge = (group: number): number => Math.floor((group * (times.length - 1)) / groups);
  const means = Array.from({ length: groups }, (_, i) => {
    const [from, to] = [edge(i), edge(i + 1)];
    return (times[to]! - times[from]!) / (to - from);
  });
  const mean = means.reduce((sum, value) => sum + value, 0) / groups;
  const variance = means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (groups - 1);
  return mean > 0 ? (1.96 * Math.sqrt(variance / groups)) / mean : undefined;
}
