import type { FinderSettings } from '#domain/run.ts';
import { finderTrim } from '#optim/lrFinder.ts';
import { finderLearningRate } from '#optim/schedules.ts';
import { hasExploded, smoothFinder } from './finderBands.ts';
import type { FinderCurve } from './finderBands.ts';
import { boundedEstimate, ratioOf } from './statistics.ts';
import type { BoundedValue, RatioEstimate } from './statistics.ts';
import { counted, formatShort } from './text.ts';

/** How far above its lowest smoothed loss a finder's tolerance is read off. */
export const TOLERANCES: readonly number[] = [0.1, 0.25];

/** The rate at which a finder came to a point; or, where it did not, the last rate of the ramp, which it withstood. */
export interface RateReading {
  readonly rate: number;
  readonly isReached: boolean;
}

/**
 * The learning rate at which the smoothed loss has risen by `share` over its minimum, between steps on a
 * logarithmic axis. Undefined for a curve that says nothing of it: one that is going, was stopped by hand or is not
 * loaded.
 */
export function toleranceRate(
  { losses, result }: FinderCurve,
  settings: FinderSettings,
  share: number,
): RateReading | undefined {
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
    return { rate: finderLearningRate(step - 1 + part, settings), isReached: true };
  }
  const isWhole = result?.reason === 'completed' && smoothed.length === settings.steps;
  return isWhole ? endOfRamp(settings) : undefined;
}

/** The rate at which the stop rule ended a finder; undefined for one that is going or was stopped by hand. */
export function stopRate(
  { result }: Pick<FinderCurve, 'result'>,
  settings: FinderSettings,
): RateReading | undefined {
  if (!result) return undefined;
  if (hasExploded({ result })) {
    return { rate: finderLearningRate(result.stoppedAt, settings), isReached: true };
  }
  return result.reason === 'completed' ? endOfRamp(settings) : undefined;
}

function endOfRamp(settings: FinderSettings): RateReading {
  return { rate: finderLearningRate(settings.steps - 1, settings), isReached: false };
}

/** Readings of two finders of one seed. */
export interface RatePair {
  readonly baseline: RateReading | undefined;
  readonly other: RateReading | undefined;
}

/**
 * log₁₀ of the other rate over the baseline's. Where one of the two alone came to its point, the other would have come
 * to it beyond the end of the ramp: then it is a bound. Undefined where neither came to it.
 */
export function logRatio(baseline: RateReading, other: RateReading): BoundedValue | undefined {
  if (!baseline.isReached && !other.isReached) return undefined;
  const value = Math.log10(other.rate / baseline.rate);
  if (baseline.isReached && other.isReached) return { value, is: 'exact' };
  return { value, is: baseline.isReached ? 'at least' : 'at most' };
}

/** How the rates of two arms compare over their pairs. */
export interface ToleranceComparison extends RatioEstimate {
  readonly is: 'exact' | 'at least' | 'at most' | 'unknown';
  /** Pairs in which only the one arm came to the point. */
  readonly onlyBaseline: number;
  readonly onlyOther: number;
  /** Pairs in which neither has such a rate, left out. */
  readonly leftOut: number;
}

/** The ratio of the rates of paired finders, with the 95 % t interval of its logarithm. */
export function compareTolerance(pairs: readonly RatePair[]): ToleranceComparison {
  const logs = pairs.flatMap(({ baseline, other }) => (baseline && other && logRatio(baseline, other)) ?? []);
  const { is, ...estimate } = boundedEstimate(logs);
  return {
    ...ratioOf(estimate),
    is,
    onlyBaseline: logs.filter((log) => log.is === 'at least').length,
    onlyOther: logs.filter((log) => log.is === 'at most').length,
    leftOut: pairs.length - logs.length,
  };
}

/** 'BN+WS withstands 1.3× (1.0–1.7×) the learning rate of BN.' */
export function toleranceSentence(
  baselineName: string,
  otherName: string,
  comparison: ToleranceComparison,
): string {
  const { count, ratio, low, high, is, leftOut } = comparison;
  const one = (name: string, pairs: number): string =>
    pairs > 0 ? ` In ${counted(pairs, 'pair')} only ${name} came to it before the end of the ramp.` : '';
  const rest =
    one(baselineName, comparison.onlyBaseline) +
    one(otherName, comparison.onlyOther) +
    (leftOut > 0 ? ` ${counted(leftOut, 'pair')} without a crossing left out.` : '');
  if (count === 0) return `No pair of ${baselineName} and ${otherName} has a crossing.${rest}`;
  if (is === 'unknown') return `${otherName} and ${baselineName} cannot be compared in one number.${rest}`;
  const factor = `${otherName} withstands ${is === 'exact' ? '' : `${is} `}${formatShort(ratio)}×`;
  if (count === 1)
    return `${factor} the learning rate of ${baselineName} in one pair: no interval yet.${rest}`;
  const interval = {
    exact: `${formatShort(low)}–${formatShort(high)}×`,
    'at least': `${formatShort(low)}× or more`,
    'at most': `${formatShort(high)}× or less`,
  }[is];
  return `${factor} (${interval}) the learning rate of ${baselineName}.${rest}`;
}
