import type { FinderResult, FinderRule, FinderSettings } from '#domain/run.ts';
import { finderBeta, finderTrim } from '#optim/lrFinder.ts';
import { finderLearningRate } from '#optim/schedules.ts';
import { smooth } from '#optim/smoothing.ts';
import { median } from '#lib/median.ts';
import { meanEstimate, ratioOf, type RatioEstimate } from './statistics.ts';
import { counted, formatShort } from './text.ts';

/** Images of one finder by default: 100 steps at batch size 64. */
export const FINDER_IMAGES = 6400;
const FEWEST_STEPS = 100;
const MOST_STEPS = 2000;

/** Steps of a finder that may use so many images: as many as fit, from 100 to 2,000. */
export function finderStepsFor(images: number, batchSize: number): number {
  return Math.min(MOST_STEPS, Math.max(FEWEST_STEPS, Math.round(images / batchSize)));
}

/** One finder: its raw losses from step 0 on, and how it ended. */
export interface FinderCurve {
  readonly losses: ArrayLike<number>;
  /** Undefined while it is going. */
  readonly result: Pick<FinderResult, 'reason' | 'stoppedAt' | 'suggestions'> | undefined;
}

/** Median and range over the seeds, point by point; index k is step `firstStep` + k. */
export interface CurveBand {
  readonly median: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
}

/** Finders of one arm on their shared axis. */
export interface FinderBand {
  /** 0-based step of the first entry: the start of the curve, where the average has not settled, is cut. */
  readonly firstStep: number;
  readonly learningRates: Float64Array;
  /** Smoothed loss. */
  readonly loss: CurveBand;
  /** The same over the smoothed loss at `firstStep` of each finder, so that arms share an axis. */
  readonly relative: CurveBand;
  /** Finders behind each entry; one that has exploded counts in the median as higher than all. */
  readonly count: Uint16Array;
}

/** Smoothed losses of a finder, with fastai's window on the axis of rates whatever the number of steps. */
export function smoothFinder(losses: ArrayLike<number>, steps: number): Float64Array {
  return smooth(losses, finderBeta(steps));
}

/**
 * Median and min-to-max band over finders of one arm and several seeds. A finder that exploded stands for
 * arbitrarily high losses from there on; the band ends where the median does that, or where finders that were
 * stopped by hand leave fewer than half.
 */
export function finderBand(curves: readonly FinderCurve[], settings: FinderSettings): FinderBand {
  const { from: firstStep } = finderTrim(settings.steps, settings.steps);
  const smoothed = curves.map(({ losses }) => smoothFinder(losses, settings.steps));
  const length = Math.max(0, ...smoothed.map((values) => values.length - firstStep));
  const loss = emptyBand(length);
  const relative = emptyBand(length);
  const count = new Uint16Array(length);
  let end = 0;
  for (; end < length; end++) {
    const step = firstStep + end;
    const values: number[] = [];
    const shares: number[] = [];
    let exploded = 0;
    for (const [i, curve] of curves.entries()) {
      const value = smoothed[i]![step];
      if (value !== undefined && Number.isFinite(value)) {
        values.push(value);
        shares.push(value / smoothed[i]![firstStep]!);
      } else if (hasExploded(curve)) exploded += 1;
    }
    if (values.length <= exploded || 2 * values.length < curves.length) break;
    const beyond = Array.from({ length: exploded }, () => Number.POSITIVE_INFINITY);
    fill(loss, end, values, beyond);
    fill(relative, end, shares, beyond);
    count[end] = values.length;
  }
  return {
    firstStep,
    learningRates: Float64Array.from({ length: end }, (_, k) => finderLearningRate(firstStep + k, settings)),
    loss: cut(loss, end),
    relative: cut(relative, end),
    count: count.subarray(0, end),
  };
}

function hasExploded({ result }: FinderCurve): boolean {
  return result?.reason === 'loss-exploded' || result?.reason === 'not-finite';
}

function emptyBand(length: number): CurveBand {
  return { median: new Float64Array(length), min: new Float64Array(length), max: new Float64Array(length) };
}

function fill(band: CurveBand, at: number, values: readonly number[], beyond: readonly number[]): void {
  band.median[at] = median([...values, ...beyond]);
  band.min[at] = Math.min(...values);
  band.max[at] = Math.max(...values);
}

function cut(band: CurveBand, end: number): CurveBand {
  return {
    median: band.median.subarray(0, end),
    min: band.min.subarray(0, end),
    max: band.max.subarray(0, end),
  };
}

