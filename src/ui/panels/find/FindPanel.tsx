import type { ReactNode } from 'react';
import { isOver } from '#domain/run.ts';
import { parameterError } from '#domain/parameters.ts';
import { FreezeToggle } from '#ui/parts/FreezeToggle.tsx';
import { Toggle } from '#ui/parts/Toggle.tsx';
import { useMediaQuery } from '#ui/parts/useMediaQuery.ts';
import { formatRate } from '#ui/format.ts';
import { isFinderRun, useMetricsVersion, useRuns } from '#ui/state/client.ts';
import { shownRuns } from '#ui/state/frozenRuns.ts';
import { useSetup } from '#ui/state/setupStore.ts';
import { useSteps } from '#ui/state/useSteps.ts';
import { useView, viewActions } from '#ui/state/viewStore.ts';
import { useZoom } from '#ui/state/zoom.ts';
import { MAX_CURVES, MAX_END_LABELS } from '#ui/panels/train/chartRuns.ts';
import { MoreRuns } from '#ui/panels/train/MoreRuns.tsx';
import { FirstQuestion } from '#ui/panels/study/FirstQuestion.tsx';
import { FinderBands } from './FinderBands.tsx';
import { FinderChart } from './FinderChart.tsx';
import { drawnFinders, finderCurves, rampExtent } from './finderCurves.ts';
import { FinderFiles } from './FinderFiles.tsx';
import { FinderSettingsForm } from './FinderSettingsForm.tsx';
import { FinderTable } from './FinderTable.tsx';
import { RateTargetChoice, useRateTarget } from './rateTarget.tsx';
import { Suggestions } from './Suggestions.tsx';

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
  const drawsAll = useView((state) => state.drawsAll);
  const zoom = useZoom((state) => state.ranges.finder);
  const limit = drawsAll ? Number.POSITIVE_INFINITY : MAX_CURVES;
  const { drawn, moreCount } = drawnFinders(runs, { hidden, selected: selectedId, limit });
  const curves = finderCurves(runs, drawn);
  const finders = runs.filter(isFinderRun);
  useSteps(drawn);
  const run = finders.find((finder) => finder.id === selectedId) ?? finders.at(-1);
  const selected = curves.find((curve) => curve.run.id === run?.id) ?? curves.at(-1);
  const extent = rampExtent(curves.length > 0 ? curves.map((curve) => curve.run.settings) : [settings]);
  const target = useRateTarget(selected?.run);

  const adopt = (rate: number, reason: string, how?: 'click' | 'drag' | 'key'): void => {
    const rounded = Number(rate.toPrecision(2));
    if (parameterError('maxLearningRate', rounded)) return;
    target.set(rounded, reason);
    // The marker says its value by itself as keys move it.
    if (how === 'key') return;
    viewActions.announce(`Maximum learning rate of ${target.name} set to ${formatRate(rounded)}, ${reason}.`);
  };
  return (
    <div className="find">
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
      <MoreRuns view={{ runs: curves, moreCount }} />
      <RateTargetChoice target={target} />
      <FinderChart
        curves={curves}
        selected={selected}
        extent={extent}
        range={zoom ?? extent}
        isLossLog={isLossLog}
        showsNames={!isNarrow && curves.length > 1 && curves.length <= MAX_END_LABELS}
        choice={{
          rate: target.rate,
          target: target.name,
          onPick: (rate, how) => adopt(rate, 'by hand', how),
        }}
      />
      {run ? (
        <Suggestions run={run} maxLearningRate={target.rate} onAdopt={adopt} />
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
      <FinderBands runs={drawn} />
      <FinderTable runs={finders} hidden={hidden} />
      <FinderFiles drawn={drawn} finders={finders} />
      {run && !isOver(run.status) && run.metrics.count === 0 && (
        <p className="field-help">Preparing the network on the GPU…</p>
      )}
    </div>
  );
}
