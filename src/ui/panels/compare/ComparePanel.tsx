import { memo, useId, useMemo, useRef } from 'react';
import type { ReactNode } from 'react';
import { Notice } from '#ui/parts/Notice.tsx';
import { useOutcome } from '#ui/parts/useOutcome.tsx';
import type { Attempt } from '#ui/parts/useOutcome.tsx';
import { ChartControls } from '#ui/panels/train/ChartControls.tsx';
import { MoreRuns } from '#ui/panels/train/MoreRuns.tsx';
import { showsChart, useChartChoice } from '#ui/panels/train/oneChart.ts';
import { AccuracyChart, LearningRateChart } from '#ui/panels/train/SmallCharts.tsx';
import { useChartView } from '#ui/panels/train/useChartView.ts';
import { nameIn } from '#ui/panels/train/chartRuns.ts';
import { runName } from '#ui/runText.ts';
import { isTrainRun, useClientState, useRuns } from '#ui/state/client.ts';
import { compareActions, useCompare } from '#ui/state/compareStore.ts';
import { useView, viewActions } from '#ui/state/viewStore.ts';
import type { ChartName } from '#ui/state/viewStore.ts';
import { BatchPanels } from './BatchPanels.tsx';
import { CostPanel } from './CostPanel.tsx';
import { DifferenceChart } from './DifferenceChart.tsx';
import { findersOfStudies } from './exportedRuns.ts';
import { ExportMenu } from './ExportMenu.tsx';
import { Legend } from './Legend.tsx';
import { LedgerPanel } from './LedgerPanel.tsx';
import { PairedPanel } from './PairedPanel.tsx';
import { runPairs } from './pairs.ts';
import { RunsTable } from './RunsTable.tsx';
import { SelectedRuns } from './SelectedRuns.tsx';
import { filterWord, matchesFilter } from './runRows.ts';
import { unfairPair } from './settingsDiff.ts';

/** Runs of this visit and of earlier ones over each other: curves, differences, settings, results. */
export function ComparePanel(): ReactNode {
  const allRuns = useRuns();
  const trainRuns = useMemo(() => allRuns.filter(isTrainRun), [allRuns]);
  const isRead = useClientState((state) => state.kept.isRead);
  const filter = useCompare((state) => state.filter);
  const selectedIds = useCompare((state) => state.selected);
  const drawsAll = useView((state) => state.drawsAll);
  const runs = useMemo(() => trainRuns.filter((run) => matchesFilter(run, filter)), [trainRuns, filter]);
  const selected = runs.filter((run) => selectedIds.includes(run.id));
  const heading = useRef<HTMLHeadingElement>(null);
  const { attempt, outcome } = useOutcome();
  const view = useChartView(runs, 'compare');
  const pairs = runPairs(
    view.runs.map(({ run }) => run),
    view.baseline?.run.id,
  );
  const differs = view.baseline !== undefined && view.runs.length > 1;
  const choice = useChartChoice([
    'loss',
    ...(differs ? (['difference'] as const) : []),
    'accuracy',
    'rate',
    ...(pairs.length > 0 ? (['paired'] as const) : []),
  ]);
  const shows = (name: ChartName): boolean => showsChart(choice, name);
  if (trainRuns.length === 0) {
    return (
      <div className="compare">
        {outcome}
        <CompareEmpty isRead={isRead} attempt={attempt} />
        {/* Some questions are answered by finders alone. */}
        {allRuns.length > 0 && <LedgerPanel />}
      </div>
    );
  }
  return (
    <div className="compare">
      <RunFilter shown={runs.length} all={trainRuns.length} />
      <ChartControls choice={choice} />
      <Legend view={view} runs={runs} />
      <UnfairBanner view={view} />
      <MoreRuns view={view} />
      <p className="field-help">
        Drag over a chart to zoom, with Shift to move, double click to see everything; with the keyboard + and
        −, Shift and arrows, Escape, T for a table, X and Y for logarithmic axes.
      </p>
      {shows('loss') && <BatchPanels view={view} drawsAll={drawsAll} />}
      {view.baseline && differs && shows('difference') && (
        <DifferenceChart view={view} baseline={view.baseline} />
      )}
      <div className="compare-small">
        {shows('accuracy') && <AccuracyChart view={view} />}
        {shows('rate') && <LearningRateChart view={view} />}
      </div>
      {shows('paired') && <PairedPanel view={view} pairs={pairs} />}
      <section aria-label="Runs">
        <div className="section-head">
          <h3 ref={heading} tabIndex={-1}>
            Runs
          </h3>
          <ExportMenu
            runs={selected.length > 0 ? selected : runs}
            companions={findersOfStudies(allRuns, selected.length > 0 ? selected : runs)}
            isSelection={selected.length > 0}
            attempt={attempt}
          />
        </div>
        {outcome}
        <RunsTable runs={runs} all={trainRuns} />
        <SelectedRuns runs={selected} onGone={() => heading.current?.focus()} />
      </section>
      <CostPanel runs={runs} />
      <LedgerPanel />
    </div>
  );
}

