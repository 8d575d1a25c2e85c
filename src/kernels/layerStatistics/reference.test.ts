import { describe, expect, it } from 'vitest';
import {
  largestMagnitudeReference,
  normReference,
  relativeUpdateReference,
  smallestDeviationReference,
} from './reference.ts';

describe('the references of the layer statistics', () => {
  it('give the figures by hand', () => {
    expect(normReference([3, -4])).toBe(5);
    expect(relativeUpdateReference([3, 4], [3, 4.5])).toBeCloseTo(0.1, 12);
    expect(largestMagnitudeReference([1, -7, 2])).toBe(7);
    // Variances 0.25 and 9, eps 1.
    expect(smallestDeviationReference([1 / Math.sqrt(10), 1 / Math.sqrt(1.25)], 1)).toBeCloseTo(0.5, 12);
  });

  it('say where a value is not finite', () => {
    expect(normReference([1, -Infinity])).toBe(Infinity);
    expect(normReference([Infinity, NaN])).toBeNaN();
    expect(largestMagnitudeReference([Infinity, NaN, 1])).toBeNaN();
    expect(relativeUpdateReference([1, 1], [1, Infinity])).toBe(Infinity);
    expect(relativeUpdateReference([Infinity, 1], [1, 1])).toBeNaN();
    expect(relativeUpdateReference([0, 0], [0, 0])).toBe(0);
    expect(relativeUpdateReference([0, 0], [0, 1])).toBe(Infinity);
    expect(smallestDeviationReference([1, NaN], 1e-5)).toBeNaN();
  });
});
