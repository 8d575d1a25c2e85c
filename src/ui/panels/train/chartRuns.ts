import type { RunRecord, TrainRecord } from '#client/runRecord.ts';
import { isOver } from '#domain/run.ts';
import type { RunStyle } from '#ui/charts/palette.ts';
import { runStyles } from '#ui/charts/palette.ts';
import { runSeries } from '#ui/charts/series.ts';
import type { RunSeries } from '#ui/charts/series.ts';
import { exactAxis, growingExtent, timeAxis } from '#ui/charts/ticks.ts';
import type { AxisTicks } from '#ui/charts/ticks.ts';
import { formatX, stepAtX, xUnits } from '#ui/charts/xUnit.ts';
import type { XUnit } from '#ui/charts/xUnit.ts';
import { isTrainRun } from '#ui/state/client.ts';

/** More names than this at the ends of lines would cover each other: the list of runs names them then. */
const MAX_END_LABELS = 8;

export interface ChartRun {
  readonly run: TrainRecord;
  readonly style: RunStyle;
  readonly series: RunSeries;
}

/** What all training charts share: the visible runs and the horizontal axis. */
export interface ChartView {
  readonly runs: readonly ChartRun[];
  readonly unit: XUnit;
  readonly smoothing: number;
  readonly xAxis: AxisTicks;
  readonly xLabel: string;
  readonly showsNames: boolean;
  readonly formatX: (x: number) => string;
  /** Runs that have a step at a position, with that step. */
  readonly atCursor: (x: number) => readonly (ChartRun & { step: number })[];
}

export function chartView(
  all: readonly RunRecord[],
  options: { unit: XUnit; smoothing: number; hidden: readonly string[]; isNarrow: boolean },
): ChartView {
  const { unit, smoothing, hidden } = options;
  const styles = runStyles(all);
  const runs = all
    .filter(isTrainRun)
    .filter((run) => !hidden.includes(run.id))
    .map((run): ChartRun => ({
      run,
      style: styles.get(run.id)!,
      series: runSeries(run, unit, smoothing),
    }));
  const extent = Math.max(0, ...runs.map((chartRun) => extentOf(chartRun, unit))) || 100;
  return {
    runs,
    unit,
    smoothing,
    xAxis: unit === 'time' ? timeAxis(extent) : exactAxis(0, extent),
    xLabel: xUnits.find((entry) => entry.value === unit)?.axis ?? '',
    showsNames: !options.isNarrow && runs.length <= MAX_END_LABELS,
    formatX: formatX[unit],
    atCursor: (x) =>
      runs.flatMap((chartRun) => {
        const step = stepAtX(chartRun.run, unit, x);
        return step === undefined ? [] : [{ ...chartRun, step }];
      }),
  };
}

/** How far the axis reaches for one run: what it has done, rounded up while it goes on. */
function extentOf({ run, series }: ChartRun, unit: XUnit): number {
  if (isOver(run.status)) return series.end;
  const steps = run.plan?.totalSteps ?? 0;
  const planned = {
    step: steps,
    images: steps * run.experiment.batchSize,
    epoch: run.experiment.epochs,
    time: Number.POSITIVE_INFINITY,
  }[unit];
  return growingExtent(series.end, planned);
}