const RunFilter = memo(function RunFilter({ shown, all }: { shown: number; all: number }): ReactNode {
  const id = useId();
  const filter = useCompare((state) => state.filter);
  const studies = [
    ...new Set(
      useRuns().flatMap((run) => (run.kind === 'train' && run.origin ? [run.origin.studyTitle] : [])),
    ),
  ];
  return (
    <div className="run-filter">
      <label htmlFor={id}>Show</label>
      <input
        id={id}
        type="search"
        value={filter}
        placeholder="all runs; or words: bn+ws, batch 2, tag:good"
        onChange={(event) => compareActions.setFilter(event.target.value)}
      />
      {studies.length > 0 && (
        <select
          aria-label="Study"
          value={studies.find((title) => filter === filterWord('study', title)) ?? ''}
          onChange={({ target }) =>
            compareActions.setFilter(target.value ? filterWord('study', target.value) : '')
          }
        >
          <option value="">All studies</option>
          {studies.map((title) => (
            <option key={title}>{title}</option>
          ))}
        </select>
      )}
      <output htmlFor={id}>{`${shown} of ${all} runs`}</output>
      <BaselineChoice />
    </div>
  );
});

function BaselineChoice(): ReactNode {
  const id = useId();
  const baseline = useView((state) => state.baseline);
  const runs = useRuns().filter(isTrainRun);
  return (
    <span className="baseline">
      <label htmlFor={id}>Baseline</label>
      <select
        id={id}
        value={runs.some((run) => run.id === baseline) ? baseline : ''}
        onChange={({ target }) => viewActions.setBaseline(target.value || undefined)}
      >
        <option value="">none</option>
        {runs.toReversed().map((run) => (
          <option key={run.id} value={run.id}>
            {runName(run)}
          </option>
        ))}
      </select>
    </span>
  );
}

/** Curves over each other invite a conclusion; it must not rest on two changes at once. */
function UnfairBanner({ view }: { view: ReturnType<typeof useChartView> }): ReactNode {
  const unfair = unfairPair(view.runs.map(({ run }) => run));
  if (!unfair) return null;
  const [a, b] = unfair.pair;
  return (
    <Notice tone="warning" title="More than one thing differs.">
      {`${nameIn(view, a)} and ${nameIn(view, b)} differ in ${unfair.labels.map((label) => label.toLowerCase()).join(', ')}: what one of these does cannot be read from their curves alone.`}
    </Notice>
  );
}

function CompareEmpty({ isRead, attempt }: { isRead: boolean; attempt: Attempt }): ReactNode {
  if (!isRead) return <p className="empty">Reading the runs of earlier visits…</p>;
  return (
    <div className="empty">
      <h3>No training runs to compare yet</h3>
      <ol>
        <li>
          <strong>Train two arms</strong> that differ in one thing, such as BN and BN+WS, or race them in a
          study: then both take the same batches, one step each in turn.
        </li>
        <li>
          <strong>Come back here.</strong> Every run that this browser keeps is listed, also after a reload.
        </li>
        <li>
          <strong>Or open runs from a file</strong> that NormLab wrote here or elsewhere.
        </li>
      </ol>
      <ExportMenu runs={[]} attempt={attempt} />
    </div>
  );
}
