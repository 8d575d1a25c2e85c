import { useMemo, useState } from 'react';
import type { ReactNode } from 'react';
import type { CurveBand, RuleRange } from '#analysis/finderBands.ts';
import { toleranceSentence } from '#analysis/finderTolerance.ts';
import { NOTEBOOK_NOTE } from '#analysis/questions/notebook.ts';
import type { FinderRecord } from '#client/runRecord.ts';
import { counted } from '#analysis/text.ts';
import { parameterError } from '#domain/parameters.ts';
import { OffScaleNote } from '#ui/charts/OffScaleNote.tsx';
import { Plot } from '#ui/charts/Plot.tsx';
import type { EndLabel } from '#ui/charts/PlotLayers.tsx';
import type { GhostPoint } from '#ui/charts/PlotLines.tsx';
import type { RunStyle } from '#ui/charts/palette.ts';
import { linePoints } from '#ui/charts/series.ts';
import type { Point } from '#ui/charts/series.ts';
import { MARKS_APART } from '#ui/charts/PlotLines.tsx';
import { addOffScale, offScale } from '#ui/charts/series.ts';
import { logAxis, roundedAxis } from '#ui/charts/ticks.ts';
import type { AxisTicks } from '#ui/charts/ticks.ts';
import { formatLoss, formatRate, formatTick } from '#ui/format.ts';
import { ghostRows } from '#ui/panels/compare/ghosts.ts';
import { ghostKeys } from '#ui/panels/train/chartKeys.ts';
import { Segmented } from '#ui/parts/Segmented.tsx';
import { Swatch } from '#ui/parts/Swatch.tsx';
import { useMediaQuery } from '#ui/parts/useMediaQuery.ts';
import { ruleTexts } from '#ui/runText.ts';
import { studyActions } from '#ui/state/studyStore.ts';
import { useView, viewActions } from '#ui/state/viewStore.ts';
import { useZoom } from '#ui/state/zoom.ts';
import type { Range } from '#ui/state/zoom.ts';
import { finderGhostPoints } from './finderGhosts.ts';
import { finderSets, groupComparisons, reasonOf } from './finderGroups.ts';
import { EveryArm } from './EveryArm.tsx';
import type { FinderGroup } from './finderGroups.ts';

type Measure = 'loss' | 'relative';

/** Finders of several seeds together: what of a curve and of its suggestions is more than chance. */
export function FinderBands({ runs }: { runs: readonly FinderRecord[] }): ReactNode {
  const key = runs
    .map(({ id, metrics, result }) => `${id} ${metrics.revision} ${metrics.count} ${result !== undefined}`)
    .join();
  // eslint-disable-next-line react/exhaustive-deps -- `key` stands for the runs
  const sets = useMemo(() => finderSets(runs), [key]);
  return sets.map((set) => (
    <FinderSetBands key={set.key} title={`Arms and seeds together, ${set.title}`} groups={set.groups} />
  ));
}

/** Finders over one ramp: their arms on one axis, what they withstand, what each rule suggests. */
function FinderSetBands({ title, groups }: { title: string; groups: readonly FinderGroup[] }): ReactNode {
  const [measure, setMeasure] = useState<Measure>('relative');
  const { start, end } = groups[0]!.runs[0]!.settings;
  const comparisons = useMemo(() => groupComparisons(groups), [groups]);
  const ghosts = useMemo(() => finderGhostPoints(groups, measure), [groups, measure]);
  return (
    <section className="finder-bands" aria-label={title}>
      <header className="queue-head">
        <h3>{title}</h3>
        <Segmented<Measure>
          label="Loss"
          isLabelHidden
          options={[
            { value: 'relative', label: 'L / L₀', title: 'Over the loss at the start of each curve' },
            { value: 'loss', label: 'L' },
          ]}
          value={measure}
          onChange={setMeasure}
        />
      </header>
      <BandChart groups={groups} ghosts={ghosts} measure={measure} extent={[start, end]} />
      {ghosts.length > 0 && (
        <p className="field-help">
          {`Hollow marks: lowest loss of the post’s finder curves and where they stood above it, read off its pictures: ${NOTEBOOK_NOTE}.`}
          {measure === 'relative' &&
            ' Here only their rates are the post’s: their heights are those over our curves.'}
        </p>
      )}
      {comparisons.map(({ baseline, other, share, tolerance }) => (
        <p key={`${other.name} ${share}`} className="finder-tolerance">
          {toleranceSentence(baseline.name, other.name, tolerance)}{' '}
          <span className="field-help">{`Read off where the loss is ${Math.round(100 * share)} % above its minimum.`}</span>
        </p>
      ))}
      <EveryArm groups={groups} />
      <ul className="finder-arms">
        {groups.map((group) => (
          <ArmSuggestions key={group.name} group={group} range={[start, end]} />
        ))}
      </ul>
    </section>
  );
}

