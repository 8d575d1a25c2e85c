import type { BandPoint, Point } from './series.ts';

/** Data to pixels, and the pixels of the plot. */
export interface PathScales {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly area: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** Beyond this many pixels outside the plot nothing is drawn exactly: huge coordinates draw wrongly. */
const FAR = 4000;

function pixel(value: number): number {
  return Math.round(Math.min(Math.max(value, -FAR), FAR) * 10) / 10;
}

/** Path of a line; it breaks where a value is missing or has no place on the axis, and a lone value is a dot. */
export function linePath(points: readonly Point[], scales: PathScales): string {
  const parts: string[] = [];
  let drawn = 0; // points since the last break
  let lastX = 0;
  let lastY = 0;
  for (const point of points) {
    const x = scales.x(point.x);
    const y = point.y === null ? Number.NaN : scales.y(point.y);
    if (Number.isNaN(x) || Number.isNaN(y)) {
      if (drawn === 1) parts.push('h0');
      drawn = 0;
      continue;
    }
    const px = pixel(x);
    const py = pixel(y);
    if (drawn > 0 && px === lastX && py === lastY) continue;
    parts.push(`${drawn === 0 ? 'M' : 'L'}${px} ${py}`);
    lastX = px;
    lastY = py;
    drawn += 1;
  }
  if (drawn === 1) parts.push('h0');
  return parts.join('');
}

/** Path of the area between two lines; empty where it has fewer than two points. */
export function bandPath(points: readonly BandPoint[], scales: PathScales): string {
  const there: string[] = [];
  const back: string[] = [];
  for (const point of points) {
    const x = scales.x(point.x);
    const high = scales.y(point.high);
    const low = scales.y(point.low);
    if (Number.isNaN(x + high + low)) continue;
    there.push(`${pixel(x)} ${pixel(high)}`);
    back.push(`${pixel(x)} ${pixel(low)}`);
  }
  if (there.length < 2) return '';
  return `M${there.join('L')}L${back.reverse().join('L')}z`;
}

/** Half of the width, in pixels, of the bars at the ends of a range. */
const CAP = 3;

/** Path of upright lines from the lowest to the highest value of each point, with bars at their ends. */
export function whiskerPath(points: readonly BandPoint[], scales: PathScales): string {
  return points
    .map((point) => {
      const [x, high, low] = [scales.x(point.x), scales.y(point.high), scales.y(point.low)].map(pixel) as [
        number,
        number,
        number,
      ];
      if (Number.isNaN(x + high + low)) return '';
      return `M${x - CAP} ${high}h${2 * CAP}m${-CAP} 0V${low}m${-CAP} 0h${2 * CAP}`;
    })
    .join('');
}

/** Marks closer together than this are drawn once. */
const MARK_SPACING = 9;

/** Where, in pixels from the left, a line lies above or below the plot, and where it has no number. */
export function offScaleMarks(
  points: readonly Point[],
  { x, y, area }: PathScales,
): {
  readonly above: readonly number[];
  readonly below: readonly number[];
  readonly gaps: readonly number[];
} {
  const marks = { above: [] as number[], below: [] as number[], gaps: [] as number[] };
  for (const point of points) {
    const px = x(point.x);
    if (!(px >= area.x - 0.5 && px <= area.x + area.width + 0.5)) continue;
    const py = point.y === null ? Number.NaN : y(point.y);
    const where =
      point.y === null
        ? marks.gaps
        : py < area.y - 0.5
          ? marks.above
          : // A value without a place on a logarithmic axis, zero or less, lies below all of it.
            py > area.y + area.height + 0.5 || Number.isNaN(py)
            ? marks.below
            : undefined;
    if (where && px - (where.at(-1) ?? Number.NEGATIVE_INFINITY) >= MARK_SPACING) where.push(pixel(px));
  }
  return marks;
}

/** Where, in pixels, a line is marked: every point of the plot that lies at least `spacing` beyond the last mark. */
export function markedPixels(
  points: readonly Point[],
  { x, y, area }: PathScales,
  spacing: number,
): readonly (readonly [number, number])[] {
  // Not at the very edge, where the mark would be cut in half by the axis.
  let next = spacing > 0 ? area.x + spacing / 2 : area.x - 1;
  return points.flatMap((point) => {
    const px = x(point.x);
    const py = point.y === null ? Number.NaN : y(point.y);
    const isInside = py >= area.y - 1 && py <= area.y + area.height + 1 && px <= area.x + area.width + 1;
    if (!isInside || !(px >= next)) return [];
    if (spacing > 0) next = px + spacing;
    return [[px, py] as const];
  });
}
