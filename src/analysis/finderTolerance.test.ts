import { describe, expect, it } from 'vitest';
import type { FinderResult } from '#domain/run.ts';
import { finderLearningRate } from '#optim/schedules.ts';
import { smoothFinder, type FinderCurve } from './finderBands.ts';
import { compareTolerance, stopRate, toleranceRate, toleranceSentence } from './finderTolerance.ts';

const settings = { start: 1e-7, end: 10, steps: 100 };
const curve = (
  losses: readonly number[],
  reason: FinderResult['reason'] | undefined = 'completed',
): FinderCurve => ({ losses, result: { reason, stoppedAt: losses.length - 1, suggestions: [] } });
const constant = (loss: number, length = 100) => Array.from({ length }, () => loss);
const at = (rate: number) => ({ rate, isReached: true });
const upTo = (rate: number) => ({ rate, isReached: false });

describe('toleranceRate', () => {
  /** Flat, then a step up that the smoothing turns into a slow rise. */
  const losses = [...constant(2, 60), ...constant(6, 40)];

  it('lies where the smoothed loss crosses the level, between the steps', () => {
    const smoothed = smoothFinder(losses, 100);
    const after = smoothed.findIndex((value) => value > 2.2);
    const { rate, isReached } = toleranceRate(curve(losses), settings, 0.1)!;
    expect(isReached).toBe(true);
    expect(rate).toBeGreaterThan(finderLearningRate(after - 1, settings));
    expect(rate).toBeLessThanOrEqual(finderLearningRate(after, settings));
    const part = (2.2 - smoothed[after - 1]!) / (smoothed[after]! - smoothed[after - 1]!);
    expect(rate).toBeCloseTo(finderLearningRate(after - 1 + part, settings), 12);
    expect(toleranceRate(curve(losses), settings, 0.25)!.rate).toBeGreaterThan(rate);
  });

  it('is there when the loss jumps to no finite number', () => {
    for (const loss of [Number.POSITIVE_INFINITY, Number.NaN]) {
      const jump = curve([...constant(2, 60), loss], 'not-finite');
      expect(toleranceRate(jump, settings, 0.1)!.rate).toBeCloseTo(finderLearningRate(59, settings), 15);
    }
  });

  it('is beyond the end of a ramp that was withstood to its end, and unknown for less of it', () => {
    const end = { rate: finderLearningRate(99, settings), isReached: false };
    expect(toleranceRate(curve(constant(2)), settings, 0.1)).toEqual(end);
    expect(toleranceRate(curve(constant(2, 99), 'stopped'), settings, 0.1)).toBeUndefined();
    expect(toleranceRate({ losses: constant(2), result: undefined }, settings, 0.1)).toBeUndefined();
    // Steps that are not loaded yet.
    expect(toleranceRate(curve([]), settings, 0.1)).toBeUndefined();
    expect(toleranceRate(curve([Number.NaN], 'not-finite'), settings, 0.1)).toBeUndefined();
  });
});

describe('stopRate', () => {
  it('is the rate of the stop rule, the end of a whole ramp, and nothing where the user stopped', () => {
    const exploded = stopRate(curve(constant(2, 51), 'loss-exploded'), settings)!;
    expect(exploded.rate).toBeCloseTo(1e-3, 12);
    expect(exploded.isReached).toBe(true);
    expect(stopRate(curve(constant(2)), settings)).toEqual(upTo(finderLearningRate(99, settings)));
    expect(stopRate(curve(constant(2, 50), 'stopped'), settings)).toBeUndefined();
    expect(stopRate({ result: undefined }, settings)).toBeUndefined();
  });
});

describe('compareTolerance', () => {
  /** log₁₀ ratios 0, .1 and .2: mean .1, deviation .1, ± 4.303 · .1 / √3 = .2484. */
  const pairs = [1, 10 ** 0.1, 10 ** 0.2].map((other) => ({ baseline: at(1), other: at(other) }));

  it('gives the ratio with the t interval of its logarithm', () => {
    const neither = { baseline: upTo(10), other: upTo(10) };
    const comparison = compareTolerance([...pairs, neither, { baseline: at(1), other: undefined }]);
    expect(comparison.ratio).toBeCloseTo(1.2589, 4);
    expect(comparison.low).toBeCloseTo(10 ** (0.1 - 0.2484), 3);
    expect(comparison.high).toBeCloseTo(10 ** (0.1 + 0.2484), 3);
    expect(comparison).toMatchObject({ count: 3, leftOut: 2, is: 'exact' });
    expect(toleranceSentence('BN', 'BN+WS', comparison)).toBe(
      'BN+WS withstands 1.3× (0.71–2.2×) the learning rate of BN. 2 pairs without a crossing left out.',
    );
  });

  it('takes the end of the ramp as a bound where only one of the two came to its point', () => {
    const only = pairs.map(({ baseline, other }) => ({ baseline, other: upTo(other.rate) }));
    const comparison = compareTolerance(only);
    expect(comparison).toMatchObject({ count: 3, is: 'at least', onlyBaseline: 3, leftOut: 0 });
    expect(comparison.low).toBeCloseTo(10 ** (0.1 - 0.2484), 3);
    expect(comparison.high).toBe(Number.POSITIVE_INFINITY);
    expect(toleranceSentence('BN', 'BN+WS', comparison)).toBe(
      'BN+WS withstands at least 1.3× (0.71× or more) the learning rate of BN. In 3 pairs only BN came to it before the end of the ramp.',
    );
    const turned = compareTolerance(pairs.map(({ other }) => ({ baseline: upTo(1), other })));
    expect(turned).toMatchObject({ is: 'at most', low: 0, onlyOther: 3 });
    const both = compareTolerance([only[0]!, { baseline: upTo(1), other: at(1) }]);
    expect(both).toMatchObject({ count: 2, is: 'unknown', onlyBaseline: 1, onlyOther: 1 });
    expect(toleranceSentence('BN', 'GN', both)).toMatch(
      /^GN and BN cannot be compared in one number\. In 1 pair/,
    );
  });

  it('says what is missing', () => {
    expect(toleranceSentence('BN', 'GN', compareTolerance([{ baseline: at(1), other: at(2) }]))).toBe(
      'GN withstands 2.0× the learning rate of BN in one pair: no interval yet.',
    );
    expect(toleranceSentence('BN', 'GN', compareTolerance([]))).toBe('No pair of BN and GN has a crossing.');
  });
});
