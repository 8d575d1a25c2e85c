import type { ReactNode } from 'react';
import { armName } from '#domain/experiment.ts';
import { formatCount, formatLoss, formatTick } from '#ui/format.ts';
import { runLabel } from '#ui/runText.ts';
import { Plot } from '#ui/charts/Plot.tsx';
import type { GhostPoint, PlotBand, PlotLine } from '#ui/charts/Plot.tsx';
import type { EndLabel } from '#ui/charts/PlotLayers.tsx';
import type { Readout, ReadoutRow } from '#ui/charts/PlotCursor.tsx';
import { smoothedLosses } from '#ui/charts/metricCache.ts';
import { bucketOf } from '#ui/charts/pyramid.ts';
import { COLUMNS, windowOf } from '#ui/charts/series.ts';
import type { OffScale } from '#ui/charts/series.ts';
import { valueBetween } from '#ui/charts/differences.ts';
import type { AxisTicks } from '#ui/charts/ticks.ts';
import { exactStepAt, xOfStep } from '#ui/charts/xUnit.ts';
import { useView, viewActions } from '#ui/state/viewStore.ts';
import { lossAxis, lossesOffScale } from './lossAxis.ts';
import { cursorTitle, formatDifference, validationBefore } from './readouts.ts';
import type { ChartGroup, ChartRun, ChartView } from './chartRuns.ts';

interface LossChartProps {
  readonly view: ChartView;
  readonly title?: string;
  /** What a screen reader hears of it. */
  readonly summary: string;
  /** Shared by charts that are compared; its own where it is undefined. */
  readonly yAxis?: AxisTicks;
  /** Values that somebody else measured. */
  readonly ghosts?: readonly GhostPoint[];
  readonly className?: string;
}

/** Repeats of an arm beside their mean. */
const FAINT = 0.35;

/** Training loss, raw and smoothed, and validation loss of every drawn run. */
export function LossChart({ view, title = 'Loss', ghosts, ...props }: LossChartProps): ReactNode {
  const isLog = useView((state) => state.isLossLog);
  const showsAll = useView((state) => state.showsAllLosses);
  const { runs, groups } = view;
  const yAxis = props.yAxis ?? lossAxis(runs, isLog, showsAll);
  const hidden = lossesOffScale(runs, yAxis);
  const baseline = view.baseline?.run.id;
  return (
    <Plot
      className={props.className ?? 'is-large'}
      title={title}
      subtitle={
        <>
          {groups.some(({ band }) => !band) && (
            <span className="key">
              <i className="key-raw" /> raw
            </span>
          )}
          {groups.some(({ band }) => band) && (
            <span className="key">
              <i className="key-band" /> lowest to highest seed
            </span>
          )}
          <span className="key">
            <i className="key-smooth" /> smoothed
          </span>
          <span className="key">
            <i className="key-valid" /> validation
          </span>
          {hidden.above + hidden.below > 0 || showsAll ? (
            <button type="button" className="link" onClick={() => viewActions.setShowsAllLosses(!showsAll)}>
              {showsAll ? 'Focus on most losses' : `${offScaleText(hidden)}: show all`}
            </button>
          ) : null}
          {hidden.gaps > 0 && <span>{`× ${hidden.gaps} not a number`}</span>}
        </>
      }
      summary={props.summary}
      group={view.group}
      xAxis={view.xAxis}
      xExtent={view.xExtent}
      isXLog={view.series.isXLog}
      xLabel={view.xLabel}
      yAxis={yAxis}
      isYLog={isLog}
      formatX={view.formatX}
      formatY={formatTick}
      lines={groups.flatMap((group) => lossLines(group, baseline))}
      bands={groups.flatMap(lossBands)}
      {...(ghosts ? { ghosts } : {})}
      endLabels={view.showsNames ? groups.flatMap((group) => lossEndLabel(group, yAxis)) : []}
      readout={(x) => lossReadout(view, x)}
      empty="The loss of each run appears here as it trains."
    />
  );
}

/** '3 points above, up to 12.4' */
export function offScaleText({ above, below, highest, lowest }: OffScale): string {
  const points = (count: number): string => `${formatCount(count)} ${count === 1 ? 'point' : 'points'}`;
  return [
    above > 0 ? `${points(above)} above, up to ${formatLoss(highest)}` : '',
    below > 0 ? `${points(below)} below, down to ${formatLoss(lowest)}` : '',
  ]
    .filter((part) => part !== '')
    .join('; ');
}

