import { MEDIAN_VALUES, tQuantile95, type BoundedEstimate } from '../statistics.ts';

export type Verdict = 'supported' | 'contradicted' | 'undecided';

/** Values that agree with a claim; one bound may be infinite. */
export interface Region {
  readonly from: number;
  readonly to: number;
}

/**
 * Supported when the interval lies inside of the region, contradicted when it lies outside, undecided when it
 * straddles a bound or is no interval. One of its ends may be infinite.
 */
export function judge(low: number, high: number, { from, to }: Region): Verdict {
  if (low >= from && high <= to) return 'supported';
  return high < from || low > to ? 'contradicted' : 'undecided';
}

/** Fewest seeds that an interval is worth drawing from: with two, t is 12.7. */
const FIRST_SEEDS = 3;
/** More are not proposed at a time. */
export const MOST_SEEDS = 20;

/**
 * How many further values would decide, if they scatter as those at hand do: enough for the interval to reach no
 * bound of the region from the present mean. At most 20; 0 when it is decided, and when the side of the interval that
 * is not known stands in the way.
 */
export function valuesToAdd(estimate: BoundedEstimate, region: Region): number {
  const { count, mean, deviation, low, high, is } = estimate;
  if (count < 2) return FIRST_SEEDS - count;
  if (judge(low, high, region) !== 'undecided') return 0;
  const distance = {
    exact: Math.min(Math.abs(mean - region.from), Math.abs(mean - region.to)),
    // What lies above decides alone where there is something above to be reached.
    'at least': mean - (region.to === Number.POSITIVE_INFINITY ? region.from : region.to),
    'at most': (region.from === Number.NEGATIVE_INFINITY ? region.to : region.from) - mean,
    unknown: 0,
  }[is];
  if (is !== 'exact' && distance <= 0) return 0;
  for (let added = 1; added < MOST_SEEDS; added++) {
    const total = count + added;
    if ((tQuantile95(total - 1) * deviation) / Math.sqrt(total) < distance) return added;
  }
  return MOST_SEEDS;
}

/** The same for a median: as many as its interval takes, and then the most, since ranks tell no more. */
export function valuesToAddToMedian(count: number, verdict: Verdict): number {
  if (verdict !== 'undecided') return 0;
  return count < MEDIAN_VALUES ? MEDIAN_VALUES - count : MOST_SEEDS;
}
