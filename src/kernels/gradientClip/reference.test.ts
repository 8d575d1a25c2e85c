import { describe, expect, it } from 'vitest';
import { clipReference } from './reference.ts';

describe('clipReference', () => {
  it('gives the coefficient by hand, and one where the norm is small enough', () => {
    expect(clipReference([3, -4], 1)).toBeCloseTo(1 / 5.000001, 15);
    expect(clipReference([3, -4], 5)).toBeCloseTo(5 / 5.000001, 15);
    expect(clipReference([3, -4], 6)).toBe(1);
    expect(clipReference([0, 0], 1)).toBe(1);
    expect(clipReference([1, Infinity], 1)).toBeNaN();
    expect(clipReference([1, NaN], 1)).toBeNaN();
  });
});
