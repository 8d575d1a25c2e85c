import { describe, expect, test } from 'vitest';
import { smooth, Smoother } from './smoothing.ts';

describe('Smoother', () => {
  test('reproduces the vector of the specification', () => {
    const expected = [2.5, 2.398989899, 2.399333424, 2.347979901];
    smooth([2.5, 2.3, 2.4, 2.2]).forEach((value, i) =>
      expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-9),
    );
  });

  test('keeps a constant at the constant from the first value on', () => {
    for (const value of smooth(new Float32Array(300).fill(2.5))) expect(value).toBeCloseTo(2.5, 12);
  });

  test('agrees with the definition after many values', () => {
    const values = Array.from({ length: 500 }, (_, i) => Math.sin(i) + 2);
    let average = 0;
    for (const value of values) average = 0.98 * average + (1 - 0.98) * value;
    expect(smooth(values).at(-1)).toBeCloseTo(average / (1 - 0.98 ** 500), 12);
  });

  test('has no value before the first and carries a NaN on', () => {
    const smoother = new Smoother();
    expect(smoother.value).toBeNaN();
    expect(smoother.count).toBe(0);
    smoother.add(1);
    smoother.add(Number.NaN);
    expect(smoother.add(1)).toBeNaN();
    expect(smoother.count).toBe(3);
  });

  test('returns the values themselves at beta 0 and refuses beta 1', () => {
    expect([...smooth([3, 1, 2], 0)]).toEqual([3, 1, 2]);
    expect(() => new Smoother(1)).toThrow(RangeError);
    expect(smooth([])).toHaveLength(0);
  });
});
