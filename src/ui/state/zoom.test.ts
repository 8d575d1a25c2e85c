import { describe, expect, it } from 'vitest';
import { fittedRange, pannedRange, zoomedRange } from './zoom.ts';

const linear = { extent: [0, 1000], isLog: false } as const;
const log = { extent: [1, 1000], isLog: true } as const;

describe('zoom', () => {
  it('takes a drag in either direction, and everything as no zoom', () => {
    expect(fittedRange([600, 200], linear)).toEqual([200, 600]);
    expect(fittedRange([-50, 1200], linear)).toBeUndefined();
  });

  it('keeps its width at the ends of the axis', () => {
    expect(pannedRange([700, 900], linear, 1)).toEqual([800, 1000]);
    expect(pannedRange([100, 300], linear, -1)).toEqual([0, 200]);
  });

  it('comes closer around a position, and goes back to everything', () => {
    expect(zoomedRange([0, 1000], linear, 0.5, 200)).toEqual([100, 600]);
    expect(zoomedRange([100, 600], linear, 4)).toBeUndefined();
  });

  it('refuses to come closer than can be drawn', () => {
    const [low, high] = fittedRange([500, 500], linear)!;
    expect(high - low).toBeCloseTo(0.01, 6);
  });

  it('works in decades on a logarithmic axis', () => {
    const [low, high] = zoomedRange([1, 1000], log, 1 / 3)!;
    expect(low).toBeCloseTo(10);
    expect(high).toBeCloseTo(100);
    expect(pannedRange([1, 10], log, 1)!.map(Math.round)).toEqual([10, 100]);
  });
});
