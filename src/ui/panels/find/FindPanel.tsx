import { useEffect, useRef } from 'react';
import type { ReactNode } from 'react';
import type { FinderRecord } from '#client/runRecord.ts';
import { isOver } from '#domain/run.ts';
import { parameterError } from '#domain/parameters.ts';
import { FreezeToggle } from '#ui/parts/FreezeToggle.tsx';
import { ExportMenu } from '#ui/panels/compare/ExportMenu.tsx';
import { chartsIn } from '#ui/panels/compare/reportCharts.tsx';
import { Toggle } from '#ui/parts/Toggle.tsx';
import { useMediaQuery } from '#ui/parts/useMediaQuery.ts';
import { useOutcome } from '#ui/parts/useOutcome.tsx';
import { formatRate } from '#ui/format.ts';
import { isFinderRun, useClient, useMetricsVersion, useRuns } from '#ui/state/client.ts';
import { shownRuns } from '#ui/state/frozenRuns.ts';
import { setupActions, useSetup } from '#ui/state/setupStore.ts';
import { useView, viewActions } from '#ui/state/viewStore.ts';
import { FirstQuestion } from '#ui/panels/study/FirstQuestion.tsx';
import { FinderBands } from './FinderBands.tsx';
import { FinderChart } from './FinderChart.tsx';
import { finderCurves } from './finderCurves.ts';
import { FinderSettingsForm } from './FinderSettingsForm.tsx';
import { Suggestions } from './Suggestions.tsx';

/** Reads the curves of earlier visits that are on the chart. */
function useFinderSteps(runs: readonly FinderRecord[]): void {
  const client = useClient();
  const absent = runs.flatMap((run) => (run.stepsLoaded === 'absent' ? [run.id] : [])).join(' ');
  useEffect(() => {
    if (absent) void client.loadSteps(absent.split(' '));
  }, [client, absent]);
}

/** The learning-rate finder: its range, its curves, its suggestions. */
export function FindPanel(): ReactNode {
  useMetricsVersion();
  const frozen = useView((state) => state.frozen);
  const runs = shownRuns(useRuns(), frozen);
  const hidden = useView((state) => state.hidden);
  const selectedId = useView((state) => state.selected.finder);
  const isLossLog = useView((state) => state.isLossLog);
  const isNarrow = useMediaQuery('(max-width: 640px)');
  const settings = useSetup((state) => state.finder);
  const maxLearningRate = useSetup((state) => state.experiment.maxLearningRate);
  const panel = useRef<HTMLDivElement>(null);
  const { attempt, outcome } = useOutcome();
  const curves = finderCurves(runs, hidden);
  const finders = runs.filter(isFinderRun);
  useFinderSteps(curves.map((curve) => curve.run));
  const run = finders.find((finder) => finder.id === selectedId) ?? finders.at(-1);
  const selected = curves.find((curve) => curve.run.id === run?.id) ?? curves.at(-1);
  const ranges = curves.length > 0 ? curves.map((curve) => curve.run.settings) : [settings];

  const adopt = (rate: number, reason: string): void => {
    const rounded = Number(rate.toPrecision(2));
    if (parameterError('maxLearningRate', rounded)) return;
    setupActions.set('maxLearningRate', rounded);
    viewActions.announce(`Maximum learning rate set to ${formatRate(rounded)}, ${reason}.`);
  };
  return (
    <div className="find" ref={panel}>
      <div className="find-head">
        <p className="lead">
          A short run whose learning rate rises at every step. Where the loss falls fastest the rate is good;
          where it turns up it is too high. The weights of the next training are not touched.
        </p>
        {!run && <FirstQuestion />}
        <div className="find-controls">
          <FinderSettingsForm />
          <button type="button" className="button is-small" onClick={() => viewActions.setTab('study')}>
            Several arms and seeds…
          </button>
          <Toggle label="Log loss" isOn={isLossLog} onChange={viewActions.setLossLog} />
          <FreezeToggle />
        </div>
      </div>
      <FinderChart
        curves={curves}
        selected={selected}
        range={[Math.min(...ranges.map((one) => one.start)), Math.max(...ranges.map((one) => one.end))]}
        maxLearningRate={maxLearningRate}
        isLossLog={isLossLog}
        showsNames={!isNarrow && curves.length > 1}
        onPick={(rate) => adopt(rate, 'by hand')}
      />
      {run ? (
        <Suggestions
          run={run}
          maxLearningRate={maxLearningRate}
          onAdopt={(rate, rule) => adopt(rate, `suggestion of ${rule}`)}
        />
      ) : (
        <div className="empty">
          <h3>First, find a learning rate</h3>
          <ol>
            <li>
              <strong>Choose a network and a batch size</strong> in the set-up, or keep what is there: BN at
              batch size 64.
            </li>
            <li>
              <strong>Press “Find learning rate”</strong> at the bottom of the page. It takes {settings.steps}{' '}
              steps.
            </li>
            <li>
              <strong>Click the curve or a suggestion</strong> to set the maximum learning rate, then start
              training.
            </li>
          </ol>
        </div>
      )}
      <FinderBands runs={curves.map((curve) => curve.run)} />
      {curves.length > 0 && (
        <section className="section-head" aria-label="Files of finders">
          <h3>Files of these finders</h3>
          <ExportMenu
            runs={curves.map((curve) => curve.run)}
            isSelection={false}
            charts={() => Promise.resolve(panel.current ? chartsIn(panel.current) : [])}
            attempt={attempt}
          />
          {outcome}
        </section>
      )}
      {run && !isOver(run.status) && run.metrics.count === 0 && (
        <p className="field-help">Preparing the network on the GPU…</p>
      )}
    </div>
  );
}
