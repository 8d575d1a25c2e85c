import type { ReactNode } from 'react';
import { differenceSeries } from '#ui/charts/differences.ts';
import { Plot } from '#ui/charts/Plot.tsx';
import type { Rule } from '#ui/charts/PlotLayers.tsx';
import type { Point } from '#ui/charts/series.ts';
import { roundedAxis } from '#ui/charts/ticks.ts';
import type { AxisTicks } from '#ui/charts/ticks.ts';
import { xOfStep } from '#ui/charts/xUnit.ts';
import { formatTick } from '#ui/format.ts';
import { cursorTitle, formatDifference } from '#ui/panels/train/readouts.ts';
import type { ChartRun, ChartView } from '#ui/panels/train/chartRuns.ts';
import { runLabel } from '#ui/runText.ts';

export const ZERO: Rule = { axis: 'y', at: 0, label: '', colour: 'var(--muted)' };

/** Smoothed loss of every drawn run minus that of the baseline at the same position. */
export function DifferenceChart({ view, baseline }: { view: ChartView; baseline: ChartRun }): ReactNode {
  const others = view.runs
    .filter(({ run }) => run.id !== baseline.run.id)
    .map((entry) => ({ ...entry, difference: differenceSeries(entry.run, baseline.run, view.series) }));
  const ends = others.flatMap(({ run, difference }) => {
    const last = difference.points.findLast(({ y }) => y !== null);
    return last?.y === undefined || last.y === null ? [] : [`${runLabel(run)} ${formatDifference(last.y)}`];
  });
  return (
    <Plot
      title={`Difference to ${runLabel(baseline.run)}`}
      subtitle="smoothed training loss minus the baseline’s; below zero is better"
      summary={ends.length > 0 ? `At the end: ${ends.join('; ')}.` : 'No run overlaps the baseline.'}
      group={view.group}
      xAxis={view.xAxis}
      xExtent={view.xExtent}
      isXLog={view.series.isXLog}
      xLabel={view.xLabel}
      yAxis={symmetricAxis(others.map(({ difference }) => difference.points))}
      formatX={view.formatX}
      formatY={formatTick}
      rules={[ZERO]}
      lines={others.map(({ run, style, difference }) => ({
        id: run.id,
        points: difference.points,
        colour: style.colour,
        dash: style.dash,
        width: 1.5,
      }))}
      readout={(x) => ({
        title: cursorTitle(view, x),
        rows: view
          .atCursor(x)
          .filter(({ run }) => run.id !== baseline.run.id)
          .map(({ run, style, step }) => {
            const y = differenceSeries(run, baseline.run, view.series).values[step] ?? Number.NaN;
            return {
              id: run.id,
              name: runLabel(run),
              colour: style.colour,
              dash: style.dash,
              text: formatDifference(y),
              at: Number.isFinite(y) ? { x: xOfStep(run, view.unit, step), y } : undefined,
            };
          }),
      })}
      empty="Another run than the baseline is needed here."
    />
  );
}

/** Leaves out the largest hundredth, such as the explosion of a diverged run; arrows say where. */
const SHARE_SHOWN = 0.99;

/** An axis with zero in its middle. */
export function symmetricAxis(lines: readonly (readonly Point[])[]): AxisTicks {
  const sizes = lines
    .flatMap((points) => points.flatMap(({ y }) => (y === null ? [] : [Math.abs(y)])))
    .sort((a, b) => a - b);
  const size = sizes[Math.floor((sizes.length - 1) * SHARE_SHOWN)] ?? 0;
  return roundedAxis(-(size || 0.1), size || 0.1, 4);
}
