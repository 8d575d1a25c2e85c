import { describe, expect, it } from 'vitest';
import { axisScale, axisValue } from './axisScale.ts';

describe('axisScale', () => {
  it('is even over a linear axis, beyond its ends too', () => {
    const scale = axisScale([10, 20], false, 100, 0);
    expect([10, 15, 20, 30].map(scale)).toEqual([100, 50, 0, -100]);
  });

  it('is even over the decades of a logarithmic axis, where zero has no place', () => {
    const scale = axisScale([1, 100], true, 0, 200);
    expect(scale(1)).toBe(0);
    expect(scale(10)).toBeCloseTo(100);
    expect(scale(100)).toBeCloseTo(200);
    expect([scale(0), scale(-1)]).toEqual([Number.NaN, Number.NaN]);
  });

  it('is undone by axisValue', () => {
    for (const isLog of [false, true]) {
      const scale = axisScale([2, 50], isLog, 30, 130);
      const value = axisValue([2, 50], isLog, 30, 130);
      for (const pixel of [30, 71, 130]) expect(scale(value(pixel))).toBeCloseTo(pixel);
    }
  });
});
