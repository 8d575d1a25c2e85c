import type { EpochRow } from '#domain/run.ts';
import { addOffScale, offScale } from '#ui/charts/series.ts';
import type { OffScale } from '#ui/charts/series.ts';
import { logAxis, roundedAxis } from '#ui/charts/ticks.ts';
import type { AxisTicks } from '#ui/charts/ticks.ts';
import type { ChartRun } from './chartRuns.ts';

/** The vertical axis of losses: what most of them need, or all of them. */
export function lossAxis(runs: readonly ChartRun[], isLog: boolean, showsAll: boolean): AxisTicks {
  const ranges = runs.flatMap(({ series }) => {
    if (!showsAll) return series.lossRange ? [series.lossRange] : [];
    const values = [...series.raw, ...series.validLoss].flatMap(({ y }) => (y === null ? [] : [y]));
    return values.length > 0 ? [[Math.min(...values), Math.max(...values)] as const] : [];
  });
  if (ranges.length === 0) return isLog ? logAxis(0.1, 5) : roundedAxis(0, 2.5);
  const low = Math.min(...ranges.map((range) => range[0]));
  const high = Math.max(...ranges.map((range) => range[1]));
  return isLog
    ? logAxis(Math.max(1e-6, low), Math.max(high, 2 * Math.max(1e-6, low)), true)
    : roundedAxis(Math.min(0, low), high);
}

/** Epochs [first, end) whose last step is among some steps. */
function visibleEpochs(
  epochs: readonly EpochRow[],
  [first, end]: readonly [number, number],
): readonly [number, number] {
  const isOver = (step: number): number => epochs.filter((row) => row.step <= step).length;
  return [isOver(first), isOver(end)];
}

/** Visible losses, training and validation, that the axis leaves out; exact, however many points are drawn. */
export function lossesOffScale(runs: readonly ChartRun[], { domain }: AxisTicks): OffScale {
  const counts = runs.flatMap(({ run, series }) => [
    offScale(run.metrics.series('losses'), series.steps, domain),
    offScale(
      run.epochs.map((row) => row.validLoss),
      visibleEpochs(run.epochs, series.steps),
      domain,
    ),
  ]);
  return counts.reduce(addOffScale, { above: 0, below: 0, highest: domain[1], lowest: domain[0], gaps: 0 });
}
