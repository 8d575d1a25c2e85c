import type { ReactNode } from 'react';
import { formatLoss, formatRate, formatTick } from '#ui/format.ts';
import { OffScaleNote } from '#ui/charts/OffScaleNote.tsx';
import { Plot } from '#ui/charts/Plot.tsx';
import type { GhostPoint, PlotBand, PlotLine } from '#ui/charts/Plot.tsx';
import type { EndLabel, Shade } from '#ui/charts/PlotLayers.tsx';
import type { Readout, ReadoutRow } from '#ui/charts/PlotCursor.tsx';
import { continuations } from '#ui/charts/continuations.ts';
import { smoothedLosses } from '#ui/charts/metricCache.ts';
import { hiddenParts } from '#ui/charts/hiddenTime.ts';
import { bucketOf } from '#ui/charts/pyramid.ts';
import { COLUMNS, windowOf } from '#ui/charts/series.ts';
import { valueBetween } from '#ui/charts/differences.ts';
import type { AxisTicks } from '#ui/charts/ticks.ts';
import { exactStepAt, xOfStep } from '#ui/charts/xUnit.ts';
import { GhostNote } from '#ui/panels/compare/GhostNote.tsx';
import { ghostRows } from '#ui/panels/compare/ghosts.ts';
import { shortName } from '#ui/runNames.ts';
import { useView, viewActions } from '#ui/state/viewStore.ts';
import { chartKeys } from './chartKeys.ts';
import { axisOf, groupNotes, nameIn } from './chartRuns.ts';
import { lossAxis, lossesOffScale } from './lossAxis.ts';
import { cursorTitle, formatDifference, probeBefore, validationBefore } from './readouts.ts';
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
/** Of the raw losses of one seed among several, which lie over each other. */
const RAW_OF_SEEDS = 0.12;
/** Characters of a name at the end of a line. */
const END_LENGTH = 36;
const NO_GHOSTS: readonly GhostPoint[] = [];
/** Pixels of the mark of a probe. */
const PROBE_SIZE = 5;

/** Training loss, raw and smoothed, and validation loss of every drawn run. */
export function LossChart({ view, title = 'Loss', ghosts = NO_GHOSTS, ...props }: LossChartProps): ReactNode {
  const isLog = useView((state) => state.isLossLog);
  const showsAll = useView((state) => state.showsAllLosses);
  const { runs, groups } = view;
  const yAxis = props.yAxis ?? lossAxis(runs, isLog, showsAll);
  const hidden = lossesOffScale(runs, yAxis);
  const baseline = view.baseline?.run.id;
  const shades = runs.flatMap(({ run }) =>
    hiddenParts(run, view.unit).map(([from, to]): Shade => ({
      from,
      to,
      title: `The page was hidden while ${nameIn(view, run)} went on`,
    })),
  );
  return (
    <>
      <Plot
        className={props.className ?? 'is-large'}
        title={title}
        subtitle={
          <>
            <span className="key" data-picture="faint: raw">
              <i className="key-raw" /> raw
            </span>
            {groups.some(({ band }) => band) && (
              <span className="key" data-picture="band and bars: lowest to highest seed">
                <i className="key-band" /> lowest to highest seed
              </span>
            )}
            <span className="key" data-picture="bold: smoothed">
              <i className="key-smooth" /> smoothed
            </span>
            <span className="key" data-picture="marks: validation">
              <i className="key-valid" /> validation
            </span>
            {runs.some(({ run }) => run.probes) && (
              <span className="key" title="Over the first 1,000 validation images, inside an epoch">
                <i className="key-probe" /> probe
              </span>
            )}
            {shades.length > 0 && (
              <span className="key">
                <i className="key-shade" /> page hidden
              </span>
            )}
            <OffScaleNote
              hidden={hidden}
              showsAll={showsAll}
              onToggle={viewActions.setShowsAllLosses}
              focus="Focus on most losses"
              isLog={isLog}
            />
          </>
        }
        summary={props.summary}
        {...axisOf(view)}
        xLabel={view.xLabel}
        yAxis={yAxis}
        isYLog={isLog}
        onLogY={viewActions.toggleLossLog}
        formatY={formatTick}
        lines={groups.flatMap((group) => lossLines(group, baseline))}
        bands={groups.flatMap(lossBands)}
        shades={shades}
        rules={continuations(
          runs.map(({ run }) => run),
          view.unit,
          ({ number }) => `#${number}`,
        )}
        ghosts={ghosts}
        keys={chartKeys(view, ghosts, view.showsNames)}
        endLabels={groups.flatMap((group) => lossEndLabel(group, yAxis, view.showsNames))}
        readout={(x) => lossReadout(view, x, ghosts)}
        empty="The loss of each run appears here as it trains."
      />
      {groupNotes(groups).map((note) => (
        <p key={note} className="field-help">
          {note}
        </p>
      ))}
      <GhostNote ghosts={ghosts} xAxis={view.xAxis} yAxis={yAxis} />
    </>
  );
}

