/** A mean with the half-width of its 95 % interval. */
export interface Estimate {
  /** Values that it rests on. */
  readonly count: number;
  readonly mean: number;
  /** Standard deviation of one value, n - 1; NaN below two. */
  readonly deviation: number;
  /** Of the 95 % interval: mean ± this; infinite below two values. */
  readonly halfWidth: number;
}

/** Of the normal distribution: 95 % lie within. */
export const NORMAL_95 = 1.96;

/**
 * t such that 95 % of Student's t distribution with `freedom` degrees lie within ± t.
 *
 * Bisection of the distribution's own integral; exact to about 1e-9.
 * @throws {RangeError} when `freedom` is no whole number from 1 on.
 */
export function tQuantile95(freedom: number): number {
  if (!(Number.isInteger(freedom) && freedom >= 1)) {
    throw new RangeError(`tQuantile95: ${freedom} degrees of freedom; it takes a whole number from 1 on`);
  }
  let low = 1.9;
  let high = 13;
  while (high - low > 1e-10) {
    const middle = (low + high) / 2;
    if (shareWithin(middle, freedom) < 0.95) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * Share of Student's t within ± t, for whole degrees of freedom, as a finite sum in θ = arctan(t / √ν).
 * Source: Abramowitz & Stegun 1964, 26.7.3 and 26.7.4.
 */
function shareWithin(t: number, freedom: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom));
  const cosine = Math.cos(angle);
  const isOdd = freedom % 2 === 1;
  // Odd: cos θ (1 + 2/3 cos² θ + 2·4/(3·5) cos⁴ θ + …); even: 1 + 1/2 cos² θ + 1·3/(2·4) cos⁴ θ + …
  let term = isOdd ? cosine : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k <= freedom - 2; k += 2) {
    term *= ((k - 1) / k) * cosine ** 2;
    sum += term;
  }
  return isOdd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}

/** Mean of independent values, such as one per seed, with the 95 % interval of Student's t. */
export function meanEstimate(values: readonly number[]): Estimate {
  const { mean, deviation } = moments(values);
  const count = values.length;
  const halfWidth =
    count < 2 ? Number.POSITIVE_INFINITY : (tQuantile95(count - 1) * deviation) / Math.sqrt(count);
  return { count, mean, deviation, halfWidth };
}

/**
 * Mean of a series whose neighbours depend on each other, by means of blocks: mean ± 1.96 · SD(blocks) / √blocks.
 * What does not fill a block at the end is left out.
 *
 * @param block values of one block: longer than the series remembers.
 * @returns `count` and `deviation` are those of the blocks.
 */
export function blockEstimate(values: ArrayLike<number>, block: number): Estimate {
  const means: number[] = [];
  for (let start = 0; start + block <= values.length; start += block) {
    let sum = 0;
    for (let i = start; i < start + block; i++) sum += values[i]!;
    means.push(sum / block);
  }
  const { mean, deviation } = moments(means);
  const count = means.length;
  const halfWidth = count < 2 ? Number.POSITIVE_INFINITY : (NORMAL_95 * deviation) / Math.sqrt(count);
  return { count, mean, deviation, halfWidth };
}

/** Mean (NaN of nothing) and standard deviation (NaN below two values). */
function moments(values: readonly number[]): { readonly mean: number; readonly deviation: number } {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: count < 2 ? Number.NaN : Math.sqrt(squares / (count - 1)) };
}

/** A value, or what it is at least or at most: of one that lies beyond the end of what was measured. */
export interface BoundedValue {
  readonly value: number;
  readonly is: 'exact' | 'at least' | 'at most';
}

/** A mean of which perhaps only one side is known. */
export interface BoundedEstimate extends Estimate {
  /** 'unknown': some values are lower and others upper bounds. */
  readonly is: BoundedValue['is'] | 'unknown';
  readonly low: number;
  readonly high: number;
}

/**
 * Mean of independent values, some of which are known as bounds alone. With lower bounds in the place of values the
 * mean is at most what it would be, and so is the lower limit of its interval; there is no upper one. With upper
 * bounds it is the other way round, and with both there is no interval.
 */
export function boundedEstimate(values: readonly BoundedValue[]): BoundedEstimate {
  const estimate = meanEstimate(values.map(({ value }) => value));
  const has = (one: BoundedValue['is']): boolean => values.some(({ is }) => is === one);
  const is = has('at least')
    ? has('at most')
      ? 'unknown'
      : 'at least'
    : has('at most')
      ? 'at most'
      : 'exact';
  const { mean, halfWidth } = estimate;
  const isLowKnown = is === 'exact' || is === 'at least';
  const isHighKnown = is === 'exact' || is === 'at most';
  return {
    ...estimate,
    is,
    mean: is === 'unknown' ? Number.NaN : mean,
    low: isLowKnown ? mean - halfWidth : Number.NEGATIVE_INFINITY,
    high: isHighKnown ? mean + halfWidth : Number.POSITIVE_INFINITY,
  };
}

/** A median with its interval; both may be infinite. */
export interface MedianEstimate {
  readonly count: number;
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Values that an interval of the median takes: all of fewer lie on one side with more than 5 % chance. */
export const MEDIAN_VALUES = 6;

/**
 * Median of independent values with its interval of 95 % or more by ranks: it takes their order alone, so that a value
 * may be infinite. Infinite below six values.
 *
 * The k-th value from either end bounds it as long as a fair coin shows fewer than k heads in `count` throws with at
 * most 2.5 % chance.
 */
export function medianEstimate(values: readonly number[]): MedianEstimate {
  const sorted = values.toSorted((a, b) => a - b);
  const count = sorted.length;
  let rank = 0;
  let chance = 0.5 ** count;
  for (let tail = chance; tail <= 0.025; tail += chance) {
    rank += 1;
    chance *= (count - rank + 1) / rank;
  }
  const [lower, upper] = [sorted[(count - 1) >> 1] ?? Number.NaN, sorted[count >> 1] ?? Number.NaN];
  return {
    count,
    median: lower === upper ? lower : (lower + upper) / 2,
    low: sorted[rank - 1] ?? Number.NEGATIVE_INFINITY,
    high: rank > 0 ? sorted[count - rank]! : Number.POSITIVE_INFINITY,
  };
}

/** A ratio and its 95 % interval. */
export interface RatioEstimate {
  readonly count: number;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/** An estimate of log₁₀ ratios as a ratio: its interval is symmetric on a logarithmic axis. */
export function ratioOf({
  count,
  mean,
  low,
  high,
}: Pick<BoundedEstimate, 'count' | 'mean' | 'low' | 'high'>): RatioEstimate {
  return { count, ratio: 10 ** mean, low: 10 ** low, high: 10 ** high };
}

/** Pearson's correlation of two series over their common length; NaN where one does not vary. */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const count = Math.min(a.length, b.length);
  let meanA = 0;
  let meanB = 0;
  for (let i = 0; i < count; i++) {
    meanA += a[i]! / count;
    meanB += b[i]! / count;
  }
  let both = 0;
  let squaresA = 0;
  let squaresB = 0;
  for (let i = 0; i < count; i++) {
    both += (a[i]! - meanA) * (b[i]! - meanB);
    squaresA += (a[i]! - meanA) ** 2;
    squaresB += (b[i]! - meanB) ** 2;
  }
  return squaresA > 0 && squaresB > 0 ? both / Math.sqrt(squaresA * squaresB) : Number.NaN;
}
