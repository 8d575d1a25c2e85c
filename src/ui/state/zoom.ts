import { create } from 'zustand';
import type { CursorGroup } from './cursor.ts';

export type Range = readonly [number, number];

interface ZoomState {
  /** Visible part of the horizontal axis of each group of charts; absent shows everything. */
  readonly ranges: Partial<Record<CursorGroup, Range>>;
}

/** Charts of one group are zoomed together, as they share their cursor. */
export const useZoom = create<ZoomState>()(() => ({ ranges: {} }));

/** An axis, as far as zooming needs it. */
export interface ZoomAxis {
  /** All there is. */
  readonly extent: Range;
  readonly isLog: boolean;
}

const toScale = (value: number, isLog: boolean): number => (isLog ? Math.log(value) : value);
const fromScale = (value: number, isLog: boolean): number => (isLog ? Math.exp(value) : value);

/** A zoom closer than this share of everything is refused. */
const CLOSEST = 1e-5;

/**
 * The range that is shown when `low` to `high` is asked for: within the extent, no narrower than can be drawn,
 * undefined where it is everything.
 */
export function fittedRange([low, high]: Range, { extent, isLog }: ZoomAxis): Range | undefined {
  const [least, most] = extent.map((value) => toScale(value, isLog)) as [number, number];
  const whole = most - least;
  let a = toScale(Math.min(low, high), isLog);
  let b = toScale(Math.max(low, high), isLog);
  if (Number.isNaN(a)) a = least;
  if (!(b - a > whole * CLOSEST)) {
    const middle = (a + b) / 2;
    [a, b] = [middle - (whole * CLOSEST) / 2, middle + (whole * CLOSEST) / 2];
  }
  const span = Math.min(whole, b - a);
  // Moved rather than cut at an end, so that panning keeps the magnification.
  a = Math.min(Math.max(a, least), most - span);
  return span >= whole * 0.999 ? undefined : [fromScale(a, isLog), fromScale(a + span, isLog)];
}

/** `factor` below 1 comes closer; `around` stays where it is on the screen. */
export function zoomedRange(
  [low, high]: Range,
  axis: ZoomAxis,
  factor: number,
  around?: number,
): Range | undefined {
  const a = toScale(low, axis.isLog);
  const b = toScale(high, axis.isLog);
  const centre = around === undefined ? (a + b) / 2 : toScale(around, axis.isLog);
  return fittedRange(
    [
      fromScale(centre + (a - centre) * factor, axis.isLog),
      fromScale(centre + (b - centre) * factor, axis.isLog),
    ],
    axis,
  );
}

/** Moves by a share of what is visible; to the right where it is positive. */
export function pannedRange([low, high]: Range, axis: ZoomAxis, share: number): Range | undefined {
  const a = toScale(low, axis.isLog);
  const b = toScale(high, axis.isLog);
  const by = (b - a) * share;
  return fittedRange([fromScale(a + by, axis.isLog), fromScale(b + by, axis.isLog)], axis);
}

/** Shows a part of the axis, or everything. */
export function setZoom(group: CursorGroup, range: Range | undefined): void {
  useZoom.setState(({ ranges }) => {
    const { [group]: _, ...others } = ranges;
    return { ranges: range ? { ...others, [group]: range } : others };
  });
}
