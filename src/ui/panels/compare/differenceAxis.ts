import type { Rule } from '#ui/charts/PlotLayers.tsx';
import type { Point } from '#ui/charts/series.ts';
import { roundedAxis } from '#ui/charts/ticks.ts';
import type { AxisTicks } from '#ui/charts/ticks.ts';

export const ZERO: Rule = { axis: 'y', at: 0, label: '', colour: 'var(--muted)' };

/** Leaves out the largest hundredth, such as the explosion of a diverged run; the chart says how many. */
const SHARE_SHOWN = 0.99;

/** An axis with zero in its middle, for most of the points or for all. */
export function symmetricAxis(lines: readonly (readonly Point[])[], showsAll: boolean): AxisTicks {
  const sizes = lines
    .flatMap((points) => points.flatMap(({ y }) => (y === null ? [] : [Math.abs(y)])))
    .sort((a, b) => a - b);
  const size = sizes[Math.floor((sizes.length - 1) * (showsAll ? 1 : SHARE_SHOWN))] ?? 0;
  return roundedAxis(-(size || 0.1), size || 0.1, 4);
}
