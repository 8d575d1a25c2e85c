import type { RunRecord } from '#client/runRecord.ts';

/** Speed is measured over about this much of the newest compute time. */
const SPEED_WINDOW_MS = 10_000;

export interface RunProgress {
  readonly steps: number;
  readonly totalSteps: number;
  /** Compute time, pauses left out. */
  readonly elapsedMs: number;
  /** Images per second over the newest steps; undefined before it can be measured. */
  readonly imagesPerSecond: number | undefined;
  /** Compute time that is left, validation included; undefined before it can be estimated. */
  readonly remainingMs: number | undefined;
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
  const totalSteps = run.kind === 'finder' ? run.settings.steps : (run.plan?.totalSteps ?? 0);
  const stepsPerEpoch = run.plan?.stepsPerEpoch ?? totalSteps;

  let first = Math.max(0, steps - 2);
  while (first > 0 && newest - times[first]! < SPEED_WINDOW_MS) first -= 1;
  // A validation between two steps would count as slow training: measure within the epoch.
  const lastEpochEnd = epochs.at(-1)?.step ?? 0;
  if (lastEpochEnd < steps - 1) first = Math.max(first, lastEpochEnd);
  const span = newest - (times[first] ?? 0);
  const stepMs = steps - 1 > first && span > 0 ? span / (steps - 1 - first) : undefined;

  const epochMs =
    epochs.length > 0 ? epochs.reduce((sum, row) => sum + row.milliseconds, 0) / epochs.length : undefined;
  const remainingMs =
    epochMs !== undefined && stepsPerEpoch > 0
      ? ((totalSteps - steps) / stepsPerEpoch) * epochMs
      : stepMs !== undefined
        ? (totalSteps - steps) * stepMs
        : undefined;
  return {
    steps,
    totalSteps,
    elapsedMs: Math.max(
      newest,
      epochs.reduce((sum, row) => sum + row.milliseconds, 0),
    ),
    imagesPerSecond: stepMs === undefined ? undefined : (1000 * experiment.batchSize) / stepMs,
    remainingMs,
    epoch: Math.min(experiment.epochs, epochs.length + 1),
  };
}
