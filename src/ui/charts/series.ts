import type { TrainRecord } from '#client/runRecord.ts';
import type { MetricBuffer } from '#client/metricBuffer.ts';
import { bucketed, smoothedLosses } from './metricCache.ts';
import type { BucketedSeries } from './metricCache.ts';
import { Pyramid } from './pyramid.ts';
import { exactStepAt, isWallGap, xOfEpoch, xOfStep } from './xUnit.ts';
import type { XUnit } from './xUnit.ts';

/** A point of a line; `y` is null where the line breaks. */
export interface Point {
  readonly x: number;
  readonly y: number | null;
}

/** The lowest and the highest of several lines at a position. */
export interface BandPoint {
  readonly x: number;
  readonly low: number;
  readonly high: number;
}

/** About one bucket a pixel column of the widest chart; each is drawn from at most three points. */
export const COLUMNS = 600;
/** Averages and schedules bend so little that fewer buckets draw the same line; each still keeps its extremes. */
export const SMOOTH_COLUMNS = 240;

/** What a training chart shows of a run, besides the run itself. */
export interface SeriesView {
  readonly unit: XUnit;
  /** Length of the moving average in steps or in images. */
  readonly smoothing: number;
  readonly smoothingUnit: 'steps' | 'images';
  /** Visible part of the axis; undefined shows all. */
  readonly range: readonly [number, number] | undefined;
  readonly isXLog: boolean;
}

/** Text that changes with what is visible of the axis. */
export function viewKey({ unit, range, isXLog }: SeriesView): string {
  return `${unit} ${range?.join(' to ') ?? 'all'} ${isXLog}`;
}

/** The moving average's length for a run, in its own steps. */
export function windowOf(run: TrainRecord, view: Pick<SeriesView, 'smoothing' | 'smoothingUnit'>): number {
  const steps = view.smoothingUnit === 'images' ? view.smoothing / run.experiment.batchSize : view.smoothing;
  return Math.max(1, steps);
}

/** Points to draw of a series that is indexed by step. */
export function linePoints(
  values: Float32Array | Float64Array,
  xOf: (step: number) => number,
): readonly Point[] {
  const pyramid = new Pyramid();
  pyramid.update(values);
  return pointsAt(values, pyramid.indices(values, 0, values.length, COLUMNS), xOf);
}

function pointsAt(
  values: Float32Array | Float64Array,
  steps: readonly number[],
  xOf: (step: number) => number,
): readonly Point[] {
  return steps.map((step) => {
    const y = values[step]!;
    return { x: xOf(step), y: Number.isFinite(y) ? y : null };
  });
}

interface Gaps {
  count: number;
  readonly revision: number;
  readonly steps: number[];
}

const gapsOf = new WeakMap<MetricBuffer, Gaps>();

/** Steps before which the run stood still, paused or cut off, to go on later; grows with the run. */
export function wallGaps(run: TrainRecord): readonly number[] {
  const { count, revision } = run.metrics;
  let gaps = gapsOf.get(run.metrics);
  if (gaps?.revision !== revision || gaps.count > count) {
    gaps = { count: 1, revision, steps: [] };
    gapsOf.set(run.metrics, gaps);
  }
  for (; gaps.count < count; gaps.count++) if (isWallGap(run, gaps.count)) gaps.steps.push(gaps.count);
  return gaps.steps;
}

/** The points with a break wherever the run stood still between two of them, which wall-clock time shows. */
function withGaps(
  steps: readonly number[],
  points: readonly Point[],
  gaps: readonly number[],
): readonly Point[] {
  let next = 0;
  return points.flatMap((point, i) => {
    // Steps whose time is not known have no place.
    if (!Number.isFinite(point.x)) return [];
    while (next < gaps.length && gaps[next]! <= (steps[i - 1] ?? -1)) next += 1;
    const isAfterGap = i > 0 && next < gaps.length && gaps[next]! <= steps[i]!;
    return isAfterGap ? [{ x: point.x, y: null }, point] : [point];
  });
}

/** Steps of [from, to) to draw: evenly over a linear axis, evenly over the octaves of a logarithmic one. */
export function stepsToDraw(
  { values, pyramid }: BucketedSeries,
  [from, to]: readonly [number, number],
  isXLog: boolean,
  columns = COLUMNS,
): readonly number[] {
  if (!isXLog) return pyramid.indices(values, from, to, columns);
  const first = Math.max(0, from);
  const octaves = Math.max(1, Math.ceil(Math.log2((to + 1) / (first + 1))));
  const kept: number[] = [];
  for (let octave = 0; octave < octaves; octave++) {
    const start = (first + 1) * 2 ** octave - 1;
    const end = Math.min(to, (first + 1) * 2 ** (octave + 1) - 1);
    for (const step of pyramid.indices(values, start, end, Math.ceil(columns / octaves))) {
      if (kept.length === 0 || step > kept.at(-1)!) kept.push(step);
    }
  }
  return kept;
}

/** Everything that the charts draw of one run. */
export interface RunSeries {
  readonly raw: readonly Point[];
  readonly smoothed: readonly Point[];
  readonly learningRate: readonly Point[];
  readonly momentum: readonly Point[];
  readonly validLoss: readonly Point[];
  readonly accuracy: readonly Point[];
  /** Validation losses inside epochs, over fewer images. */
  readonly probes: readonly Point[];
  /** Range that holds nearly all visible losses; undefined before the first finite one. */
  readonly lossRange: readonly [number, number] | undefined;
  /** Position of the last recorded step. */
  readonly end: number;
  /** Recorded steps that are visible: [first, end). */
  readonly steps: readonly [number, number];
}

interface CacheEntry {
  readonly key: string;
  readonly series: RunSeries;
}