function lossLines({ runs, style, band }: ChartGroup, baseline: string | undefined): readonly PlotLine[] {
  const { colour, dash, marker } = style;
  if (!band) return runs.flatMap((chartRun) => runLines(chartRun, chartRun.run.id === baseline));
  const id = runs[0]!.run.id;
  const isBaseline = runs.some(({ run }) => run.id === baseline);
  return [
    ...runs.map(({ run, series }) => ({
      id: `${run.id} raw`,
      points: series.raw,
      colour,
      width: 1,
      opacity: RAW_OF_SEEDS,
    })),
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
    ...probeMarks(
      id,
      runs.map(({ series }) => series),
      style,
    ),
  ];
}

function runLines({ run, style, series }: ChartRun, isBaseline: boolean): readonly PlotLine[] {
  const { colour, dash, marker } = style;
  return [
    { id: `${run.id} raw`, points: series.raw, colour, width: 1, opacity: 0.28 },
    { id: `${run.id} smooth`, points: series.smoothed, colour, dash, width: isBaseline ? 3 : 2 },
    { id: `${run.id} valid`, points: series.validLoss, colour, width: 1, opacity: 0.7, dash, marker },
    ...probeMarks(run.id, [series], style),
  ];
}

/** Small marks without a line: they are of fewer images than those of the epochs. */
function probeMarks(
  id: string,
  all: readonly ChartRun['series'][],
  { colour, marker }: ChartRun['style'],
): readonly PlotLine[] {
  const points = all.flatMap(({ probes }) => probes);
  return points.length > 0
    ? [{ id: `${id} probes`, points, colour, opacity: 0, marker, markerSize: PROBE_SIZE }]
    : [];
}

function lossBands({ runs, style, band }: ChartGroup): readonly PlotBand[] {
  if (!band) return [];
  const { id } = runs[0]!.run;
  return [
    { id: `${id} band`, points: band.band, colour: style.colour },
    { id: `${id} valid band`, points: band.validBand, colour: style.colour, asWhiskers: true },
  ];
}

/** At the last point that the axis shows: the curve of a diverged run leaves it early. */
function lossEndLabel(
  { runs, style, band, name }: ChartGroup,
  { domain }: AxisTicks,
  isNamed: boolean,
): EndLabel[] {
  const { colour, marker } = style;
  const points = band?.mean ?? runs[0]!.series.smoothed;
  const last = points.findLast((point) => point.y !== null && point.y <= domain[1]);
  const text = isNamed ? shortName(name, END_LENGTH) : '';
  return last?.y === null || last === undefined
    ? []
    : [{ id: runs[0]!.run.id, x: last.x, y: last.y, text, colour, marker }];
}

function lossReadout(view: ChartView, x: number, ghosts: readonly GhostPoint[]): Readout {
  const { baseline } = view;
  const other = baseline && smoothedLosses(baseline.run.metrics, windowOf(baseline.run, view.series)).values;
  const rows = view.atCursor(x).map((entry): ReadoutRow => {
    const { run, style, step } = entry;
    const smoothed = smoothedLosses(run.metrics, windowOf(run, view.series)).values[step] ?? Number.NaN;
    const valid = validationBefore(run, step);
    const probe = probeBefore(run, step);
    const reference =
      baseline && other && baseline.run.id !== run.id
        ? valueBetween(other, exactStepAt(baseline.run, view.unit, xOfStep(run, view.unit, step)))
        : Number.NaN;
    return {
      id: run.id,
      name: nameIn(view, run),
      colour: style.colour,
      dash: style.dash,
      text: [
        `${formatLoss(smoothed)} (${rawText(entry)})`,
        valid ? ` · valid ${formatLoss(valid.validLoss)}` : '',
        probe ? ` · probe ${formatLoss(probe.validLoss)}` : '',
        Number.isFinite(reference) ? ` · Δ ${formatDifference(smoothed - reference)}` : '',
        ` · LR ${formatRate(run.metrics.at('learningRates', step), 3)}`,
      ].join(''),
      at: Number.isFinite(smoothed) ? { x: xOfStep(run, view.unit, step), y: smoothed } : undefined,
    };
  });
  return { title: cursorTitle(view, x), rows: [...rows, ...ghostRows(ghosts, x)] };
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
