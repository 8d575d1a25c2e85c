import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { Pyramid, bucketOf } from './pyramid.ts';

function wave(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(i / 50) + ((i * 7919) % 101) / 1000);
}

function indices(values: Float32Array, from: number, to: number, columns: number): number[] {
  const pyramid = new Pyramid();
  pyramid.update(values);
  return pyramid.indices(values, from, to, columns);
}

describe('Pyramid', () => {
  it('keeps every point of a short series', () => {
    expect(indices(Float32Array.of(3, 1, 2), 0, 3, 500)).toEqual([0, 1, 2]);
    expect(indices(new Float32Array(0), 0, 0, 500)).toEqual([]);
  });

  it('keeps a single spike and a single dip among 25,000 points', () => {
    const values = wave(25_000);
    values[12_345] = 50;
    values[777] = -50;
    const kept = indices(values, 0, 25_000, 600);
    expect(kept.length).toBeLessThanOrEqual(1_202);
    expect(kept).toContain(12_345);
    expect(kept).toContain(777);
    expect(kept[0]).toBe(0);
    expect(kept.at(-1)).toBe(24_999);
  });

  it('keeps a spike at the edge of a range beside a larger one outside of it', () => {
    const values = wave(25_000);
    values[9_990] = 50;
    values[10_010] = 40;
    values[14_995] = 40;
    values[15_020] = 50;
    const kept = indices(values, 10_000, 15_000, 50);
    expect(kept).toContain(10_010);
    expect(kept).toContain(14_995);
    expect(kept).not.toContain(9_990);
  });

  it('keeps a gap where values are missing, once a bucket', () => {
    const values = wave(25_000);
    values.fill(Number.NaN, 5_000, 5_003);
    values[9_000] = Infinity;
    const missing = indices(values, 0, 25_000, 600).filter((index) => !Number.isFinite(values[index]!));
    expect(missing).toEqual([5_000, 9_000]);
  });

  it('shows every point again when the range is narrow enough', () => {
    const values = wave(25_000);
    expect(indices(values, 20_000, 20_100, 600)).toEqual(Array.from({ length: 102 }, (_, i) => 19_999 + i));
  });

  it('grows by parts into what it is at once', () => {
    const values = wave(10_007);
    values[3_333] = Number.NaN;
    const grown = new Pyramid();
    for (let end = 1; end <= values.length; end += 97) grown.update(values.subarray(0, end));
    grown.update(values);
    expect(grown.indices(values, 0, values.length, 100)).toEqual(indices(values, 0, values.length, 100));
  });

  it('never repeats or reorders, and keeps the extremes of the range', () => {
    fc.assert(
      fc.property(
        fc.float32Array({ minLength: 1, maxLength: 3_000, noDefaultInfinity: true, noNaN: true }),
        fc.integer({ min: 4, max: 600 }),
        (values, columns) => {
          const kept = indices(values, 0, values.length, columns);
          expect(kept.length).toBeLessThanOrEqual(Math.max(2 * columns + 6, 3));
          expect(kept.every((index, i) => i === 0 || index > kept[i - 1]!)).toBe(true);
          const drawn = kept.map((index) => values[index]!);
          expect(Math.max(...drawn)).toBe(values.reduce((a, b) => Math.max(a, b), -Infinity));
          expect(Math.min(...drawn)).toBe(values.reduce((a, b) => Math.min(a, b), Infinity));
        },
      ),
    );
  });
});

describe('bucketOf', () => {
  it('gives extremes, mean, newest and counts of a range', () => {
    const values = Float32Array.of(9, 1, Number.NaN, 4, 2.5, 9);
    expect(bucketOf(values, 1, 5)).toEqual({ min: 1, max: 4, mean: 2.5, last: 2.5, count: 3, gaps: 1 });
    expect(bucketOf(values, 2, 3)).toMatchObject({ mean: Number.NaN, count: 0, gaps: 1 });
  });
});