function lossLines({ runs, style, band }: ChartGroup, baseline: string | undefined): readonly PlotLine[] {
  const { colour, dash, marker } = style;
  if (!band) return runs.flatMap((chartRun) => runLines(chartRun, chartRun.run.id === baseline));
  const id = runs[0]!.run.id;
  const isBaseline = runs.some(({ run }) => run.id === baseline);
  return [
    // Not drawn, but what of it lies off the axis is marked.
    ...runs.map(({ run, series }) => ({ id: `${run.id} raw`, points: series.raw, colour, opacity: 0 })),
    ...runs.map(({ run, series }) => ({
      id: `${run.id} smooth`,
      points: series.smoothed,
      colour,
      dash,
      width: 1,
      opacity: FAINT,
    })),
    { id: `${id} mean`, points: band.mean, colour, dash, width: isBaseline ? 3 : 2 },
    { id: `${id} valid`, points: band.validMean, colour, dash, marker, width: 1, opacity: 0.7 },
  ];
}

function runLines({ run, style, series }: ChartRun, isBaseline: boolean): readonly PlotLine[] {
  const { colour, dash, marker } = style;
  return [
    { id: `${run.id} raw`, points: series.raw, colour, width: 1, opacity: 0.28 },
    { id: `${run.id} smooth`, points: series.smoothed, colour, dash, width: isBaseline ? 3 : 2 },
    { id: `${run.id} valid`, points: series.validLoss, colour, width: 1, opacity: 0.7, dash, marker },
  ];
}

function lossBands({ runs, style, band }: ChartGroup): readonly PlotBand[] {
  return band ? [{ id: `${runs[0]!.run.id} band`, points: band.band, colour: style.colour }] : [];
}

/** At the last point that the axis shows: the curve of a diverged run leaves it early. */
function lossEndLabel({ runs, style, band }: ChartGroup, { domain }: AxisTicks): EndLabel[] {
  const points = band?.mean ?? runs[0]!.series.smoothed;
  const last = points.findLast((point) => point.y !== null && point.y <= domain[1]);
  return last?.y === null || last === undefined
    ? []
    : [{ x: last.x, y: last.y, text: groupLabel(runs), colour: style.colour }];
}

/** '#2 BN+WS', or '#2 BN+WS × 3' for repeats, whatever one of them was named. */
export function groupLabel(runs: readonly ChartRun[]): string {
  const { run } = runs[0]!;
  return runs.length > 1 ? `#${run.number} ${armName(run.experiment)} × ${runs.length}` : runLabel(run);
}

function lossReadout(view: ChartView, x: number): Readout {
  const { baseline } = view;
  const other = baseline && smoothedLosses(baseline.run.metrics, windowOf(baseline.run, view.series)).values;
  return {
    title: cursorTitle(view, x),
    rows: view.atCursor(x).map((entry): ReadoutRow => {
      const { run, style, step } = entry;
      const smoothed = smoothedLosses(run.metrics, windowOf(run, view.series)).values[step] ?? Number.NaN;
      const valid = validationBefore(run, step);
      const reference =
        baseline && other && baseline.run.id !== run.id
          ? valueBetween(other, exactStepAt(baseline.run, view.unit, xOfStep(run, view.unit, step)))
          : Number.NaN;
      return {
        id: run.id,
        name: runLabel(run),
        colour: style.colour,
        dash: style.dash,
        text: [
          `${formatLoss(smoothed)} (${rawText(entry)})`,
          valid ? ` · valid ${formatLoss(valid.validLoss)}` : '',
          Number.isFinite(reference) ? ` · Δ ${formatDifference(smoothed - reference)}` : '',
        ].join(''),
        at: Number.isFinite(smoothed) ? { x: xOfStep(run, view.unit, step), y: smoothed } : undefined,
      };
    }),
  };
}

/** The raw loss of a step, or the range of those that share its pixel. */
function rawText({ run, series, step }: ChartRun & { step: number }): string {
  const [from, to] = series.steps;
  const size = Math.max(1, Math.floor((to - from) / COLUMNS));
  if (size === 1) return `raw ${formatLoss(run.metrics.at('losses', step))}`;
  const start = Math.floor(step / size) * size;
  const { min, max, gaps } = bucketOf(run.metrics.series('losses'), start, start + size);
  return `raw ${formatLoss(min)} to ${formatLoss(max)} in ${size} steps${gaps > 0 ? `, ${gaps} not a number` : ''}`;
}
