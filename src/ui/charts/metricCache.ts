import type { MetricBuffer, SeriesName } from '#client/metricBuffer.ts';
import { SMOOTHING_BETA, Smoother } from '#optim/smoothing.ts';
import { DerivedSeries } from './derivedSeries.ts';
import type { Rule } from './derivedSeries.ts';
import { Pyramid } from './pyramid.ts';

/** Length, in steps, of the moving average that fastai shows: (1 + β) / (1 − β) = 99. */
export const FASTAI_WINDOW = (1 + SMOOTHING_BETA) / (1 - SMOOTHING_BETA);

/** β of a moving average over about `window` steps. */
export function betaOfWindow(window: number): number {
  return Math.max(0, (window - 1) / (window + 1));
}

/** A series with the buckets that draw it. */
export interface BucketedSeries {
  readonly values: Float32Array | Float64Array;
  readonly pyramid: Pyramid;
}

/** What the charts have computed from one buffer; grows with it. */
interface MetricCache {
  revision: number;
  readonly pyramids: Map<SeriesName, Pyramid>;
  average: { window: number; series: DerivedSeries; pyramid: Pyramid } | undefined;
  readonly rateSum: DerivedSeries;
}

const caches = new WeakMap<MetricBuffer, MetricCache>();

function cacheOf(metrics: MetricBuffer): MetricCache {
  let cache = caches.get(metrics);
  if (!cache || cache.revision !== metrics.revision) {
    cache = {
      revision: metrics.revision,
      pyramids: new Map(),
      average: undefined,
      rateSum: new DerivedSeries(sumRule),
    };
    caches.set(metrics, cache);
  }
  return cache;
}

const sumRule: Rule = () => {
  let sum = 0;
  return (value) => (Number.isFinite(value) ? (sum += value) : sum);
};

/** The debiased average; a value that is not finite stays a gap and is not averaged. */
const averageRule =
  (window: number): Rule =>
  () => {
    const smoother = new Smoother(betaOfWindow(window));
    return (value) => (Number.isFinite(value) ? smoother.add(value) : value);
  };

/** A recorded series of a buffer, with its buckets up to date. */
export function bucketed(metrics: MetricBuffer, name: SeriesName): BucketedSeries {
  const { pyramids } = cacheOf(metrics);
  const pyramid = pyramids.get(name) ?? new Pyramid();
  pyramids.set(name, pyramid);
  const values = metrics.series(name);
  pyramid.update(values);
  return { values, pyramid };
}

/** Raw losses averaged over about `window` steps; the worker's own average where it is fastai's window. */
export function smoothedLosses(metrics: MetricBuffer, window: number): BucketedSeries {
  if (Math.abs(window - FASTAI_WINDOW) < 0.5) return bucketed(metrics, 'smoothed');
  const cache = cacheOf(metrics);
  if (cache.average?.window !== window) {
    cache.average = { window, series: new DerivedSeries(averageRule(window)), pyramid: new Pyramid() };
  }
  const values = cache.average.series.of(metrics.series('losses'), metrics.revision);
  cache.average.pyramid.update(values);
  return { values, pyramid: cache.average.pyramid };
}

/** Sum of the learning rates up to each step. */
export function learningRateSum(metrics: MetricBuffer): Float64Array {
  return cacheOf(metrics).rateSum.of(metrics.series('learningRates'), metrics.revision);
}
