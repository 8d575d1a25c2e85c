import type { MetricBuffer } from '#client/metricBuffer.ts';
import type { FinderRecord, RunRecord } from '#client/runRecord.ts';
import type { FinderSettings } from '#domain/run.ts';
import { finderTrim } from '#optim/lrFinder.ts';
import type { Trim } from '#optim/lrFinder.ts';
import { finderLearningRate } from '#optim/schedules.ts';
import { runStyles } from '#ui/charts/palette.ts';
import type { RunStyle } from '#ui/charts/palette.ts';
import { addOffScale, linePoints, offScale } from '#ui/charts/series.ts';
import type { OffScale, Point } from '#ui/charts/series.ts';
import { logAxis, roundedAxis } from '#ui/charts/ticks.ts';
import type { AxisTicks } from '#ui/charts/ticks.ts';
import { isFinderRun } from '#ui/state/client.ts';
import type { Range } from '#ui/state/zoom.ts';

/** fastai stops when the smoothed loss passes this many times its lowest value. */
const STOP_FACTOR = 4;

/** What the chart draws of one finder, apart from its looks. */
interface CurveShape {
  readonly raw: readonly Point[];
  readonly smoothed: readonly Point[];
  /** Lowest smoothed loss so far; undefined before the first step. */
  readonly best: number | undefined;
  readonly stopAbove: number | undefined;
}

/** One finder as the chart draws it. */
export interface FinderCurve extends CurveShape {
  readonly run: FinderRecord;
  readonly style: RunStyle;
}

/**
 * The finders to draw: those not hidden, of many the newest, but always the selected one, and all of the study that
 * it or the newest is of, since what they say together would be wrong without one.
 */
export function drawnFinders(
  all: readonly RunRecord[],
  options: {
    readonly hidden: readonly string[];
    readonly selected: string | undefined;
    readonly limit: number;
  },
): { readonly drawn: readonly FinderRecord[]; readonly moreCount: number } {
  const visible = all.filter(isFinderRun).filter((run) => !options.hidden.includes(run.id));
  const newest = new Set(visible.slice(Math.max(0, visible.length - options.limit)));
  const selected = visible.find(({ id }) => id === options.selected);
  const studies = new Set([selected, visible.at(-1)].flatMap((run) => run?.origin?.studyId ?? []));
  const drawn = visible.filter(
    (run) => newest.has(run) || run === selected || (run.origin && studies.has(run.origin.studyId)),
  );
  return { drawn, moreCount: visible.length - drawn.length };
}

/** All of the axis of some ramps, at least one. */
export function rampExtent(ramps: readonly Pick<FinderSettings, 'start' | 'end'>[]): Range {
  return [Math.min(...ramps.map(({ start }) => start)), Math.max(...ramps.map(({ end }) => end))];
}

/** @param all runs, drawn or not: their styles follow from the order of start. */
export function finderCurves(
  all: readonly RunRecord[],
  drawn: readonly FinderRecord[],
): readonly FinderCurve[] {
  const styles = runStyles(all);
  return drawn.map((run) => ({
    run,
    style: styles.get(run.id)!,
    ...shapeOf(run.metrics, run.settings),
  }));
}

/** Curves that have not grown are not computed again at every redraw. */
const shapes = new WeakMap<MetricBuffer, { revision: number; count: number; shape: CurveShape }>();

function shapeOf(metrics: MetricBuffer, settings: FinderSettings): CurveShape {
  const { revision, count } = metrics;
  const known = shapes.get(metrics);
  if (known?.revision === revision && known.count === count) return known.shape;
  const rates = metrics.series('learningRates');
  const xOf = (step: number): number => rates[step] ?? finderLearningRate(step, settings);
  const smoothed = metrics.series('smoothed');
  const lowest = smoothed.reduce((least, value) => (value < least ? value : least), Number.POSITIVE_INFINITY);
  const best = Number.isFinite(lowest) ? lowest : undefined;
  const shape: CurveShape = {
    raw: linePoints(metrics.series('losses'), xOf),
    smoothed: linePoints(smoothed, xOf),
    best,
    stopAbove: best === undefined ? undefined : STOP_FACTOR * best,
  };
  shapes.set(metrics, { revision, count, shape });
  return shape;
}

/** Learning rates of the parts that the rules of fastai v2 leave out; the end only once the curve has one. */
export function trimmedRates({
  metrics,
  settings,
  result,
}: FinderRecord): readonly (readonly [number, number])[] {
  const last = metrics.count - 1;
  if (last < 0) return [];
  const { from, to }: Trim = finderTrim(metrics.count, settings.steps);
  const rateAt = (step: number): number => finderLearningRate(Math.min(step, last), settings);
  return [
    [rateAt(0), rateAt(from)] as const,
    ...(result && to <= last ? [[rateAt(Math.max(from, to - 1)), rateAt(last)] as const] : []),
  ].filter(([low, high]) => high > low);
}

/** Nearest recorded step to a learning rate; undefined beyond the ends of the curve. */
export function stepAtRate(run: FinderRecord, rate: number): number | undefined {
  const { start, end, steps } = run.settings;
  const step = Math.round((Math.log(rate / start) / Math.log(end / start)) * steps);
  return step >= 0 && step < run.metrics.count ? step : undefined;
}

/** Rates are kept in single precision. */
const SLACK = 1e-6;

/** Steps [first, end) of a finder whose rates lie in a range. */
function stepsIn({ metrics, settings }: FinderRecord, [low, high]: Range): readonly [number, number] {
  const rates = metrics.series('learningRates');
  const rateAt = (step: number): number => rates[step] ?? finderLearningRate(step, settings);
  let first = 0;
  while (first < metrics.count && rateAt(first) < low * (1 - SLACK)) first += 1;
  let end = metrics.count;
  while (end > first && rateAt(end - 1) > high * (1 + SLACK)) end -= 1;
  return [first, end];
}

/**
 * The vertical axis of losses: to just above the stop lines, which leaves out raw losses of an explosion; or to the
 * last of them that is visible.
 */
export function finderLossAxis(
  curves: readonly FinderCurve[],
  range: Range,
  { isLog, showsAll }: { readonly isLog: boolean; readonly showsAll: boolean },
): AxisTicks {
  const known = curves.flatMap(({ best, stopAbove }) =>
    best === undefined || stopAbove === undefined ? [] : [{ best, stopAbove }],
  );
  if (known.length === 0) return isLog ? logAxis(1, 10) : roundedAxis(0, 10);
  // Single batches lie well below the average.
  let low = Math.min(...known.map((curve) => curve.best)) / 2;
  let high = Math.max(...known.map((curve) => curve.stopAbove)) * 1.05;
  if (showsAll) {
    for (const { run } of curves) {
      const [first, end] = stepsIn(run, range);
      for (const loss of run.metrics.series('losses').subarray(first, end)) {
        if (!Number.isFinite(loss)) continue;
        high = Math.max(high, loss);
        if (loss > 0) low = Math.min(low, loss);
      }
    }
  }
  return isLog ? logAxis(Math.max(1e-6, low), high, true) : roundedAxis(0, high);
}

/** Visible raw losses that the axis leaves out. */
export function finderOffScale(
  curves: readonly FinderCurve[],
  range: Range,
  { domain }: AxisTicks,
): OffScale {
  return curves
    .map(({ run }) => offScale(run.metrics.series('losses'), stepsIn(run, range), domain))
    .reduce(addOffScale, { above: 0, below: 0, highest: domain[1], lowest: domain[0], gaps: 0 });
}
