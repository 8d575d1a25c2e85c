import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { correlation } from './statistics.ts';
import { pairedDifference, pairedSentence, runningCorrelation } from './pairedDifference.ts';

/** Losses in blocks of 50 equal values. */
const blocks = (...values: number[]) => values.flatMap((value) => Array.from({ length: 50 }, () => value));

describe('pairedDifference', () => {
  it('gives the mean and its interval by blocks of 50 steps', () => {
    // Differences by block: -1, -3, -2. Mean -2, deviation 1, 1.96 / √3.
    const { estimate, difference, firstStep } = pairedDifference(blocks(5, 5, 5), blocks(4, 2, 3));
    expect(estimate.count).toBe(3);
    expect(estimate.mean).toBe(-2);
    expect(estimate.halfWidth).toBeCloseTo(1.96 / Math.sqrt(3), 12);
    expect([difference[0], difference[50], difference.length, firstStep]).toEqual([-1, -3, 150, 0]);
  });

  it('looks at the last common steps, and lets blocks end there', () => {
    const paired = pairedDifference([9, 9, ...blocks(1, 2)], [0, 0, ...blocks(2, 4), 100], 101);
    expect([paired.firstStep, paired.difference.length]).toEqual([1, 101]);
    expect(paired.estimate.mean).toBe(1.5);
  });

  it('is zero for two identical runs', () => {
    const losses = Array.from({ length: 200 }, (_, i) => Math.sin(i));
    const paired = pairedDifference(losses, losses);
    expect(paired.estimate).toMatchObject({ mean: 0, halfWidth: 0 });
    expect(paired.correlation).toBeCloseTo(1, 6);
    expect(pairedSentence('BN', 'BN+WS', paired)).toBe('No difference at all, last 200 steps.');
  });
});

describe('pairedSentence', () => {
  const sentence = (a: number[], b: number[]) => pairedSentence('BN', 'BN+WS', pairedDifference(a, b));

  it('says who is ahead, by how much and over how many steps', () => {
    // Differences -.02 and -.022: mean -.021, ± 1.96 · .001414 / √2 = .00196.
    expect(sentence(blocks(1, 1), blocks(0.98, 0.978))).toBe(
      'BN+WS ahead by 0.021 ± 0.0020, last 100 steps.',
    );
    expect(sentence(blocks(0.98, 0.978), blocks(1, 1))).toBe('BN ahead by 0.021 ± 0.0020, last 100 steps.');
  });

  it('says so when the interval straddles zero, or there is none', () => {
    expect(sentence(blocks(1, 1), blocks(0.9, 1.2))).toBe(
      'No clear difference: 0.050 ± 0.29, last 100 steps.',
    );
    expect(sentence(blocks(1), blocks(0.9))).toBe('Too few steps to compare: 100 are needed.');
    expect(sentence(blocks(1, Number.NaN), blocks(1, 1))).toBe(
      'No comparison: a loss is not a number, last 100 steps.',
    );
  });
});

describe('runningCorrelation', () => {
  it('is the correlation of each window', () => {
    const series = fc.array(fc.nat(9), { minLength: 30, maxLength: 60 });
    fc.assert(
      fc.property(series, series, (a, b) => {
        const running = runningCorrelation(a, b, 10);
        expect(running.subarray(0, 9).every(Number.isNaN)).toBe(true);
        for (let i = 9; i < running.length; i++) {
          const direct = correlation(a.slice(i - 9, i + 1), b.slice(i - 9, i + 1));
          // NaN where a window does not vary.
          if (Number.isNaN(direct)) expect(running[i]).toBeNaN();
          else expect(running[i]).toBeCloseTo(direct, 5);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('knows two runs that move together', () => {
    const a = Array.from({ length: 20 }, (_, i) => Math.sin(i));
    expect(
      runningCorrelation(
        a,
        a.map((value) => 1 - 2 * value),
        5,
      ).at(-1),
    ).toBeCloseTo(-1, 6);
  });
});
