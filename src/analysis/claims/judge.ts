import { tQuantile95, type Estimate } from '../statistics.ts';

export type Verdict = 'supported' | 'contradicted' | 'undecided';

/** Values that agree with a claim; one bound may be infinite. */
export interface Region {
  readonly from: number;
  readonly to: number;
}

/**
 * Supported when the interval lies inside of the region, contradicted when it lies outside, undecided when it
 * straddles a bound or is no interval.
 */
export function judge(low: number, high: number, { from, to }: Region): Verdict {
  if (!(Number.isFinite(low) && Number.isFinite(high))) return 'undecided';
  if (low >= from && high <= to) return 'supported';
  return high < from || low > to ? 'contradicted' : 'undecided';
}

/** Fewest seeds that an interval is worth drawing from: with two, t is 12.7. */
const FIRST_SEEDS = 3;
/** More are not proposed at a time. */
export const MOST_SEEDS = 20;

/**
 * How many further values would decide, if they scatter as those at hand do: enough for the interval to reach no
 * bound of the region from the present mean. At most 20; 0 when it is decided.
 */
export function valuesToAdd({ count, mean, deviation, halfWidth }: Estimate, region: Region): number {
  if (count < 2) return FIRST_SEEDS - count;
  if (judge(mean - halfWidth, mean + halfWidth, region) !== 'undecided') return 0;
  const distance = Math.min(Math.abs(mean - region.from), Math.abs(mean - region.to));
  for (let added = 1; added < MOST_SEEDS; added++) {
    const total = count + added;
    if ((tQuantile95(total - 1) * deviation) / Math.sqrt(total) < distance) return added;
  }
  return MOST_SEEDS;
}
