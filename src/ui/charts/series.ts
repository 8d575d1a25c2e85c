import type { TrainRecord } from '#client/runRecord.ts';
import { decimate } from '#client/decimate.ts';
import type { MetricBuffer, SeriesName } from '#client/metricBuffer.ts';
import { SMOOTHING_BETA, smooth } from '#optim/smoothing.ts';
import { xOfEpoch, xOfStep } from './xUnit.ts';
import type { XUnit } from './xUnit.ts';

/** A point of a line; `y` is null where the line breaks. */
export interface Point {
  readonly x: number;
  readonly y: number | null;
}

/** Recharts stays fast up to about this many points a line. */
export const POINTS_PER_LINE = 500;

/** Length, in steps, of the moving average that fastai shows: (1 + β) / (1 − β) = 99. */
export const FASTAI_WINDOW = (1 + SMOOTHING_BETA) / (1 - SMOOTHING_BETA);

/** β of a moving average over about `window` steps. */
export function betaOfWindow(window: number): number {
  return Math.max(0, (window - 1) / (window + 1));
}

/** Points to draw of a series that is indexed by step. */
export function linePoints(
  values: Float32Array | Float64Array,
  xOf: (step: number) => number,
): readonly Point[] {
  return decimate(values, POINTS_PER_LINE).map((step) => {
    const y = values[step]!;
    return { x: xOf(step), y: Number.isFinite(y) ? y : null };
  });
}

/** Raw losses averaged over about `window` steps; the worker's own average where it is fastai's window. */
export function smoothedLosses(metrics: MetricBuffer, window: number): Float32Array | Float64Array {
  if (Math.abs(window - FASTAI_WINDOW) < 0.5) return metrics.series('smoothed');
  return smooth(metrics.series('losses'), betaOfWindow(window));
}

/** Everything that the charts draw of one run. */
export interface RunSeries {
  readonly raw: readonly Point[];
  readonly smoothed: readonly Point[];
  readonly learningRate: readonly Point[];
  readonly momentum: readonly Point[];
  readonly validLoss: readonly Point[];
  readonly accuracy: readonly Point[];
  /** Range that holds nearly all losses; undefined before the first finite one. */
  readonly lossRange: readonly [number, number] | undefined;
  /** Position of the last recorded step. */
  readonly end: number;
}

interface CacheEntry {
  readonly key: string;
  readonly series: RunSeries;
}

const cache = new WeakMap<MetricBuffer, CacheEntry>();

/** The series of a run; computed again only when it has grown or the view of it has changed. */
export function runSeries(run: TrainRecord, unit: XUnit, window: number): RunSeries {
  const { metrics, epochs } = run;
  const key = `${metrics.count} ${epochs.length} ${unit} ${window} ${run.plan?.stepsPerEpoch}`;
  const cached = cache.get(metrics);
  if (cached?.key === key) return cached.series;
  const xOf = (step: number): number => xOfStep(run, unit, step);
  const line = (name: SeriesName): readonly Point[] => linePoints(metrics.series(name), xOf);
  const perEpoch = (pick: (index: number) => number): readonly Point[] =>
    epochs.map((_, index) => {
      const y = pick(index);
      return { x: xOfEpoch(run, unit, index), y: Number.isFinite(y) ? y : null };
    });
  const average = smoothedLosses(metrics, window);
  const validLoss = perEpoch((index) => epochs[index]!.validLoss);
  const series: RunSeries = {
    raw: line('losses'),
    smoothed: linePoints(average, xOf),
    learningRate: line('learningRates'),
    momentum: line('momenta'),
    validLoss,
    accuracy: perEpoch((index) => epochs[index]!.accuracy),
    lossRange: focusRange(metrics.series('losses'), validLoss),
    end: Math.max(
      metrics.count > 0 ? xOf(metrics.count - 1) : 0,
      epochs.length > 0 ? xOfEpoch(run, unit, epochs.length - 1) : 0,
    ),
  };
  cache.set(metrics, { key, series });
  return series;
}

/** Losses above this many times the usual and the first losses are left out of `focusRange`. */
const FOCUS_FACTOR = 2;

/**
 * The range of losses without the few that would flatten everything else (the end of a diverged run, an
 * unlucky batch): from the lowest to the 99th percentile, but to no more than twice the lower quartile or
 * twice the median of the first nine, and all validation losses in reach.
 */
export function focusRange(
  losses: Float32Array,
  validLoss: readonly Point[],
): readonly [number, number] | undefined {
  const stride = Math.max(1, Math.floor(losses.length / 4000));
  const sample = losses.filter((value, step) => step % stride === 0 && Number.isFinite(value)).sort();
  if (sample.length === 0) return undefined;
  const first = losses.slice(0, 9).filter(Number.isFinite).sort();
  const limit = FOCUS_FACTOR * Math.max(quantile(sample, 0.25), quantile(first, 0.5));
  let low = sample[0]!;
  let high = Math.max(low, Math.min(quantile(sample, 0.99), limit));
  for (const { y } of validLoss) {
    if (y === null || y > limit) continue;
    low = Math.min(low, y);
    high = Math.max(high, y);
  }
  return [low, high];
}

/** Of ascending values; 0 where there are none. */
function quantile(sorted: Float32Array, share: number): number {
  return sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
}
