import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { decimate } from './decimate.ts';

function wave(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(i / 50) + ((i * 7919) % 101) / 1000);
}

describe('decimate', () => {
  it('keeps every point of a short series', () => {
    expect(decimate(Float32Array.of(3, 1, 2), 500)).toEqual([0, 1, 2]);
    expect(decimate(new Float32Array(0), 500)).toEqual([]);
  });

  it('keeps a single spike and a single dip among 20,000 points', () => {
    const values = wave(20_000);
    values[12_345] = 50;
    values[777] = -50;
    const kept = decimate(values, 500);
    expect(kept.length).toBeLessThanOrEqual(500);
    expect(kept).toContain(12_345);
    expect(kept).toContain(777);
    expect(kept[0]).toBe(0);
    expect(kept.at(-1)).toBe(19_999);
  });

  it('keeps a gap where values are missing, and values beside it', () => {
    const values = wave(20_000);
    values.fill(Number.NaN, 5_000, 5_003);
    values[9_000] = Infinity;
    const kept = decimate(values, 500);
    expect(kept.length).toBeLessThanOrEqual(500);
    const missing = kept.filter((index) => !Number.isFinite(values[index]!));
    expect(missing).toEqual([5_000, 9_000]);
  });

  it('keeps the points of the past as the series grows within one bucket width', () => {
    const values = wave(12_000);
    const before = decimate(values.subarray(0, 9_000), 500);
    const after = new Set(decimate(values, 500));
    // The last, still growing bucket and the last point may change.
    expect(before.filter((index) => index < 8_900 && !after.has(index))).toEqual([]);
  });

  it('never exceeds the limit, repeats or reorders, and keeps the extremes', () => {
    fc.assert(
      fc.property(
        fc.float32Array({ minLength: 1, maxLength: 3_000, noDefaultInfinity: true, noNaN: true }),
        fc.integer({ min: 10, max: 600 }),
        (values, limit) => {
          const kept = decimate(values, limit);
          expect(kept.length).toBeLessThanOrEqual(limit);
          expect(kept.every((index, i) => i === 0 || index > kept[i - 1]!)).toBe(true);
          const drawn = kept.map((index) => values[index]!);
          expect(Math.max(...drawn)).toBe(values.reduce((a, b) => Math.max(a, b), -Infinity));
          expect(Math.min(...drawn)).toBe(values.reduce((a, b) => Math.min(a, b), Infinity));
        },
      ),
    );
  });
});
