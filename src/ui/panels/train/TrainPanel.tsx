import type { ReactNode } from 'react';
import { Notice } from '#ui/parts/Notice.tsx';
import { ContinueRun } from '#ui/panels/runs/ContinueRun.tsx';
import { RunFiles } from '#ui/panels/runs/RunFiles.tsx';
import { ghostPoints } from '#ui/panels/compare/ghosts.ts';
import { Legend } from '#ui/panels/compare/Legend.tsx';
import { PairedPanel } from '#ui/panels/compare/PairedPanel.tsx';
import { racePairs } from '#ui/panels/compare/pairs.ts';
import { FirstQuestion } from '#ui/panels/study/FirstQuestion.tsx';
import { endedByRule, runLabel, runSummary, statusText } from '#ui/runText.ts';
import { isTrainRun, useRuns } from '#ui/state/client.ts';
import { useView } from '#ui/state/viewStore.ts';
import type { ChartName } from '#ui/state/viewStore.ts';
import { ChartControls } from './ChartControls.tsx';
import { DivergencePanel } from './DivergencePanel.tsx';
import { EpochTable } from './EpochTable.tsx';
import { ForkRun } from './ForkForm.tsx';
import { HiddenTime } from './HiddenTime.tsx';
import { LossChart } from './LossChart.tsx';
import { MoreRuns } from './MoreRuns.tsx';
import { showsChart, useChartChoice } from './oneChart.ts';
import { AccuracyChart, LearningRateChart, MomentumChart } from './SmallCharts.tsx';
import { useChartView } from './useChartView.ts';

/** Live curves of every training run of the visit, and the epoch table of one of them. */
export function TrainPanel(): ReactNode {
  const runs = useRuns();
  const selectedId = useView((state) => state.selected.train);
  const view = useChartView(runs, 'train');
  const trainRuns = runs.filter(isTrainRun);
  const newest = trainRuns.at(-1);
  const selected = trainRuns.find((run) => run.id === selectedId) ?? newest;
  const pairs = racePairs(
    view.runs.map(({ run }) => run),
    view.baseline?.run.id,
  );
  const choice = useChartChoice([
    'loss',
    ...(pairs.length > 0 ? (['paired'] as const) : []),
    'accuracy',
    'rate',
    'momentum',
  ]);
  if (!newest) return <TrainEmpty />;
  const shows = (name: ChartName): boolean => showsChart(choice, name);
  return (
    <div className="train">
      <ChartControls choice={choice} />
      <MoreRuns view={view} />
      {shows('loss') && <LossChart view={view} summary={runSummary(newest)} ghosts={ghostPoints(view)} />}
      {!view.showsNames && <Legend view={view} runs={trainRuns} />}
      {shows('paired') && <PairedPanel view={view} pairs={pairs} />}
      <div className="small-charts">
        {shows('accuracy') && <AccuracyChart view={view} />}
        {shows('rate') && <LearningRateChart view={view} />}
        {shows('momentum') && <MomentumChart view={view} />}
      </div>
      {selected?.status === 'diverged' && <DivergencePanel run={selected} />}
      {selected?.detail && (
        <Notice
          tone={endedByRule(selected) ? 'info' : 'warning'}
          title={`${runLabel(selected)} ${statusText(selected)}.`}
        >
          {selected.detail}
        </Notice>
      )}
      {selected?.notKept && (
        <Notice tone="warning" title="This run is no longer kept.">
          {selected.notKept}
        </Notice>
      )}
      {selected && <ContinueRun run={selected} />}
      {selected && selected.status !== 'diverged' && <ForkRun key={selected.id} run={selected} />}
      {selected && <EpochTable run={selected} />}
      {selected && <HiddenTime run={selected} />}
      {selected && <RunFiles run={selected} />}
    </div>
  );
}

function TrainEmpty(): ReactNode {
  return (
    <div className="empty">
      <h3>Nothing has trained yet</h3>
      <ol>
        <li>
          <strong>Choose a network</strong> in the set-up: normalization, with or without Weight
          Standardization, and a batch size.
        </li>
        <li>
          <strong>Start training</strong> at the bottom of the page. The loss appears here step by step,
          validation at the end of each epoch.
        </li>
        <li>
          <strong>Change one thing and train again.</strong> Runs of one seed start from the same weights and
          see the same batches, so that their curves can be laid over each other.
        </li>
      </ol>
      <FirstQuestion />
    </div>
  );
}
