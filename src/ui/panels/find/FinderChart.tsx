import { useState } from 'react';
import type { ReactNode } from 'react';
import { OffScaleNote } from '#ui/charts/OffScaleNote.tsx';
import { formatLoss, formatRate, formatTick } from '#ui/format.ts';
import { Plot } from '#ui/charts/Plot.tsx';
import type { PlotLine } from '#ui/charts/Plot.tsx';
import { MARKS_APART } from '#ui/charts/PlotLines.tsx';
import type { EndLabel, Mark, Rule, Shade } from '#ui/charts/PlotLayers.tsx';
import type { Readout } from '#ui/charts/PlotCursor.tsx';
import type { PlotKey } from '#ui/charts/PlotKeys.tsx';
import type { Range } from '#ui/state/zoom.ts';
import { logAxis } from '#ui/charts/ticks.ts';
import { ruleTexts, runLabel, statusText } from '#ui/runText.ts';
import { viewActions } from '#ui/state/viewStore.ts';
import { finderLossAxis, finderOffScale, stepAtRate, trimmedRates } from './finderCurves.ts';
import type { FinderCurve } from './finderCurves.ts';

interface FinderChartProps {
  readonly curves: readonly FinderCurve[];
  /** The curve whose suggestions and stop line are drawn. */
  readonly selected: FinderCurve | undefined;
  /** All of the axis, and the part of it that is visible. */
  readonly extent: Range;
  readonly range: Range;
  readonly showsNames: boolean;
  readonly isLossLog: boolean;
  /** Undefined where no rate is chosen, as in a report. */
  readonly choice?: RateChoice;
}

/** The learning rate that a marker, clicks and keys choose. */
interface RateChoice {
  readonly rate: number;
  /** Whose: 'the set-up'. */
  readonly target: string;
  /** A key says the new rate by itself. */
  readonly onPick: (learningRate: number, how: 'click' | 'drag' | 'key') => void;
}

function formatRateTick(value: number): string {
  return formatRate(value);
}

/** Loss against learning rate of every visible finder; a click sets the maximum learning rate. */
export function FinderChart(props: FinderChartProps): ReactNode {
  const { curves, selected, range, isLossLog, choice } = props;
  const [showsAll, setShowsAll] = useState(false);
  const yAxis = finderLossAxis(curves, range, { isLog: isLossLog, showsAll });
  const lines: PlotLine[] = curves.flatMap(({ run, style, raw, smoothed }) => [
    { id: `${run.id} raw`, points: raw, colour: style.colour, asDots: true, width: 3 },
    {
      id: `${run.id} smooth`,
      points: smoothed,
      colour: style.colour,
      dash: style.dash,
      marker: style.marker,
      markerSpacing: MARKS_APART,
      width: 2,
    },
  ]);
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
          {selected && (
            <span className="key">
              <i className="key-trim" /> left out by the rules
            </span>
          )}
          <OffScaleNote
            hidden={finderOffScale(curves, range, yAxis)}
            showsAll={showsAll}
            onToggle={setShowsAll}
            focus="Focus below the stop line"
            isLog={isLossLog}
          />
          {choice && (
            <span>click, or move the marker, to choose the maximum learning rate; drag to zoom</span>
          )}
        </>
      }
      summary={
        selected
          ? `${runLabel(selected.run)}: ${statusText(selected.run)}, lowest smoothed loss ${formatLoss(selected.best ?? Number.NaN)}. Enter sets the maximum learning rate, and so does the marker.`
          : 'Nothing to show yet.'
      }
      group="finder"
      xAxis={logAxis(range[0], range[1])}
      xExtent={props.extent}
      isXLog
      xLabel="learning rate"
      yAxis={yAxis}
      isYLog={isLossLog}
      onLogY={viewActions.toggleLossLog}
      formatX={formatRateTick}
      formatY={formatTick}
      lines={lines}
      rules={selected ? stopRules(selected, curves.length > 1) : []}
      shades={selected ? trims(selected) : []}
      {...(choice && {
        picker: {
          at: choice.rate,
          label: `max LR ${formatRate(choice.rate, 3)}`,
          name: `Max learning rate of ${choice.target}`,
          format: formatRateTick,
          onMove: choice.onPick,
        },
        onPick: (rate: number) => choice.onPick(rate, 'click'),
      })}
      marks={selected ? suggestionMarks(selected) : []}
      endLabels={props.showsNames ? curves.flatMap(endLabel) : []}
      keys={curves.length > 1 ? curves.map(keyOf) : []}
      showsKeys={!props.showsNames}
      readout={(rate) => readout(curves, rate)}
      empty="The loss of each step appears here as the learning rate rises."
    />
  );
}

/** The lowest smoothed loss so far, and where the finder stops. */
function stopRules({ run, best, stopAbove }: FinderCurve, isOneOfSeveral: boolean): Rule[] {
  if (best === undefined || stopAbove === undefined) return [];
  const whose = isOneOfSeveral ? ` of ${runLabel(run)}` : '';
  const looks = { axis: 'y', colour: 'var(--muted)', isDashed: true } as const;
  return [
    { ...looks, at: best, label: `best so far${whose}: ${formatLoss(best)}`, isTextBelow: true },
    { ...looks, at: stopAbove, label: `4 × best${whose}: the finder stops above` },
  ];
}

/** Parts of the selected curve that the rules of fastai v2 do not look at. */
function trims({ run }: FinderCurve): Shade[] {
  return trimmedRates(run).map(([from, to]) => ({ from, to, title: 'The rules leave this part out.' }));
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

function endLabel({ run, style: { colour, marker }, smoothed }: FinderCurve): EndLabel[] {
  const last = smoothed.findLast((point) => point.y !== null);
  return last?.y === null || last === undefined
    ? []
    : [{ id: run.id, x: last.x, y: last.y, text: runLabel(run), colour, marker }];
}

function keyOf({ run, style: { colour, dash, marker } }: FinderCurve): PlotKey {
  return { id: run.id, name: runLabel(run), colour, dash, marker };
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