const cache = new WeakMap<MetricBuffer, CacheEntry>();

/** A fork has none of its own before the state that it goes on from. */
function firstStepOf({ forkOf }: TrainRecord): number {
  return forkOf?.step ?? 0;
}

/** Visible steps [first, end) of a run; a fork has none before it begins. */
export function visibleSteps(run: TrainRecord, { unit, range }: SeriesView): readonly [number, number] {
  const { count } = run.metrics;
  const begin = Math.min(firstStepOf(run), count);
  if (!range) return [begin, count];
  const first = Math.max(begin, Math.floor(exactStepAt(run, unit, range[0])));
  return [
    Math.min(first, count),
    Math.min(count, Math.max(first, Math.ceil(exactStepAt(run, unit, range[1])) + 1)),
  ];
}

/** The series of a run; computed again only when it has grown or the view of it has changed. */
export function runSeries(run: TrainRecord, view: SeriesView): RunSeries {
  const { metrics, epochs, probes = [] } = run;
  const { unit, range, isXLog } = view;
  const window = windowOf(run, view);
  const key = `${metrics.count} ${metrics.revision} ${firstStepOf(run)} ${epochs.length} ${probes.length} ${viewKey(view)} ${window} ${run.plan?.stepsPerEpoch}`;
  const cached = cache.get(metrics);
  if (cached?.key === key) return cached.series;
  const xOf = (step: number): number => xOfStep(run, unit, step);
  const steps = visibleSteps(run, view);
  const begin = firstStepOf(run);
  const gaps = unit === 'wall' ? wallGaps(run) : [];
  const drawn = (values: BucketedSeries['values'], kept: readonly number[]): readonly Point[] => {
    const points = pointsAt(values, kept, xOf);
    return unit === 'wall' ? withGaps(kept, points, gaps) : points;
  };
  const line = (series: BucketedSeries, columns = SMOOTH_COLUMNS): readonly Point[] =>
    drawn(
      series.values,
      // A bucket may begin before a fork does, where there are no values.
      stepsToDraw(series, steps, isXLog, columns).filter((step) => step >= begin),
    );
  const perEpoch = (pick: (index: number) => number): readonly Point[] =>
    epochs.map((_, index) => {
      const y = pick(index);
      return { x: xOfEpoch(run, unit, index), y: Number.isFinite(y) ? y : null };
    });
  const validLoss = perEpoch((index) => epochs[index]!.validLoss);
  const isVisible = ({ x }: Point): boolean => !range || (x >= range[0] && x <= range[1]);
  const series: RunSeries = {
    raw: line(bucketed(metrics, 'losses'), COLUMNS),
    smoothed: line(smoothedLosses(metrics, window)),
    learningRate: line(bucketed(metrics, 'learningRates')),
    momentum: line(bucketed(metrics, 'momenta')),
    validLoss,
    probes: probes.map(({ step, validLoss: y }) => ({
      x: xOf(step - 1),
      y: Number.isFinite(y) ? y : null,
    })),
    accuracy: perEpoch((index) => epochs[index]!.accuracy),
    lossRange: focusRange(metrics.series('losses').subarray(...steps), validLoss.filter(isVisible)),
    end: Math.max(
      metrics.count > 0 ? xOf(metrics.count - 1) || 0 : 0,
      epochs.length > 0 ? xOfEpoch(run, unit, epochs.length - 1) || 0 : 0,
    ),
    steps,
  };
  cache.set(metrics, { key, series });
  return series;
}

/** Losses above this many times the usual and the first losses are left out of `focusRange`. */
const FOCUS_FACTOR = 2;
/** Enough for the quantiles of a run of any length. */
const FOCUS_SAMPLES = 1000;

/**
 * The range of losses without the few that would flatten everything else (the end of a diverged run, an
 * unlucky batch): from the lowest to the 99th percentile, but to no more than twice the lower quartile or
 * twice the median of the first nine, and all validation losses in reach.
 */
export function focusRange(
  losses: Float32Array,
  validLoss: readonly Point[],
): readonly [number, number] | undefined {
  const stride = Math.max(1, Math.floor(losses.length / FOCUS_SAMPLES));
  const picked = new Float32Array(Math.ceil(losses.length / stride));
  let count = 0;
  for (let step = 0; step < losses.length; step += stride) {
    if (Number.isFinite(losses[step]!)) picked[count++] = losses[step]!;
  }
  const sample = picked.subarray(0, count).sort();
  if (count === 0) return undefined;
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

/** How many of the visible values lie off an axis, and the farthest of them. */
export interface OffScale {
  readonly above: number;
  readonly below: number;
  readonly highest: number;
  readonly lowest: number;
  /** Values that are not finite. */
  readonly gaps: number;
}

/** Exact counts over the values in [from, to). */
export function offScale(
  values: ArrayLike<number>,
  [from, to]: readonly [number, number],
  [low, high]: readonly [number, number],
): OffScale {
  let above = 0;
  let below = 0;
  let gaps = 0;
  let highest = high;
  let lowest = low;
  for (let i = from; i < Math.min(to, values.length); i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) gaps += 1;
    else if (value > high) {
      above += 1;
      if (value > highest) highest = value;
    } else if (value < low) {
      below += 1;
      if (value < lowest) lowest = value;
    }
  }
  return { above, below, highest, lowest, gaps };
}

/** Both together. */
export function addOffScale(a: OffScale, b: OffScale): OffScale {
  return {
    above: a.above + b.above,
    below: a.below + b.below,
    highest: Math.max(a.highest, b.highest),
    lowest: Math.min(a.lowest, b.lowest),
    gaps: a.gaps + b.gaps,
  };
}
