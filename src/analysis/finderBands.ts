import type { FinderResult, FinderRule, FinderSettings } from '#domain/run.ts';
import { finderBeta, finderTrim } from '#optim/lrFinder.ts';
import { finderLearningRate } from '#optim/schedules.ts';
import { smooth } from '#optim/smoothing.ts';
import { median } from '#lib/median.ts';

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

/** Whether the stop rule ended a finder. */
export function hasExploded({ result }: Pick<FinderCurve, 'result'>): boolean {
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
