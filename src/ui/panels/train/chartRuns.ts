import type { RunRecord, TrainRecord } from '#client/runRecord.ts';
import { isOver } from '#domain/run.ts';
import { bandEnd, groupBand } from '#ui/charts/bands.ts';
import type { GroupBand } from '#ui/charts/bands.ts';
import type { RunStyle } from '#ui/charts/palette.ts';
import { runStyles } from '#ui/charts/palette.ts';
import { repeatsOf } from '#ui/charts/runGroups.ts';
import { runSeries } from '#ui/charts/series.ts';
import type { RunSeries, SeriesView } from '#ui/charts/series.ts';
import { exactAxis, growingExtent, logAxis, timeAxis } from '#ui/charts/ticks.ts';
import type { AxisTicks } from '#ui/charts/ticks.ts';
import { formatX, stepAtX, xUnits } from '#ui/charts/xUnit.ts';
import { formatCount } from '#ui/format.ts';
import { runNames } from '#ui/runNames.ts';
import { runLabel } from '#ui/runText.ts';
import type { XUnit } from '#ui/charts/xUnit.ts';
import { isTrainRun } from '#ui/state/client.ts';
import type { CursorGroup } from '#ui/state/cursor.ts';
import { viewActions } from '#ui/state/viewStore.ts';
import type { Range } from '#ui/state/zoom.ts';

/** More names than this at the ends of lines would cover each other: a legend below names them then. */
export const MAX_END_LABELS = 8;
/** More curves than this in one chart cannot be told apart. */
export const MAX_CURVES = 12;

export interface ChartRun {
  readonly run: TrainRecord;
  readonly style: RunStyle;
  readonly series: RunSeries;
}

/** Runs that differ in nothing but the seed. */
export interface ChartGroup {
  readonly runs: readonly ChartRun[];
  readonly style: RunStyle;
  /** Undefined for a single run. */
  readonly band: GroupBand | undefined;
  /** '#2 BN+WS · 5e-5'; for repeats '#2 BN+WS × 3', with the runs that the mean rests on. */
  readonly name: string;
}

/** What all charts of a tab share: the drawn runs and the horizontal axis. */
export interface ChartView {
  readonly runs: readonly ChartRun[];
  readonly groups: readonly ChartGroup[];
  /** What tells each drawn run from the others, by id. */
  readonly names: ReadonlyMap<string, string>;
  /** Runs that were left out because there are too many to tell apart. */
  readonly moreCount: number;
  readonly baseline: ChartRun | undefined;
  readonly group: CursorGroup;
  readonly series: SeriesView;
  readonly unit: XUnit;
  readonly xAxis: AxisTicks;
  /** All of the horizontal axis. */
  readonly xExtent: Range;
  readonly xLabel: string;
  readonly showsNames: boolean;
  readonly formatX: (x: number) => string;
  /** Runs that have a step at a position, with that step. */
  readonly atCursor: (x: number) => readonly (ChartRun & { step: number })[];
}

/** What every chart of a view has in common: its horizontal axis and its cursor. */
export function axisOf(view: ChartView): Pick<ChartView, 'group' | 'xAxis' | 'xExtent' | 'formatX'> & {
  readonly isXLog: boolean;
  readonly onLogX: () => void;
} {
  const { group, xAxis, xExtent, formatX, series } = view;
  return { group, xAxis, xExtent, formatX, isXLog: series.isXLog, onLogX: viewActions.toggleXLog };
}

export interface ChartOptions extends SeriesView {
  readonly group: CursorGroup;
  readonly hidden: readonly string[];
  readonly isNarrow: boolean;
  readonly isGrouped: boolean;
  /** Id of the run that the others are measured against. */
  readonly baseline: string | undefined;
  /** At most so many curves; the newest are drawn. */
  readonly limit: number;
}

/** The training runs to draw: those not hidden, the newest of them where there are too many, and the baseline. */
export function drawnRuns(
  all: readonly RunRecord[],
  { hidden, limit, baseline }: Pick<ChartOptions, 'hidden' | 'limit' | 'baseline'>,
): { readonly drawn: readonly TrainRecord[]; readonly moreCount: number } {
  const visible = all.filter(isTrainRun).filter((run) => !hidden.includes(run.id));
  const newest = new Set(visible.slice(Math.max(0, visible.length - limit)));
  const drawn = visible.filter((run) => newest.has(run) || run.id === baseline);
  return { drawn, moreCount: visible.length - drawn.length };
}

