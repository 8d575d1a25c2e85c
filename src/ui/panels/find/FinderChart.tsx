import type { ReactNode } from 'react';
import { formatLoss, formatRate, formatTick } from '#ui/format.ts';
import { Plot } from '#ui/charts/Plot.tsx';
import type { PlotLine } from '#ui/charts/Plot.tsx';
import type { Mark, Rule } from '#ui/charts/PlotLayers.tsx';
import type { Readout } from '#ui/charts/PlotCursor.tsx';
import { logAxis, roundedAxis } from '#ui/charts/ticks.ts';
import type { AxisTicks } from '#ui/charts/ticks.ts';
import { ruleTexts, runLabel, statusText } from '#ui/runText.ts';
import { stepAtRate } from './finderCurves.ts';
import type { FinderCurve } from './finderCurves.ts';

interface FinderChartProps {
  readonly curves: readonly FinderCurve[];
  /** The curve whose suggestions and stop line are drawn. */
  readonly selected: FinderCurve | undefined;
  readonly range: readonly [number, number];
  readonly maxLearningRate: number;
  readonly showsNames: boolean;
  readonly isLossLog: boolean;
  readonly onPick: (learningRate: number) => void;
}

function formatRateTick(value: number): string {
  return formatRate(value);
}

/** Loss against learning rate of every visible finder; a click sets the maximum learning rate. */
export function FinderChart(props: FinderChartProps): ReactNode {
  const { curves, selected } = props;
  const lines: PlotLine[] = curves.flatMap(({ run, style, raw, smoothed }) => [
    { id: `${run.id} raw`, points: raw, colour: style.colour, asDots: true, width: 3 },
    { id: `${run.id} smooth`, points: smoothed, colour: style.colour, dash: style.dash, width: 2 },
  ]);
  const rules: Rule[] = [
    {
      axis: 'x',
      at: props.maxLearningRate,
      label: `max LR ${formatRate(props.maxLearningRate, 3)}`,
      colour: 'var(--ink)',
    },
  ];
  if (selected?.stopAbove !== undefined) {
    rules.push({
      axis: 'y',
      at: selected.stopAbove,
      label: `4 × best${curves.length > 1 ? ` of ${runLabel(selected.run)}` : ''}: the finder stops above`,
      colour: 'var(--muted)',
      isDashed: true,
    });
  }
  return (
    <Plot
      className="is-finder"
      title="Loss against learning rate"
      subtitle={
        <>
          <span className="key">
            <i className="key-dot" /> raw
          </span>
          <span className="key">
            <i className="key-smooth" /> smoothed
          </span>
          <span>click to choose the maximum learning rate</span>
        </>
      }
      summary={
        selected
          ? `${runLabel(selected.run)}: ${statusText(selected.run)}, lowest smoothed loss ${formatLoss(selected.best ?? Number.NaN)}. Enter sets the maximum learning rate.`
          : 'Nothing to show yet.'
      }
      group="finder"
      xAxis={logAxis(props.range[0], props.range[1])}
      isXLog
      xLabel="learning rate"
      yAxis={lossAxis(curves, props.isLossLog)}
      isYLog={props.isLossLog}
      formatX={formatRateTick}
      formatY={formatTick}
      lines={lines}
      rules={rules}
      marks={selected ? suggestionMarks(selected) : []}
      endLabels={props.showsNames ? curves.flatMap(endLabel) : []}
      readout={(rate) => readout(curves, rate)}
      onPick={props.onPick}
      empty="The loss of each step appears here as the learning rate rises."
    />
  );
}

/** To just above the stop lines; raw losses of an explosion may lie beyond. */
function lossAxis(curves: readonly FinderCurve[], isLog: boolean): AxisTicks {
  const known = curves.flatMap(({ best, stopAbove }) =>
    best === undefined || stopAbove === undefined ? [] : [{ best, stopAbove }],
  );
  if (known.length === 0) return isLog ? logAxis(1, 10) : roundedAxis(0, 10);
  const high = Math.max(...known.map((curve) => curve.stopAbove)) * 1.05;
  if (!isLog) return roundedAxis(0, high);
  // Single batches lie well below the average.
  return logAxis(Math.max(1e-6, Math.min(...known.map((curve) => curve.best)) / 2), high, true);
}

/** Suggestions of one place share a ring and its label. */
function suggestionMarks({ run }: FinderCurve): Mark[] {
  const byIndex = new Map<number, string[]>();
  for (const { rule, index } of run.result?.suggestions ?? []) {
    if (index !== undefined) byIndex.set(index, [...(byIndex.get(index) ?? []), ruleTexts[rule].name]);
  }
  return [...byIndex].map(([index, names]) => ({
    x: run.metrics.at('learningRates', index),
    y: run.metrics.at('smoothed', index),
    label: names.join(', '),
    colour: 'var(--ink)',
  }));
}

function endLabel({
  run,
  style,
  smoothed,
}: FinderCurve): { x: number; y: number; text: string; colour: string }[] {
  const last = smoothed.findLast((point) => point.y !== null);
  return last?.y === null || last === undefined
    ? []
    : [{ x: last.x, y: last.y, text: runLabel(run), colour: style.colour }];
}

function readout(curves: readonly FinderCurve[], rate: number): Readout {
  return {
    title: `Learning rate ${formatRate(rate)}`,
    rows: curves.flatMap(({ run, style }) => {
      const step = stepAtRate(run, rate);
      if (step === undefined) return [];
      const smoothed = run.metrics.at('smoothed', step);
      return [
        {
          id: run.id,
          name: runLabel(run),
          colour: style.colour,
          dash: style.dash,
          text: `${formatLoss(smoothed)} (raw ${formatLoss(run.metrics.at('losses', step))})`,
          at: { x: run.metrics.at('learningRates', step), y: smoothed },
        },
      ];
    }),
  };
}
