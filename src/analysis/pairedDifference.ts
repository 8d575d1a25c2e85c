import { formatShort } from './text.ts';
import { blockEstimate, correlation, type Estimate } from './statistics.ts';

/** Steps of one block: neighbouring batches share weights, so single steps are not independent. */
export const BLOCK_STEPS = 50;

/** How two runs on the same batches differ over a window of steps. */
export interface PairedDifference {
  /** Loss of the second run minus that of the first, step by step over the window. */
  readonly difference: Float32Array;
  /** 0-based step of the window's first entry. */
  readonly firstStep: number;
  /** Of the difference, by blocks of 50 steps. */
  readonly estimate: Estimate;
  /** Of the two losses over the window: how much of the noise of the batches pairing removes. */
  readonly correlation: number;
}

/** Steps at the end of two runs that what is said of their difference rests on. */
export const PAIR_WINDOW = 500;

/**
 * Compares two loss series of a race over the steps both have done.
 *
 * @param baseline losses of the first run. @param other of the second, on the same batches.
 * @param window how many of the last common steps; all without it.
 */
export function pairedDifference(
  baseline: ArrayLike<number>,
  other: ArrayLike<number>,
  window = Number.POSITIVE_INFINITY,
): PairedDifference {
  const end = Math.min(baseline.length, other.length);
  const firstStep = Math.max(0, end - window);
  const a = Float32Array.from({ length: end - firstStep }, (_, i) => baseline[firstStep + i]!);
  const b = Float32Array.from({ length: end - firstStep }, (_, i) => other[firstStep + i]!);
  const difference = b.map((loss, i) => loss - a[i]!);
  return {
    difference,
    firstStep,
    // The blocks end where the window ends, so that the newest steps count.
    estimate: blockEstimate(difference.subarray(difference.length % BLOCK_STEPS), BLOCK_STEPS),
    correlation: correlation(a, b),
  };
}

/** 'BN+WS ahead by 0.021 ± 0.008, last 500 steps'; lower losses are ahead. */
export function pairedSentence(
  baselineName: string,
  otherName: string,
  { difference, estimate }: PairedDifference,
): string {
  const { count, mean, halfWidth } = estimate;
  const steps = `last ${difference.length.toLocaleString('en-US')} steps`;
  if (count < 2) return `Too few steps to compare: ${2 * BLOCK_STEPS} are needed.`;
  if (!Number.isFinite(mean)) return `No comparison: a loss is not a number, ${steps}.`;
  const size = `${formatShort(Math.abs(mean))} ± ${formatShort(halfWidth)}`;
  if (mean === 0 && halfWidth === 0) return `No difference at all, ${steps}.`;
  if (Math.abs(mean) <= halfWidth) return `No clear difference: ${size}, ${steps}.`;
  return `${mean < 0 ? otherName : baselineName} ahead by ${size}, ${steps}.`;
}

/** Correlation of two series over a moving window that ends at each step; NaN before it is full. */
export function runningCorrelation(a: ArrayLike<number>, b: ArrayLike<number>, window: number): Float32Array {
  const count = Math.min(a.length, b.length);
  const out = new Float32Array(count).fill(Number.NaN);
  let sumA = 0;
  let sumB = 0;
  let squaresA = 0;
  let squaresB = 0;
  let both = 0;
  for (let i = 0; i < count; i++) {
    for (const [at, sign] of [
      [i, 1],
      [i - window, -1],
    ] as const) {
      if (at < 0) continue;
      const x = a[at]!;
      const y = b[at]!;
      sumA += sign * x;
      sumB += sign * y;
      squaresA += sign * x * x;
      squaresB += sign * y * y;
      both += sign * x * y;
    }
    if (i < window - 1) continue;
    const spreadA = squaresA - sumA ** 2 / window;
    const spreadB = squaresB - sumB ** 2 / window;
    // Rounding leaves about 1e-16 of the squares.
    if (spreadA > 1e-12 * squaresA && spreadB > 1e-12 * squaresB) {
      out[i] = Math.min(1, Math.max(-1, (both - (sumA * sumB) / window) / Math.sqrt(spreadA * spreadB)));
    }
  }
  return out;
}
