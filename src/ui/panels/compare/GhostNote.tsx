import type { ReactNode } from 'react';
import { NOTEBOOK_NOTE } from '#analysis/questions/notebook.ts';
import type { GhostPoint } from '#ui/charts/PlotLines.tsx';
import type { AxisTicks } from '#ui/charts/ticks.ts';

interface GhostNoteProps {
  readonly ghosts: readonly GhostPoint[];
  readonly xAxis: AxisTicks;
  readonly yAxis: AxisTicks;
}

/** What the hollow marks of a chart are, and how many of them its axes leave out. */
export function GhostNote({ ghosts, xAxis, yAxis }: GhostNoteProps): ReactNode {
  if (ghosts.length === 0) return null;
  const isWithin = (value: number, { domain: [low, high] }: AxisTicks): boolean =>
    value >= low && value <= high;
  const out = ghosts.filter(({ x, y }) => !isWithin(x, xAxis) || !isWithin(y, yAxis)).length;
  return (
    <p className="field-help">
      {`Hollow marks: validation losses of the post’s notebook at the ends of its epochs: ${NOTEBOOK_NOTE}.`}
      {out > 0 && ` ${out} of ${ghosts.length} lie outside the visible axes.`}
    </p>
  );
}