export function chartView(all: readonly RunRecord[], options: ChartOptions): ChartView {
  const { unit, isXLog } = options;
  const styles = runStyles(all);
  const { drawn, moreCount } = drawnRuns(all, options);
  const series: SeriesView = {
    unit,
    isXLog,
    smoothing: options.smoothing,
    smoothingUnit: options.smoothingUnit,
    range: options.range,
  };
  const runs = drawn.map((run): ChartRun => ({
    run,
    style: styles.get(run.id)!,
    series: runSeries(run, series),
  }));
  // A run from a file may say that it took forever.
  const extents = runs.map((chartRun) => extentOf(chartRun, unit)).filter(Number.isFinite);
  const extent = Math.max(0, ...extents) || 100;
  const xExtent: Range = [isXLog ? firstX(runs, unit, extent) : 0, extent];
  const [from, high] = options.range ?? xExtent;
  // A zoom of the linear axis may begin at 0, which a logarithmic one does not have.
  const low = isXLog ? Math.max(from, Math.min(xExtent[0], high / 2)) : from;
  const groups = namedGroups(groupsOf(runs, options.isGrouped, series));
  return {
    runs,
    groups,
    names: runNames(drawn),
    moreCount,
    baseline: runs.find(({ run }) => run.id === options.baseline),
    group: options.group,
    series,
    unit,
    xAxis: isXLog
      ? logAxis(low, high)
      : unit === 'time' || unit === 'wall'
        ? timeAxis(low, high)
        : exactAxis(low, high),
    xExtent,
    xLabel: xUnits.find((entry) => entry.value === unit)?.axis ?? '',
    showsNames: !options.isNarrow && groups.length <= MAX_END_LABELS,
    formatX: formatX[unit],
    atCursor: (x) =>
      runs.flatMap((chartRun) => {
        const step = stepAtX(chartRun.run, unit, x);
        // Only there it has values: a fork has none before it begins.
        return step === undefined || step < chartRun.series.steps[0] ? [] : [{ ...chartRun, step }];
      }),
  };
}

/** Some of the groups of a view, as a view of its own: names say what differs among them alone. */
export function partOfView(view: ChartView, some: readonly ChartGroup[]): ChartView {
  const groups = namedGroups(some);
  const runs = groups.flatMap((group) => group.runs);
  const ids = new Set(runs.map(({ run }) => run.id));
  return {
    ...view,
    groups,
    runs,
    names: runNames(runs.map(({ run }) => run)),
    atCursor: (x) => view.atCursor(x).filter(({ run }) => ids.has(run.id)),
  };
}

/** What a run is called among those that are drawn with it. */
export function nameIn(view: Pick<ChartView, 'names'>, run: RunRecord): string {
  return view.names.get(run.id) ?? runLabel(run);
}

function namedGroups(groups: readonly Omit<ChartGroup, 'name'>[]): readonly ChartGroup[] {
  const firsts = groups.map(({ runs }) => runs[0]!.run);
  // The name that one of several repeats was given is not that of all.
  const named = groups.map(({ runs: [first, ...others] }) =>
    others.length > 0 ? { ...first!.run, notes: { ...first!.run.notes, name: '' } } : first!.run,
  );
  const hasRepeats = groups.some(({ runs }) => runs.length > 1);
  const names = runNames(named, hasRepeats);
  return groups.map((group, i) => {
    const { runs, band } = group;
    const name = names.get(firsts[i]!.id)!;
    if (runs.length === 1) return { ...group, name };
    const count = band ? band.members.length : runs.length;
    return { ...group, name: `${name} × ${count}${count < runs.length ? ` of ${runs.length}` : ''}` };
  });
}

/** What the mean of repeats leaves out, or where and why it ends before them, in sentences. */
export function groupNotes(groups: readonly ChartGroup[]): readonly string[] {
  return groups.flatMap(({ runs, band, name }) => {
    if (!band) return [];
    const members = new Set(band.members.map(({ id }) => id));
    const out = runs.map(({ run }) => run).filter(({ id }) => !members.has(id));
    const begun = out.filter(({ metrics }) => metrics.count > 0);
    const twins = begun.flatMap((run) => {
      const twin = band.members.find(({ experiment }) => experiment.seed === run.experiment.seed);
      return twin && (isOver(run.status) || !isOver(twin.status)) ? [{ run, twin }] : [];
    });
    const going = begun.filter((run) => !twins.some((one) => one.run === run));
    const end = bandEnd(band.members);
    return [
      ...(going.length > 0
        ? [`The mean of ${name} leaves out what is not over: ${going.map(seedOf).join(', ')}.`]
        : []),
      ...(twins.length > 0
        ? [
            `The mean of ${name} counts each seed once: ${twins.map(({ run, twin }) => `${seedOf(twin)}, not #${run.number}`).join('; ')}.`,
          ]
        : []),
      ...(end
        ? [
            `The mean of ${name} ends at step ${formatCount(end.steps)}: ${seedOf(end.run)} ${end.run.status === 'diverged' ? 'diverged' : 'ended'} there.`,
          ]
        : []),
    ];
  });
}

function seedOf({ number, experiment }: TrainRecord): string {
  return `seed ${experiment.seed} (#${number})`;
}

function groupsOf(
  runs: readonly ChartRun[],
  isGrouped: boolean,
  series: SeriesView,
): readonly Omit<ChartGroup, 'name'>[] {
  const groups = isGrouped ? repeatsOf(runs) : runs.map((run) => [run]);
  return groups.map((members) => ({
    runs: members,
    style: members[0]!.style,
    band: groupBand(
      members.map(({ run }) => run),
      series,
    ),
  }));
}

/** A logarithmic axis begins at the first position that a run has. */
function firstX(runs: readonly ChartRun[], unit: XUnit, extent: number): number {
  const firsts = runs.flatMap(({ series }) => series.raw.slice(0, 1).map(({ x }) => x)).filter((x) => x > 0);
  const first = unit === 'step' ? 1 : Math.min(...firsts);
  return Number.isFinite(first) && first < extent ? first : extent / 1000;
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
    wall: Number.POSITIVE_INFINITY,
    rate: Number.POSITIVE_INFINITY,
  }[unit];
  return growingExtent(series.end, planned);
}
