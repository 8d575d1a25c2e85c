import { band, onePerSeed } from '#analysis/repeats.ts';
import type { Band } from '#analysis/repeats.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import type { MetricBuffer } from '#client/metricBuffer.ts';
import { isOver } from '#domain/run.ts';
import { smoothedLosses } from './metricCache.ts';
import { Pyramid } from './pyramid.ts';
import { SMOOTH_COLUMNS, stepsToDraw, viewKey, visibleSteps, windowOf } from './series.ts';
import type { BandPoint, Point, SeriesView } from './series.ts';
import { xOfEpoch, xOfStep } from './xUnit.ts';

/** Mean and range of several runs of one arm, as the charts draw them. */
export interface GroupBand {
  readonly mean: readonly Point[];
  readonly band: readonly BandPoint[];
  readonly validMean: readonly Point[];
  readonly validBand: readonly BandPoint[];
  readonly accuracyMean: readonly Point[];
  readonly accuracyBand: readonly BandPoint[];
  /** Runs that it is made of: one that has just begun is left out, so that it does not cut the others short. */
  readonly members: readonly TrainRecord[];
}

/** Where the mean of repeats ends before the longest of them does, and the run that ends it. */
export interface BandEnd {
  readonly run: TrainRecord;
  /** Steps that the mean covers. */
  readonly steps: number;
}

/** Undefined where the mean reaches to the end, or goes on still. */
export function bandEnd(members: readonly TrainRecord[]): BandEnd | undefined {
  const ends = members.map((run) => {
    const { divergence, metrics } = run;
    // The last loss of a run that ended above the threshold is a number, and counts.
    return { run, steps: divergence?.reason === 'not-finite' ? divergence.step : metrics.count };
  });
  const most = Math.max(...ends.map(({ steps }) => steps));
  const first = ends.reduce((least, end) => (end.steps < least.steps ? end : least), ends[0]!);
  return first.steps < most && isOver(first.run.status) ? first : undefined;
}

/** The runs that a mean is taken over: the finished ones, or all that go on together; one of each seed. */
export function bandMembers(runs: readonly TrainRecord[]): readonly TrainRecord[] {
  const started = runs.filter((run) => run.metrics.count > 0);
  const over = onePerSeed(started.filter((run) => isOver(run.status)));
  return over.length > 1 ? over : onePerSeed(started);
}

/** Only the entries that every series has: where one is missing, the mean of the others would jump. */
function spreadOf(series: readonly ArrayLike<number>[]): Band {
  const { mean, min, max, count } = band(series);
  for (let i = 0; i < count.length; i++) {
    if (count[i] === series.length) continue;
    mean[i] = Number.NaN;
    min[i] = Number.NaN;
    max[i] = Number.NaN;
  }
  return { mean, min, max, count };
}

const cache = new WeakMap<MetricBuffer, { key: string; band: GroupBand }>();

/** Mean and range of runs of one arm; undefined for fewer than two that have begun. */
export function groupBand(runs: readonly TrainRecord[], view: SeriesView): GroupBand | undefined {
  const members = bandMembers(runs);
  const first = members[0];
  if (!first || members.length < 2) return undefined;
  const { unit, isXLog } = view;
  const window = windowOf(first, view);
  const sizes = members.map(
    ({ id, metrics, epochs }) => `${id}:${metrics.count}:${metrics.revision}:${epochs.length}`,
  );
  const key = `${sizes.join(' ')} ${viewKey(view)} ${window}`;
  const cached = cache.get(first.metrics);
  if (cached?.key === key) return cached.band;
  const spread = spreadOf(members.map((run) => smoothedLosses(run.metrics, window).values));
  // Runs of one arm take different times for the same steps.
  const meanX = (xOf: (run: TrainRecord) => number): number =>
    unit === 'time' || unit === 'wall'
      ? members.reduce((sum, run) => sum + xOf(run), 0) / members.length
      : xOf(first);
  const xOf = (step: number): number => meanX((run) => xOfStep(run, unit, step));
  const steps = visibleSteps(first, view);
  const drawn = (values: Float32Array): readonly number[] => {
    const pyramid = new Pyramid();
    pyramid.update(values);
    return stepsToDraw({ values, pyramid }, steps, isXLog, SMOOTH_COLUMNS);
  };
  const edges = [...new Set([...drawn(spread.min), ...drawn(spread.max)])].sort((a, b) => a - b);
  const epochCount = Math.min(...members.map((run) => run.epochs.length));
  const valid = epochSpread(members, epochCount, (run, epoch) => run.epochs[epoch]!.validLoss);
  const accuracy = epochSpread(members, epochCount, (run, epoch) => run.epochs[epoch]!.accuracy);
  const xOfEpochs = (index: number): number => meanX((run) => xOfEpoch(run, unit, index));
  const drawing: GroupBand = {
    members,
    mean: withoutEnd(drawn(spread.mean).map((step) => pointOf(xOf(step), spread.mean[step]!))),
    band: bandPoints(spread, edges, xOf),
    validMean: meanPoints(valid, xOfEpochs),
    validBand: bandPoints(valid, keysOf(valid), xOfEpochs),
    accuracyMean: meanPoints(accuracy, xOfEpochs),
    accuracyBand: bandPoints(accuracy, keysOf(accuracy), xOfEpochs),
  };
  cache.set(first.metrics, { key, band: drawing });
  return drawing;
}

function epochSpread(
  members: readonly TrainRecord[],
  count: number,
  pick: (run: TrainRecord, epoch: number) => number,
): Band {
  return spreadOf(members.map((run) => Array.from({ length: count }, (_, epoch) => pick(run, epoch))));
}

function pointOf(x: number, y: number): Point {
  return { x, y: Number.isFinite(y) ? y : null };
}

/** Beyond its last value a mean has ended, and is not missing. */
function withoutEnd(points: readonly Point[]): readonly Point[] {
  return points.slice(0, points.findLastIndex(({ y }) => y !== null) + 1);
}

function keysOf({ mean }: Band): readonly number[] {
  return Array.from(mean.keys());
}

function meanPoints({ mean }: Band, xOf: (index: number) => number): readonly Point[] {
  return Array.from(mean, (y, index) => pointOf(xOf(index), y));
}

function bandPoints(
  { min, max }: Band,
  at: readonly number[],
  xOf: (index: number) => number,
): readonly BandPoint[] {
  return at.flatMap((index) => {
    const [low, high] = [min[index]!, max[index]!];
    return Number.isFinite(low) && Number.isFinite(high) ? [{ x: xOf(index), low, high }] : [];
  });
}
