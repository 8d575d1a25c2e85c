import { useState } from 'react';
import type { ReactNode } from 'react';
import { differenceSeries, epochDifferences } from '#ui/charts/differences.ts';
import type { EpochMeasure } from '#ui/charts/differences.ts';
import { OffScaleNote } from '#ui/charts/OffScaleNote.tsx';
import { Plot } from '#ui/charts/Plot.tsx';
import { MARKS_APART } from '#ui/charts/PlotLines.tsx';
import { addOffScale, offScale, visibleSteps } from '#ui/charts/series.ts';
import type { OffScale, Point } from '#ui/charts/series.ts';
import { xOfEpoch, xOfStep } from '#ui/charts/xUnit.ts';
import { formatTick } from '#ui/format.ts';
import { runKeys } from '#ui/panels/train/chartKeys.ts';
import { cursorTitle, formatDifference } from '#ui/panels/train/readouts.ts';
import { axisOf, nameIn } from '#ui/panels/train/chartRuns.ts';
import type { ChartRun, ChartView } from '#ui/panels/train/chartRuns.ts';
import { ZERO, symmetricAxis } from './differenceAxis.ts';

type Measure = 'loss' | EpochMeasure;

const measures: readonly { readonly value: Measure; readonly label: string; readonly what: string }[] = [
  { value: 'loss', label: 'training loss', what: 'smoothed, minus the baseline’s; below zero is better' },
  {
    value: 'validLoss',
    label: 'validation loss',
    what: 'minus the baseline’s at the end of the same epoch; below zero is better',
  },
  {
    value: 'accuracy',
    label: 'accuracy',
    what: 'minus the baseline’s at the end of the same epoch; above zero is better',
  },
];

/** One run beside the baseline. */
interface Difference extends ChartRun {
  readonly points: readonly Point[];
  /** All values that are visible, drawn or not. */
  readonly values: ArrayLike<number>;
  readonly range: readonly [number, number];
  /** Difference at a step, and where it stands. */
  readonly at: (step: number) => { readonly x: number; readonly y: number } | undefined;
}

function differenceOf(entry: ChartRun, baseline: ChartRun, view: ChartView, measure: Measure): Difference {
  const { run } = entry;
  if (measure === 'loss') {
    const { points, values } = differenceSeries(run, baseline.run, view.series);
    const at = (step: number) => ({ x: xOfStep(run, view.unit, step), y: values[step] ?? Number.NaN });
    return { ...entry, points, values, range: visibleSteps(run, view.series), at };
  }
  const points = epochDifferences(run, baseline.run, view.series, measure);
  const [low, high] = view.xAxis.domain;
  const values = points.flatMap(({ x, y }) => (x >= low && x <= high ? [y ?? Number.NaN] : []));
  return {
    ...entry,
    points,
    values,
    range: [0, values.length],
    at: (step) => {
      const index = run.epochs.findLastIndex((row) => row.step <= step + 1);
      if (index < 0) return undefined;
      const x = xOfEpoch(run, view.unit, index);
      const point = points.find((one) => one.x === x);
      return point && { x, y: point.y ?? Number.NaN };
    },
  };
}

/** Losses or accuracies of every drawn run minus those of the baseline. */
export function DifferenceChart({ view, baseline }: { view: ChartView; baseline: ChartRun }): ReactNode {
  const [measure, setMeasure] = useState<Measure>('loss');
  const [showsAll, setShowsAll] = useState(false);
  const { label, what } = measures.find(({ value }) => value === measure)!;
  const others = view.runs
    .filter(({ run }) => run.id !== baseline.run.id)
    .map((entry) => differenceOf(entry, baseline, view, measure));
  const yAxis = symmetricAxis(
    others.map(({ points }) => points),
    showsAll,
  );
  const [lowest, highest] = yAxis.domain;
  const hidden = others
    .map(({ values, range }) => offScale(values, range, yAxis.domain))
    .reduce<OffScale>(addOffScale, { above: 0, below: 0, highest, lowest, gaps: 0 });
  const ends = others.flatMap(({ run, points }) => {
    const last = points.findLast(({ y }) => y !== null);
    return last?.y === undefined || last.y === null
      ? []
      : [`${nameIn(view, run)} ${formatDifference(last.y)}`];
  });
  return (
    <Plot
      title={`Difference to ${nameIn(view, baseline.run)}`}
      subtitle={
        <>
          <select
            aria-label="Difference of"
            value={measure}
            onChange={({ target }) => setMeasure(measures.find(({ value }) => value === target.value)!.value)}
          >
            {measures.map((one) => (
              <option key={one.value} value={one.value}>
                {one.label}
              </option>
            ))}
          </select>
          <span data-picture={`${label}, ${what}`}>{what}</span>
          {/* Where the baseline has no value there is nothing to subtract, which is no fault of the run. */}
          <OffScaleNote
            hidden={{ ...hidden, gaps: 0 }}
            showsAll={showsAll}
            onToggle={setShowsAll}
            focus="Focus on most"
          />
        </>
      }
      summary={ends.length > 0 ? `At the end: ${ends.join('; ')}.` : 'No run overlaps the baseline.'}
      {...axisOf(view)}
      xLabel={view.xLabel}
      yAxis={yAxis}
      formatY={formatTick}
      rules={[ZERO]}
      keys={runKeys({ ...view, runs: others })}
      lines={others.map(({ run, style, points }) => ({
        id: run.id,
        points,
        colour: style.colour,
        dash: style.dash,
        marker: style.marker,
        ...(measure === 'loss' && { markerSpacing: MARKS_APART }),
        width: 1.5,
      }))}
      readout={(x) => ({
        title: cursorTitle(view, x),
        rows: view.atCursor(x).flatMap(({ run, style, step }) => {
          const at = others.find((other) => other.run.id === run.id)?.at(step);
          if (!at) return [];
          return [
            {
              id: run.id,
              name: nameIn(view, run),
              colour: style.colour,
              dash: style.dash,
              text: formatDifference(at.y),
              at: Number.isFinite(at.y) ? at : undefined,
            },
          ];
        }),
      })}
      empty="Another run than the baseline is needed here."
    />
  );
}
