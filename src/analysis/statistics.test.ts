import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median } from '#lib/median.ts';
import {
  blockEstimate,
  boundedEstimate,
  correlation,
  meanEstimate,
  medianEstimate,
  ratioOf,
  tQuantile95,
} from './statistics.ts';

describe('tQuantile95', () => {
  // NIST/SEMATECH e-Handbook, table 1.3.6.7.2, 0.975 column.
  it.each([
    [1, 12.706],
    [2, 4.303],
    [3, 3.182],
    [4, 2.776],
    [5, 2.571],
    [9, 2.262],
    [10, 2.228],
    [30, 2.042],
    [99, 1.984],
  ])('has the tabulated value for %d degrees of freedom', (freedom, expected) => {
    expect(tQuantile95(freedom)).toBeCloseTo(expected, 3);
  });

  it('approaches the normal distribution', () => {
    expect(tQuantile95(100_000)).toBeCloseTo(1.96, 3);
    expect(() => tQuantile95(0)).toThrow(RangeError);
    expect(() => tQuantile95(1.5)).toThrow(RangeError);
  });
});

describe('meanEstimate', () => {
  it('gives the t interval of a hand-worked sample', () => {
    // 1, 2, 3: mean 2, deviation 1, 4.303 / √3.
    const { count, mean, deviation, halfWidth } = meanEstimate([1, 2, 3]);
    expect([count, mean, deviation]).toEqual([3, 2, 1]);
    expect(halfWidth).toBeCloseTo(2.4841, 4);
  });

  it('has no interval below two values', () => {
    expect(meanEstimate([5])).toMatchObject({ mean: 5, halfWidth: Number.POSITIVE_INFINITY });
    expect(meanEstimate([]).mean).toBeNaN();
  });

  it('does not depend on order, and shifts with its values', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 2, maxLength: 20 }),
        fc.double({ min: -10, max: 10, noNaN: true }),
        (values, shift) => {
          const estimate = meanEstimate(values);
          expect(meanEstimate(values.toReversed()).mean).toBeCloseTo(estimate.mean, 9);
          const shifted = meanEstimate(values.map((value) => value + shift));
          expect(shifted.mean).toBeCloseTo(estimate.mean + shift, 9);
          expect(shifted.halfWidth).toBeCloseTo(estimate.halfWidth, 9);
        },
      ),
    );
  });
});

describe('blockEstimate', () => {
  it('takes means of whole blocks', () => {
    // Blocks (1, 3), (5, 7): 2 and 6, mean 4, deviation √8; the 100 fills no block.
    const { count, mean, halfWidth } = blockEstimate([1, 3, 5, 7, 100], 2);
    expect([count, mean]).toEqual([2, 4]);
    expect(halfWidth).toBeCloseTo((1.96 * Math.sqrt(8)) / Math.sqrt(2), 12);
    expect(blockEstimate([1, 2, 3], 2).halfWidth).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('ratioOf', () => {
  it('is symmetric on a logarithmic axis', () => {
    const { ratio, low, high } = ratioOf({
      count: 5,
      mean: 1,
      low: 1 - Math.log10(2),
      high: 1 + Math.log10(2),
    });
    expect([ratio, low, high].map((value) => Math.round(1e6 * value) / 1e6)).toEqual([10, 5, 20]);
  });
});

describe('median and correlation', () => {
  it('are those of the textbook', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
    expect(correlation([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 12);
    expect(correlation([1, 2, 3, 9], [3, 2, 1])).toBeCloseTo(-1, 12);
    expect(correlation([1, 2, 3], [1, 3, 2])).toBeCloseTo(0.5, 12);
    expect(correlation([1, 1], [1, 2])).toBeNaN();
  });
});

describe('boundedEstimate', () => {
  const values = (...is: readonly ('exact' | 'at least' | 'at most')[]) =>
    is.map((one, value) => ({ value, is: one }));

  it('knows the side of the interval that its bounds leave', () => {
    const { mean, halfWidth } = meanEstimate([0, 1, 2]);
    const [low, high] = [mean - halfWidth, mean + halfWidth];
    const { NEGATIVE_INFINITY, POSITIVE_INFINITY } = Number;
    expect(boundedEstimate(values('exact', 'exact', 'exact'))).toMatchObject({
      mean,
      low,
      high,
      is: 'exact',
    });
    expect(boundedEstimate(values('exact', 'at least', 'exact'))).toMatchObject({
      mean,
      low,
      high: POSITIVE_INFINITY,
      is: 'at least',
    });
    expect(boundedEstimate(values('at most', 'exact', 'exact'))).toMatchObject({
      mean,
      low: NEGATIVE_INFINITY,
      high,
      is: 'at most',
    });
    expect(boundedEstimate(values('at most', 'at least'))).toMatchObject({
      mean: Number.NaN,
      low: NEGATIVE_INFINITY,
      high: POSITIVE_INFINITY,
      is: 'unknown',
    });
  });
});

describe('medianEstimate', () => {
  const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

  // Conover 1999, table A3: ranks of a 95 % interval of the median.
  it.each([
    [5, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
    [6, 1, 6],
    [8, 1, 8],
    [9, 2, 8],
    [12, 3, 10],
    [20, 6, 15],
  ])('of %i values lies between the ranks %d and %d', (count, low, high) => {
    expect(medianEstimate(upTo(count))).toMatchObject({ count, median: (count + 1) / 2, low, high });
  });

  it('takes infinite values by their order', () => {
    const infinite = Number.POSITIVE_INFINITY;
    expect(medianEstimate([infinite, 3, 1, 2, infinite, 4])).toEqual({
      count: 6,
      median: 3.5,
      low: 1,
      high: infinite,
    });
    expect(medianEstimate(Array.from({ length: 6 }, () => infinite))).toMatchObject({
      median: infinite,
      low: infinite,
    });
    expect(medianEstimate([])).toMatchObject({ count: 0, median: Number.NaN });
  });
});