interface BandChartProps {
  readonly groups: readonly FinderGroup[];
  readonly ghosts: readonly GhostPoint[];
  readonly measure: Measure;
  readonly extent: Range;
  /** Draws all of the axis, however the charts on the page are zoomed. */
  readonly isWhole?: boolean;
}

export function BandChart({ groups, ghosts, measure, extent, isWhole = false }: BandChartProps): ReactNode {
  const zoom = useZoom((state) => state.ranges.finder);
  const isNarrow = useMediaQuery('(max-width: 640px)');
  const range = (isWhole ? undefined : zoom) ?? extent;
  const isLog = useView((state) => state.isLossLog);
  const [showsAll, setShowsAll] = useState(false);
  const isRepeated = groups.some((group) => group.runs.length > 1);
  const drawn = groups.map((group) => {
    const curve = group.band[measure];
    const xOf = (k: number): number => group.band.learningRates[k]!;
    return { group, curve, xOf, style: group.style, median: linePoints(curve.median, xOf) };
  });
  const yAxis = bandAxis(
    drawn.map(({ curve }) => curve),
    { isLog, showsAll },
  );
  const hidden = drawn
    .flatMap(({ group, curve }) => {
      const { learningRates: rates } = group.band;
      const visible = [
        rates.findIndex((rate) => rate >= range[0]),
        rates.findLastIndex((rate) => rate <= range[1]) + 1,
      ] as const;
      return [curve.median, ...(isRepeated ? [curve.min, curve.max] : [])].map((values) =>
        offScale(values, visible, yAxis.domain),
      );
    })
    .reduce(addOffScale);
  return (
    <Plot
      className="is-finder"
      title={bandTitle(measure, isRepeated)}
      subtitle={
        <>
          {isRepeated && <span>band: lowest to highest seed</span>}
          <OffScaleNote
            hidden={{ ...hidden, gaps: 0 }}
            showsAll={showsAll}
            onToggle={setShowsAll}
            focus="Focus on the descent"
            isLog={isLog}
          />
        </>
      }
      summary={drawn
        .map(
          ({ group, curve }) =>
            `${group.name}: ${counted(group.runs.length, 'seed')}, lowest median ${formatLoss(lowest(curve.median))}`,
        )
        .join('; ')}
      group="finder"
      xAxis={logAxis(range[0], range[1])}
      xExtent={extent}
      isXLog
      xLabel="learning rate"
      yAxis={yAxis}
      isYLog={isLog}
      onLogY={viewActions.toggleLossLog}
      formatX={(rate) => formatRate(rate)}
      formatY={formatTick}
      lines={drawn.map(({ group, median, style }) => ({
        id: group.name,
        points: median,
        colour: style.colour,
        dash: style.dash,
        marker: style.marker,
        markerSpacing: MARKS_APART,
        width: 2,
      }))}
      bands={drawn.map(({ group, curve, xOf, style }) => ({
        id: group.name,
        points: Array.from(curve.min, (low, k) => ({ x: xOf(k), low, high: curve.max[k]! })),
        colour: style.colour,
      }))}
      endLabels={
        isNarrow
          ? []
          : drawn.flatMap(({ group, median, style }) =>
              endLabel(group.name, median, style, { x: range, y: yAxis.domain }),
            )
      }
      ghosts={ghosts}
      keys={[
        ...drawn.map(({ group, style }) => ({ id: group.name, name: group.name, ...style })),
        ...ghostKeys(ghosts),
      ]}
      readout={(rate) => ({
        title: `Learning rate ${formatRate(rate)}`,
        rows: [
          ...drawn.flatMap(({ group, curve, style }) => {
            const k = nearest(group.band.learningRates, rate);
            return k === undefined
              ? []
              : [
                  {
                    id: group.name,
                    name: group.name,
                    colour: style.colour,
                    dash: style.dash,
                    text: group.runs.length > 1 ? readoutText(curve, k) : formatLoss(curve.median[k]!),
                    at: { x: group.band.learningRates[k]!, y: curve.median[k]! },
                  },
                ];
          }),
          ...ghostRows(ghosts, rate),
        ],
      })}
      empty="The curves appear here as the finders go."
    />
  );
}

/** At the last point that the axes show: a curve that explodes leaves them early. */
function endLabel(
  text: string,
  points: readonly Point[],
  { colour, marker }: RunStyle,
  visible: { readonly x: Range; readonly y: readonly [number, number] },
): EndLabel[] {
  const isIn = (value: number, [low, high]: readonly [number, number]): boolean =>
    value >= low && value <= high;
  const last = points.findLast(({ x, y }) => y !== null && isIn(x, visible.x) && isIn(y, visible.y));
  return last?.y === null || last === undefined
    ? []
    : [{ id: text, x: last.x, y: last.y, text, colour, marker }];
}

