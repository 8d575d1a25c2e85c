import type { TrainRecord } from '#client/runRecord.ts';
import { RACE_LANES } from '#domain/study.ts';
import { formatClock, formatCount, formatTick } from '#ui/format.ts';
import { learningRateSum } from './metricCache.ts';

/** Idle time, milliseconds, that is a gap on the axis of wall-clock time. */
const GAP_MS = 3000;

/**
 * Whether a run stood still before a step: paused, frozen or closed, and not only waiting for the other runs of its
 * race, which take about as long as itself.
 */
export function isWallGap({ metrics }: TrainRecord, step: number): boolean {
  const passed = metrics.at('wallMs', step) - metrics.at('wallMs', step - 1);
  const computed = metrics.at('elapsedMs', step) - metrics.at('elapsedMs', step - 1);
  return passed - computed > GAP_MS && passed > (RACE_LANES.most + 1) * computed;
}

/** What the horizontal axis of the training charts counts. */
export type XUnit = 'step' | 'epoch' | 'images' | 'time' | 'wall' | 'rate';

export const xUnits: readonly {
  readonly value: XUnit;
  readonly label: string;
  readonly axis: string;
  readonly title?: string;
}[] = [
  { value: 'step', label: 'Step', axis: 'steps' },
  { value: 'epoch', label: 'Epoch', axis: 'epochs' },
  { value: 'images', label: 'Images', axis: 'images seen' },
  {
    value: 'time',
    label: 'Time',
    axis: 'compute time, pauses left out',
    title: 'Compute time of the run alone: pauses and the other runs of a race are left out',
  },
  {
    value: 'wall',
    label: 'Wall',
    axis: 'wall-clock time since the start',
    title: 'By the clock on the wall: pauses, hidden tabs and closed pages are gaps',
  },
  {
    value: 'rate',
    label: 'Σ LR',
    axis: 'sum of the learning rates',
    title: 'Sum of the learning rates so far',
  },
];

function stepsPerEpoch(run: TrainRecord): number {
  return run.plan?.stepsPerEpoch ?? 1;
}

/** Position of the loss of `step` (0-based): what has been done when it is known. Time in seconds. */
export function xOfStep(run: TrainRecord, unit: XUnit, step: number): number {
  switch (unit) {
    case 'step':
      return step + 1;
    case 'epoch':
      return (step + 1) / stepsPerEpoch(run);
    case 'images':
      return (step + 1) * run.experiment.batchSize;
    case 'time':
      return run.metrics.at('elapsedMs', step) / 1000;
    case 'wall':
      return run.metrics.at('wallMs', step) / 1000;
    case 'rate':
      return learningRateSum(run.metrics)[step] ?? Number.NaN;
    default:
      return unit satisfies never;
  }
}

/** Position of the validation at the end of an epoch, given by its index in `run.epochs`. */
export function xOfEpoch(run: TrainRecord, unit: XUnit, index: number): number {
  if (unit === 'time') {
    return run.epochs.slice(0, index + 1).reduce((sum, row) => sum + row.milliseconds, 0) / 1000;
  }
  const last = run.epochs[index]!.step - 1;
  const x = xOfStep(run, unit, last);
  if (unit !== 'wall') return x;
  // Validation follows the epoch's last step.
  return x + Math.max(0, xOfEpoch(run, 'time', index) - xOfStep(run, 'time', last));
}

/** The step (0-based, fractional, also beyond the ends of the run) at a position. */
export function exactStepAt(run: TrainRecord, unit: XUnit, x: number): number {
  switch (unit) {
    case 'step':
      return x - 1;
    case 'epoch':
      return x * stepsPerEpoch(run) - 1;
    case 'images':
      return x / run.experiment.batchSize - 1;
    case 'time':
      return nearest(run.metrics.series('elapsedMs'), x * 1000);
    case 'wall':
      return nearest(run.metrics.series('wallMs'), x * 1000);
    case 'rate':
      return nearest(learningRateSum(run.metrics), x);
    default:
      return unit satisfies never;
  }
}

/** The recorded step (0-based) nearest to a position; undefined beyond the ends of the run. */
export function stepAtX(run: TrainRecord, unit: XUnit, x: number): number | undefined {
  const { count } = run.metrics;
  const step = Math.round(exactStepAt(run, unit, x));
  // A little beyond the ends still means the end: pixels are coarser than steps.
  if (count === 0 || step < -Math.max(1, count / 50) || step > count * 1.02 + 1) return undefined;
  return Math.min(count - 1, Math.max(0, step));
}

/** Fractional index of `value` in an ascending series, also beyond its ends. */
function nearest(series: Float32Array | Float64Array, value: number): number {
  const last = series.length - 1;
  if (last < 0) return 0;
  if (value > series[last]!) return last * (value / series[last]!);
  let low = 0;
  let high = last;
  while (low < high) {
    const middle = (low + high) >> 1;
    // Steps that were not recorded lie before the others: a fork's.
    if (!(series[middle]! >= value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How each unit is written on an axis. */
export const formatX: Readonly<Record<XUnit, (x: number) => string>> = {
  step: formatCount,
  images: formatCount,
  epoch: (x) => String(Number(x.toFixed(2))),
  time: (x) => formatClock(x * 1000),
  wall: (x) => formatClock(x * 1000),
  rate: formatTick,
};