/** A rule whose suggestions spread over more than this says nothing. */
const WIDEST_RANGE = 10;

/** What one rule suggests over the seeds. */
export interface RuleRange {
  readonly rule: FinderRule;
  /** Finders that it has a suggestion for. */
  readonly count: number;
  readonly min: number;
  /** On a logarithmic axis. */
  readonly median: number;
  readonly max: number;
  /** Whether the suggestions spread over more than a factor of ten. */
  readonly isUnreliable: boolean;
}

/** The suggestions of every rule over finders of one arm; rules without any are left out. */
export function ruleRanges(curves: readonly FinderCurve[]): readonly RuleRange[] {
  const byRule = new Map<FinderRule, number[]>();
  for (const { result } of curves) {
    for (const { rule, learningRate } of result?.suggestions ?? []) {
      if (learningRate === undefined) continue;
      const rates = byRule.get(rule);
      if (rates) rates.push(learningRate);
      else byRule.set(rule, [learningRate]);
    }
  }
  return Array.from(byRule, ([rule, rates]) => {
    const min = Math.min(...rates);
    const max = Math.max(...rates);
    return {
      rule,
      count: rates.length,
      min,
      median: 10 ** median(rates.map(Math.log10)),
      max,
      isUnreliable: max > WIDEST_RANGE * min,
    };
  });
}

/** How far above its lowest smoothed loss a finder's tolerance is read off. */
export const TOLERANCES: readonly number[] = [0.1, 0.25];

/**
 * The learning rate at which the smoothed loss has risen by `share` over its minimum, between steps on a
 * logarithmic axis; undefined where it never has.
 */
export function toleranceRate(
  losses: ArrayLike<number>,
  settings: FinderSettings,
  share: number,
): number | undefined {
  const smoothed = smoothFinder(losses, settings.steps);
  const { from } = finderTrim(settings.steps, settings.steps);
  let lowest = from;
  for (let step = from; step < smoothed.length; step++) {
    if (smoothed[step]! < smoothed[lowest]!) lowest = step;
  }
  const level = (1 + share) * (smoothed[lowest] ?? Number.NaN);
  if (!Number.isFinite(level)) return undefined;
  for (let step = lowest + 1; step < smoothed.length; step++) {
    const after = smoothed[step]!;
    if (after <= level) continue;
    const before = smoothed[step - 1]!;
    // A jump to infinity, or to what is no number at all, crosses at its start.
    const part = Number.isFinite(after) ? (level - before) / (after - before) : 0;
    return finderLearningRate(step - 1 + part, settings);
  }
  return undefined;
}

/** The rate at which the stop rule ended a finder; undefined where it did not. */
export function stopRate(curve: FinderCurve, settings: FinderSettings): number | undefined {
  return curve.result && hasExploded(curve)
    ? finderLearningRate(curve.result.stoppedAt, settings)
    : undefined;
}

/** Which rate of two arms is compared. */
export interface ToleranceComparison extends RatioEstimate {
  /** Pairs in which one of the two has no such rate, left out. */
  readonly leftOut: number;
}

/** Two finders of one seed. */
export interface RatePair {
  readonly baseline: number | undefined;
  readonly other: number | undefined;
}

/** The ratio of the rates of paired finders, with the 95 % t interval of its logarithm. */
export function compareTolerance(pairs: readonly RatePair[]): ToleranceComparison {
  const logs = pairs.flatMap(({ baseline, other }) =>
    baseline === undefined || other === undefined ? [] : [Math.log10(other / baseline)],
  );
  return { ...ratioOf(meanEstimate(logs)), leftOut: pairs.length - logs.length };
}

/** 'BN+WS withstands 1.3× (1.0–1.7×) the learning rate of BN.' */
export function toleranceSentence(
  baselineName: string,
  otherName: string,
  { count, ratio, low, high, leftOut }: ToleranceComparison,
): string {
  const rest = leftOut > 0 ? ` ${counted(leftOut, 'pair')} without a crossing left out.` : '';
  if (count === 0) return `No pair of ${baselineName} and ${otherName} has both crossings.${rest}`;
  const factor = `${otherName} withstands ${formatShort(ratio)}×`;
  if (count === 1)
    return `${factor} the learning rate of ${baselineName} in one pair: no interval yet.${rest}`;
  return `${factor} (${formatShort(low)}–${formatShort(high)}×) the learning rate of ${baselineName}.${rest}`;
}