/** To four times the lowest median, where finders stop; or to the highest value of all. */
function bandAxis(
  curves: readonly CurveBand[],
  { isLog, showsAll }: { readonly isLog: boolean; readonly showsAll: boolean },
): AxisTicks {
  const values = curves.flatMap(({ median, min, max }) =>
    showsAll ? [...median, ...min, ...max] : [...median],
  );
  const finite = values.filter((value) => Number.isFinite(value) && value > 0);
  const low = Math.min(...finite);
  const high = showsAll
    ? Math.max(...finite)
    : Math.max(...curves.map(({ median }) => 4 * lowest(median)).filter(Number.isFinite));
  if (!(high > 0 && Number.isFinite(high))) return isLog ? logAxis(0.1, 10) : roundedAxis(0, 1);
  return isLog ? logAxis(low / (showsAll ? 1 : 2), high, true) : roundedAxis(0, high);
}

function bandTitle(measure: Measure, isRepeated: boolean): string {
  if (measure === 'loss') return isRepeated ? 'Median loss over seeds' : 'Loss of each arm';
  return isRepeated ? 'Median of L / L₀ over seeds' : 'L / L₀ of each arm';
}

function readoutText(curve: CurveBand, k: number): string {
  return `${formatLoss(curve.median[k]!)} (${formatLoss(curve.min[k]!)} to ${formatLoss(curve.max[k]!)})`;
}

function lowest(values: Float64Array): number {
  return values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
}

/** Entry of rising rates next to one; undefined beyond their ends. */
function nearest(rates: Float64Array, rate: number): number | undefined {
  if (rates.length === 0 || rate < rates[0]! || rate > rates.at(-1)!) return undefined;
  return rates.findIndex((other) => other >= rate);
}

/** What each rule suggests for one arm, from its lowest to its highest seed. */
function ArmSuggestions({
  group,
  range,
}: {
  group: FinderGroup;
  range: readonly [number, number];
}): ReactNode {
  return (
    <li className="finder-arm">
      <h4>
        <Swatch style={group.style} /> {group.name}
        <span className="field-help">
          {counted(group.runs.length, 'seed')}
          {group.again.length > 0 &&
            `, each once: not ${group.again.map(({ number }) => `finder ${number}`).join(', ')}`}
        </span>
      </h4>
      {group.ranges.length === 0 && (
        <p className="field-help">Suggestions come when its finders have ended.</p>
      )}
      {group.ranges.map((rule) => (
        <RuleBar key={rule.rule} group={group} rule={rule} range={range} />
      ))}
    </li>
  );
}

function RuleBar(props: {
  group: FinderGroup;
  rule: RuleRange;
  range: readonly [number, number];
}): ReactNode {
  const { group, rule, range } = props;
  const { name } = ruleTexts[rule.rule];
  const rate = Number(rule.median.toPrecision(2));
  const isAllowed = parameterError('maxLearningRate', rate) === undefined;
  const adopt = (): void => {
    const reason = reasonOf(rule);
    studyActions.setRate(group.experiment, rate, reason);
    viewActions.announce(`${group.name} has learning rate ${formatRate(rate)} in the study: ${reason}.`);
  };
  return (
    <div className={rule.isUnreliable ? 'finder-arm-rule is-unreliable' : 'finder-arm-rule'}>
      <span>
        {`${name}: ${formatRate(rule.median)} (${formatRate(rule.min)} to ${formatRate(rule.max)})`}
        {rule.isUnreliable && ' – spreads over more than 10×'}
      </span>
      <RuleTrack rule={rule} range={range} />
      <button
        type="button"
        className="button is-small"
        aria-label={`Use ${formatRate(rate)} for ${group.name}: ${reasonOf(rule)}`}
        aria-disabled={!isAllowed}
        onClick={() => isAllowed && adopt()}
      >
        Use for this arm
      </button>
    </div>
  );
}

/** A bar from the smallest to the largest suggestion on the finder's axis, the median marked. */
function RuleTrack({ rule, range }: { rule: RuleRange; range: readonly [number, number] }): ReactNode {
  const low = Math.log10(range[0]);
  const high = Math.log10(range[1]);
  const at = (rate: number): number => (100 * (Math.log10(rate) - low)) / (high - low);
  const colour = rule.isUnreliable ? 'var(--line-strong)' : 'var(--ink)';
  return (
    <svg className="rule-track" viewBox="0 0 100 18" preserveAspectRatio="none" aria-hidden="true">
      <line x1="0" x2="100" y1="9" y2="9" stroke="var(--grid)" vectorEffect="non-scaling-stroke" />
      <rect
        x={at(rule.min)}
        width={Math.max(0.4, at(rule.max) - at(rule.min))}
        y="6"
        height="6"
        fill={colour}
        opacity="0.35"
      />
      <rect x={at(rule.median) - 0.3} width="0.6" y="2" height="14" fill={colour} />
    </svg>
  );
}
