import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normals, permutation, randomWord, STREAM, uniform, uniforms } from './randomStream.ts';

describe('permutation', () => {
  it('holds every index once', () => {
    fc.assert(
      fc.property(
        fc.nat(0xffffffff),
        fc.nat(1000),
        fc.integer({ min: 0, max: 300 }),
        (seed, epoch, count) => {
          const order = permutation(seed, STREAM.order, epoch, count);
          expect(Array.from(order).sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('sorts by the words of the stream', () => {
    const order = permutation(5, STREAM.order, 3, 500);
    const keys = Array.from(order, (index) => randomWord(5, STREAM.order, index, 3));
    expect(keys).toEqual(keys.toSorted((a, b) => a - b));
  });

  it('is the same for the same arguments and another for any other', () => {
    const order = (seed: number, stream: number, epoch: number) =>
      permutation(seed, stream, epoch, 64).join();
    const first = order(1, STREAM.order, 0);
    expect(order(1, STREAM.order, 0)).toBe(first);
    expect(order(2, STREAM.order, 0)).not.toBe(first);
    expect(order(1, STREAM.split, 0)).not.toBe(first);
    expect(order(1, STREAM.order, 1)).not.toBe(first);
  });

  it('leaves no index near its place more often than chance', () => {
    // Mean displacement of a random permutation of n is (n^2 - 1) / (3 n); its deviation here is 1.3 %.
    const count = 2000;
    const order = permutation(7, STREAM.order, 0, count);
    const moved = order.reduce((sum, index, i) => sum + Math.abs(index - i), 0) / count;
    expect(Math.abs(moved / (count / 3) - 1)).toBeLessThan(0.07);
  });

  it('refuses counts that its keys cannot hold', () => {
    expect(() => permutation(1, 1, 0, 0x100001)).toThrow(RangeError);
    expect(() => permutation(1, 1, 0, -1)).toThrow(RangeError);
    expect(permutation(1, 1, 0, 0).length).toBe(0);
  });
});

describe('normals and uniforms', () => {
  it('have the moments of their distributions', () => {
    const count = 20_000;
    const moments = (values: Float32Array) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / count;
      return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count };
    };
    // Five standard errors: 1 / sqrt(count) for a mean, sqrt(2 / count) for a normal variance.
    const normal = moments(normals(1, STREAM.weights, 0, count));
    expect(Math.abs(normal.mean)).toBeLessThan(0.036);
    expect(Math.abs(normal.variance - 1)).toBeLessThan(0.05);
    const flat = moments(uniforms(1, STREAM.weights, 0, count, -1, 3));
    expect(Math.abs(flat.mean - 1)).toBeLessThan(0.041);
    expect(Math.abs(flat.variance - 16 / 12)).toBeLessThan(0.05);
  });

  it('do not depend on how many are drawn', () => {
    expect(normals(3, 1, 9, 7)).toEqual(normals(3, 1, 9, 50).slice(0, 7));
    expect(uniforms(3, 1, 9, 7, 0, 1)).toEqual(uniforms(3, 1, 9, 50, 0, 1).slice(0, 7));
  });

  it('stay within their range', () => {
    for (let i = 0; i < 1000; i++) {
      const value = uniform(11, 2, i);
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThan(1);
    }
    for (const value of normals(11, 2, 0, 1000)) expect(Number.isFinite(value)).toBe(true);
  });
});
