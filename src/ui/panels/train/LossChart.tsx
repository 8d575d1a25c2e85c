import type { ReactNode } from 'react';
import type { TrainRecord } from '#client/runRecord.ts';
import { formatLoss, formatTick } from '#ui/format.ts';
import { runLabel, runSummary } from '#ui/runText.ts';
import { Plot } from '#ui/charts/Plot.tsx';
import type { PlotLine } from '#ui/charts/Plot.tsx';
import type { EndLabel } from '#ui/charts/PlotLayers.tsx';
import type { Readout } from '#ui/charts/PlotCursor.tsx';
import { smoothedLosses } from '#ui/charts/series.ts';
import { logAxis, roundedAxis } from '#ui/charts/ticks.ts';
import type { AxisTicks } from '#ui/charts/ticks.ts';
import { xOfStep } from '#ui/charts/xUnit.ts';
import { useView, viewActions } from '#ui/state/viewStore.ts';
import { cursorTitle, validationBefore } from './readouts.ts';
import type { ChartRun, ChartView } from './chartRuns.ts';

interface LossChartProps {
  readonly view: ChartView;
  readonly newest: TrainRecord | undefined;
}

/** Training loss, raw and smoothed, and validation loss of every visible run. */
export function LossChart({ view, newest }: LossChartProps): ReactNode {
  const isLog = useView((state) => state.isLossLog);
  const showsAll = useView((state) => state.showsAllLosses);
  const { runs } = view;
  const yAxis = lossAxis(runs, isLog, showsAll);
  const hidden = lossesAbove(runs, yAxis.domain[1]);
  const lines: PlotLine[] = runs.flatMap(({ run, style, series }) => [
    { id: `${run.id} raw`, points: series.raw, colour: style.colour, width: 1, opacity: 0.28 },
    { id: `${run.id} smooth`, points: series.smoothed, colour: style.colour, dash: style.dash, width: 2 },
    {
      id: `${run.id} valid`,
      points: series.validLoss,
      colour: style.colour,
      width: 1,
      opacity: 0.7,
      dash: style.dash,
      marker: style.marker,
    },
  ]);
  return (
    <Plot
      className="is-large"
      title="Loss"
      subtitle={
        <>
          <span className="key">
            <i className="key-raw" /> raw
          </span>
          <span className="key">
            <i className="key-smooth" /> smoothed
          </span>
          <span className="key">
            <i className="key-valid" /> validation
          </span>
          {hidden.count > 0 || showsAll ? (
            <button type="button" className="link" onClick={() => viewActions.setShowsAllLosses(!showsAll)}>
              {showsAll
                ? 'Focus on most losses'
                : `${hidden.count} above the axis, up to ${formatLoss(hidden.highest)}: show all`}
            </button>
          ) : null}
        </>
      }
      summary={newest ? runSummary(newest) : 'Nothing to show yet.'}
      group="train"
      xAxis={view.xAxis}
      xLabel={view.xLabel}
      yAxis={yAxis}
      isYLog={isLog}
      formatX={view.formatX}
      formatY={formatTick}
      lines={lines}
      endLabels={view.showsNames ? runs.flatMap((run) => lossEndLabel(run, yAxis)) : []}
      readout={(x) => lossReadout(view, x)}
      empty="The loss of each run appears here as it trains."
    />
  );
}

/** At the last point that the axis shows: the curve of a diverged run leaves it early. */
function lossEndLabel({ run, style, series }: ChartRun, { domain }: AxisTicks): EndLabel[] {
  const last = series.smoothed.findLast((point) => point.y !== null && point.y <= domain[1]);
  return last?.y === null || last === undefined
    ? []
    : [{ x: last.x, y: last.y, text: runLabel(run), colour: style.colour }];
}

function lossAxis(runs: readonly ChartRun[], isLog: boolean, showsAll: boolean): AxisTicks {
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

/** Drawn losses that lie above the axis; decimation keeps every extreme, so none is missed. */
function lossesAbove(runs: readonly ChartRun[], limit: number): { count: number; highest: number } {
  let count = 0;
  let highest = limit;
  for (const { run, series } of runs) {
    for (const loss of run.metrics.series('losses')) {
      if (Number.isFinite(loss) && loss > limit) {
        count += 1;
        highest = Math.max(highest, loss);
      }
    }
    for (const { y } of series.validLoss) {
      if (y !== null && y > limit) {
        count += 1;
        highest = Math.max(highest, y);
      }
    }
  }
  return { count, highest };
}

function lossReadout(view: ChartView, x: number): Readout {
  return {
    title: cursorTitle(view, x),
    rows: view.atCursor(x).map(({ run, style, step }) => {
      const raw = run.metrics.at('losses', step);
      const smoothed = smoothedLosses(run.metrics, view.smoothing)[step] ?? Number.NaN;
      const valid = validationBefore(run, step);
      return {
        id: run.id,
        name: runLabel(run),
        colour: style.colour,
        dash: style.dash,
        text: `${formatLoss(smoothed)} (raw ${formatLoss(raw)})${valid ? ` · valid ${formatLoss(valid.validLoss)}` : ''}`,
        at: Number.isFinite(smoothed) ? { x: xOfStep(run, view.unit, step), y: smoothed } : undefined,
      };
    }),
  };
}
