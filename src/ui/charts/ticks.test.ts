import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { exactAxis, growingExtent, logAxis, roundedAxis, timeAxis } from './ticks.ts';

describe('axes', () => {
  it('reaches to round numbers', () => {
    expect(roundedAxis(0.36, 2.31)).toEqual({ domain: [0, 2.5], ticks: [0, 0.5, 1, 1.5, 2, 2.5] });
    expect(roundedAxis(0.3, 0.3).ticks.length).toBeGreaterThan(1);
  });

  it('keeps exact ends where asked', () => {
    expect(exactAxis(0, 2343).domain).toEqual([0, 2343]);
    expect(exactAxis(0, 2343).ticks).toEqual([0, 500, 1000, 1500, 2000]);
  });

  it('counts time in minutes, not in hundreds of seconds', () => {
    expect(timeAxis(0, 1000).ticks).toEqual([0, 300, 600, 900]);
    expect(timeAxis(0, 45).ticks).toEqual([0, 10, 20, 30, 40]);
  });

  it('marks decades, and finer where there are few', () => {
    expect(logAxis(1e-7, 10).ticks).toEqual([1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10]);
    expect(logAxis(0.3, 4, true)).toEqual({ domain: [0.2, 5], ticks: [0.2, 0.5, 1, 2, 5] });
  });

  it('gives ascending ticks inside the domain for any range', () => {
    const positive = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(positive, positive, (a, b) => {
        const low = Math.min(a, b);
        const high = Math.max(a, b) * 1.01;
        for (const { domain, ticks } of [
          roundedAxis(low, high),
          exactAxis(low, high),
          logAxis(low, high, true),
        ]) {
          expect(ticks.every((tick, i) => i === 0 || tick > ticks[i - 1]!)).toBe(true);
          // A tick may miss the end of the axis by less than a pixel.
          const slack = (domain[1] - domain[0]) * 1e-6;
          expect(ticks.every((tick) => tick >= domain[0] - slack && tick <= domain[1] + slack)).toBe(true);
          expect(ticks.length).toBeLessThan(25);
        }
      }),
    );
  });

  it('lets an axis grow in few jumps up to the plan', () => {
    expect(growingExtent(0, 2343)).toBe(10);
    expect(growingExtent(130, 2343)).toBe(200);
    expect(growingExtent(2000, 2343)).toBe(2343);
    const extents = new Set(Array.from({ length: 75_000 }, (_, step) => growingExtent(step, 75_000)));
    expect(extents.size).toBeLessThan(16);
  });
});
