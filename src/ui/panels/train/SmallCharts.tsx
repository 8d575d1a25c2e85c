import { useState } from 'react';
import type { ReactNode } from 'react';
import type { SeriesName } from '#client/metricBuffer.ts';
import type { EpochRow } from '#domain/run.ts';
import { formatPercent, formatRate } from '#ui/format.ts';
import { OffScaleNote } from '#ui/charts/OffScaleNote.tsx';
import { Plot } from '#ui/charts/Plot.tsx';
import type { PlotLine } from '#ui/charts/Plot.tsx';
import { MARKS_APART } from '#ui/charts/PlotLines.tsx';
import type { LogSwitch } from '#ui/charts/PlotTools.tsx';
import type { Readout } from '#ui/charts/PlotCursor.tsx';
import { addOffScale, offScale } from '#ui/charts/series.ts';
import type { Point } from '#ui/charts/series.ts';
import { logAxis, roundedAxis } from '#ui/charts/ticks.ts';
import { xOfEpoch, xOfStep } from '#ui/charts/xUnit.ts';
import { chartKeys, runKeys } from './chartKeys.ts';
import { axisOf, nameIn } from './chartRuns.ts';
import type { ChartGroup, ChartRun, ChartView } from './chartRuns.ts';
import { cursorTitle, formatPoints } from './readouts.ts';

interface SmallChartProps {
  readonly view: ChartView;
}

function formatPercentTick(value: number): string {
  return `${Number((100 * value).toFixed(1))}%`;
}

function formatRateTick(value: number): string {
  return formatRate(value, 3);
}

/** Validation accuracy at the end of each epoch. */
export function AccuracyChart({ view }: SmallChartProps): ReactNode {
  const [low, high] = rangeOf(view.runs, (run) => run.series.accuracy) ?? [0, 1];
  return (
    <Plot
      title="Accuracy"
      subtitle="validation"
      summary={accuracySummary(view)}
      {...axisOf(view)}
      yAxis={roundedAxis(Math.max(0, low - 0.05), Math.min(1, high + 0.05), 4)}
      formatY={formatPercentTick}
      lines={view.groups.flatMap(accuracyLines)}
      bands={view.groups.flatMap(({ runs, style, band }) =>
        band ? [{ id: runs[0]!.run.id, points: band.accuracyBand, colour: style.colour }] : [],
      )}
      keys={chartKeys(view)}
      readout={(x) => accuracyReadout(view, x)}
      empty="After the first epoch"
    />
  );
}

function accuracyLines({ runs, style, band }: ChartGroup): readonly PlotLine[] {
  const { colour, dash, marker } = style;
  if (!band) {
    return runs.map(({ run, series, style: own }) => ({
      id: run.id,
      points: series.accuracy,
      colour: own.colour,
      dash: own.dash,
      marker: own.marker,
      width: 1.5,
    }));
  }
  return [
    ...runs.map(({ run, series }) => ({
      id: run.id,
      points: series.accuracy,
      colour,
      dash,
      width: 1,
      opacity: 0.35,
    })),
    { id: `${runs[0]!.run.id} mean`, points: band.accuracyMean, colour, dash, marker, width: 1.5 },
  ];
}

function accuracySummary(view: ChartView): string {
  const parts = view.runs.flatMap(({ run }) => {
    const last = run.epochs.at(-1);
    return last ? [`${nameIn(view, run)}: ${formatPercent(last.accuracy)} after epoch ${last.epoch}`] : [];
  });
  return parts.length > 0 ? `${parts.join('; ')}.` : 'No epoch has ended yet.';
}

function accuracyReadout(view: ChartView, x: number): Readout {
  return {
    title: cursorTitle(view, x),
    rows: view.atCursor(x).flatMap(({ run, style, step }) => {
      const index = run.epochs.findLastIndex((row) => row.step <= step + 1);
      const row = run.epochs[index];
      if (!row) return [];
      return [
        {
          id: run.id,
          name: nameIn(view, run),
          colour: style.colour,
          dash: style.dash,
          text: `${formatPercent(row.accuracy)}${pointsText(view, row)}`,
          at: { x: xOfEpoch(run, view.unit, index), y: row.accuracy },
        },
      ];
    }),
  };
}

