import { describe, expect, it } from 'vitest';
import { bandPath, linePath, markedPixels, offScaleMarks, whiskerPath } from './paths.ts';

/** 100 × 100 pixels for 0 to 10 in both directions. */
const scales = {
  x: (value: number) => value * 10,
  y: (value: number) => 100 - value * 10,
  area: { x: 0, y: 0, width: 100, height: 100 },
};

describe('whiskerPath', () => {
  it('draws a bar at both ends of each range, and none where an end has no place', () => {
    const points = [
      { x: 2, low: 1, high: 3 },
      { x: 5, low: Number.NaN, high: 3 },
    ];
    expect(whiskerPath(points, scales)).toBe('M17 70h6m-3 0V90m-3 0h6');
  });
});

describe('linePath', () => {
  it('breaks where there is no number, and draws a lone value as a dot', () => {
    const points = [
      { x: 0, y: 1 },
      { x: 1, y: 2 },
      { x: 2, y: null },
      { x: 3, y: 4 },
      { x: 4, y: null },
    ];
    expect(linePath(points, scales)).toBe('M0 90L10 80M30 60h0');
  });

  it('breaks where a value has no place on the axis', () => {
    const log = { ...scales, y: Math.log10 };
    expect(
      linePath(
        [
          { x: 0, y: 1 },
          { x: 1, y: -1 },
          { x: 2, y: 10 },
          { x: 3, y: 1 },
        ],
        log,
      ),
    ).toBe('M0 0h0M20 1L30 0');
  });
});

describe('bandPath', () => {
  it('goes along the upper edge and back along the lower', () => {
    const points = [
      { x: 0, low: 1, high: 2 },
      { x: 1, low: 1, high: 3 },
    ];
    expect(bandPath(points, scales)).toBe('M0 80L10 70L10 90L0 90z');
    expect(bandPath(points.slice(0, 1), scales)).toBe('');
  });
});

describe('offScaleMarks', () => {
  it('marks what lies above, below or nowhere, once where marks would touch', () => {
    const points = [
      { x: 1, y: 11 },
      { x: 1.2, y: 40 },
      { x: 3, y: 5 },
      { x: 5, y: -1 },
      { x: 7, y: null },
      { x: 20, y: 99 },
    ];
    expect(offScaleMarks(points, scales)).toEqual({ above: [10], below: [50], gaps: [70] });
  });
});

describe('markedPixels', () => {
  const points = Array.from({ length: 12 }, (_, x) => ({ x, y: x === 3 ? null : x === 5 ? 99 : 5 }));

  it('marks every point of the plot, or some that lie apart', () => {
    expect(markedPixels(points, scales, 0).map(([x]) => x)).toEqual([0, 10, 20, 40, 60, 70, 80, 90, 100]);
    expect(markedPixels(points, scales, 40)).toEqual([
      [20, 50],
      [60, 50],
      [100, 50],
    ]);
  });
});
