import type { TrainRecord } from '#client/runRecord.ts';
import type { MetricBuffer } from '#client/metricBuffer.ts';
import { smoothedLosses } from './metricCache.ts';
import { Pyramid } from './pyramid.ts';
import { SMOOTH_COLUMNS, stepsToDraw, viewKey, visibleSteps, windowOf } from './series.ts';
import type { Point, SeriesView } from './series.ts';
import { exactStepAt, xOfEpoch, xOfStep } from './xUnit.ts';

/** Smoothed loss of a run minus that of the baseline at the same position of the axis. */
export interface DifferenceSeries {
  /** One value for each step of the run; NaN where the baseline has none. */
  readonly values: Float64Array;
  readonly points: readonly Point[];
}

/** Value of a series at a fractional index; NaN beyond its ends. */
export function valueBetween(values: ArrayLike<number>, index: number): number {
  // Half a step of slack: positions are computed, and the ends of two runs should meet.
  if (!(index >= -0.5 && index <= values.length - 0.5)) return Number.NaN;
  const at = Math.min(Math.max(index, 0), values.length - 1);
  const low = Math.floor(at);
  const share = at - low;
  return share === 0 ? values[low]! : values[low]! * (1 - share) + values[low + 1]! * share;
}

const cache = new WeakMap<MetricBuffer, { key: string; series: DifferenceSeries }>();

/** What a run is above (positive) or below the baseline, all along the visible axis. */
export function differenceSeries(
  run: TrainRecord,
  baseline: TrainRecord,
  view: SeriesView,
): DifferenceSeries {
  const { unit, isXLog } = view;
  const sizes = [run, baseline].map(({ id, metrics }) => `${id}:${metrics.count}:${metrics.revision}`);
  const key = `${sizes.join(' ')} ${viewKey(view)} ${windowOf(run, view)} ${windowOf(baseline, view)}`;
  const cached = cache.get(run.metrics);
  if (cached?.key === key) return cached.series;
  const own = smoothedLosses(run.metrics, windowOf(run, view)).values;
  const other = smoothedLosses(baseline.metrics, windowOf(baseline, view)).values;
  const values = Float64Array.from(own, (value, step) => {
    return value - valueBetween(other, exactStepAt(baseline, unit, xOfStep(run, unit, step)));
  });
  const pyramid = new Pyramid();
  pyramid.update(values);
  const points = stepsToDraw({ values, pyramid }, visibleSteps(run, view), isXLog, SMOOTH_COLUMNS).map(
    (step) => ({
      x: xOfStep(run, unit, step),
      y: Number.isFinite(values[step]!) ? values[step]! : null,
    }),
  );
  const series = { values, points };
  cache.set(run.metrics, { key, series });
  return series;
}

/** What is measured at the end of each epoch. */
export type EpochMeasure = 'validLoss' | 'accuracy';

/** A run above (positive) or below the baseline at the end of the same epoch; epochs that one lacks are left out. */
export function epochDifferences(
  run: TrainRecord,
  baseline: TrainRecord,
  { unit }: Pick<SeriesView, 'unit'>,
  measure: EpochMeasure,
): readonly Point[] {
  return run.epochs.flatMap((row, index) => {
    const other = baseline.epochs.find(({ epoch }) => epoch === row.epoch);
    if (!other) return [];
    const y = row[measure] - other[measure];
    return [{ x: xOfEpoch(run, unit, index), y: Number.isFinite(y) ? y : null }];
  });
}