/** ' · Δ +1.2' percentage points to the baseline at the same epoch; empty for itself, and without one. */
function pointsText({ baseline }: ChartView, row: EpochRow): string {
  const other = baseline?.run.epochs.find(({ epoch }) => epoch === row.epoch);
  return other && other !== row ? ` · Δ ${formatPoints(row.accuracy - other.accuracy)}` : '';
}

/** Learning rate of every step. */
export function LearningRateChart({ view }: SmallChartProps): ReactNode {
  const [isLog, onChange] = useState(false);
  return (
    <StepValueChart
      view={view}
      title="Learning rate"
      name="learningRates"
      pick={(run) => run.series.learningRate}
      format={(value) => formatRate(value, 3)}
      from={0}
      logY={{ isOn: isLog, onChange }}
    />
  );
}

/** Momentum (SGD) or first beta (AdamW) of every step. */
export function MomentumChart({ view }: SmallChartProps): ReactNode {
  return (
    <StepValueChart
      view={view}
      title="Momentum"
      name="momenta"
      pick={(run) => run.series.momentum}
      format={(value) => String(Number(value.toFixed(3)))}
      from={undefined}
    />
  );
}

interface StepValueChartProps extends SmallChartProps {
  readonly title: string;
  readonly name: SeriesName;
  readonly pick: (run: ChartRun) => readonly Point[];
  readonly format: (value: number) => string;
  /** Where the axis starts; undefined starts near the lowest value. */
  readonly from: number | undefined;
  /** Values that may go over several decades. */
  readonly logY?: LogSwitch;
}

function StepValueChart({ view, title, name, pick, format, from, logY }: StepValueChartProps): ReactNode {
  const isLog = logY?.isOn ?? false;
  const [low, high] = rangeOf(view.runs, pick, isLog) ?? [0.8, 1];
  const yAxis = isLog ? logAxis(low, high > low ? high : 10 * low, true) : roundedAxis(from ?? low, high, 4);
  // On a logarithmic axis only zero and less is left out.
  const hidden = isLog
    ? view.runs.map(({ run, series }) => offScale(run.metrics.series(name), series.steps, yAxis.domain))
    : [];
  const ends = view.runs.flatMap(({ run }) =>
    run.metrics.count > 0
      ? [`${nameIn(view, run)}: ${format(run.metrics.at(name, run.metrics.count - 1))}`]
      : [],
  );
  return (
    <Plot
      title={title}
      {...(logY && { logY })}
      subtitle={hidden.length > 0 && <OffScaleNote hidden={hidden.reduce(addOffScale)} isLog />}
      summary={ends.length > 0 ? `Last values: ${ends.join('; ')}.` : 'Nothing to show yet.'}
      {...axisOf(view)}
      yAxis={yAxis}
      isYLog={isLog}
      formatY={formatRateTick}
      keys={runKeys(view)}
      lines={view.runs.map((chartRun) => ({
        id: chartRun.run.id,
        points: pick(chartRun),
        colour: chartRun.style.colour,
        dash: chartRun.style.dash,
        marker: chartRun.style.marker,
        markerSpacing: MARKS_APART,
        width: 1.5,
      }))}
      readout={(x) => ({
        title: cursorTitle(view, x),
        rows: view.atCursor(x).map(({ run, style, step }) => {
          const y = run.metrics.at(name, step);
          return {
            id: run.id,
            name: nameIn(view, run),
            colour: style.colour,
            dash: style.dash,
            text: format(y),
            at: Number.isFinite(y) ? { x: xOfStep(run, view.unit, step), y } : undefined,
          };
        }),
      })}
      empty="At the first step"
    />
  );
}

function rangeOf(
  runs: readonly ChartRun[],
  pick: (run: ChartRun) => readonly Point[],
  isLog = false,
): readonly [number, number] | undefined {
  const values = runs.flatMap((run) =>
    pick(run).flatMap(({ y }) => (y === null || (isLog && y <= 0) ? [] : [y])),
  );
  return values.length > 0 ? [Math.min(...values), Math.max(...values)] : undefined;
}
