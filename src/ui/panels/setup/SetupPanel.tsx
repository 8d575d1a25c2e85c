import type { ReactNode } from 'react';
import { defaultExperiment } from '#domain/parameters.ts';
import { withRule } from '#domain/runOptions.ts';
import { Icon } from '#ui/parts/Icon.tsx';
import { formatCount } from '#ui/format.ts';
import { runSize } from '#ui/plan.ts';
import { useClientState } from '#ui/state/client.ts';
import { deviceGigabytes, narrowNote } from '#ui/state/firstExperiment.ts';
import { setupActions, useSetup } from '#ui/state/setupStore.ts';
import { viewActions } from '#ui/state/viewStore.ts';
import { ProbesField } from '#ui/parts/ProbesField.tsx';
import { StopRuleField } from '#ui/parts/StopRuleField.tsx';
import { ChoiceField } from './ChoiceField.tsx';
import { KeepAwake } from './KeepAwake.tsx';
import { NormMatrix } from './NormMatrix.tsx';
import { NumberField } from './NumberField.tsx';
import { SetupActions } from './SetupActions.tsx';
import { SchedulePreview } from './SchedulePreview.tsx';
import { StartWeights } from './StartWeights.tsx';

const advanced = ['weightDecay', 'momentum', 'gradientClip', 'trainLimit', 'validLimit'] as const;

/** Everything that decides the next run. */
export function SetupPanel(): ReactNode {
  const experiment = useSetup((state) => state.experiment);
  const info = useClientState((state) => state.dataset.info);
  const size = info && runSize(experiment, info);
  const usual = defaultExperiment();
  const options = useSetup((state) => state.options);
  const hasWeights = useSetup((state) => state.weights !== undefined);
  const changedCount =
    (['optimizer', 'stemPadding', ...advanced] as const).filter((name) => experiment[name] !== usual[name])
      .length +
    (hasWeights ? 1 : 0) +
    (options.probes ? 1 : 0);
  return (
    <div className="setup">
      <DatasetCard />
      <SetupActions />
      <NormMatrix />
      <NumberField name="batchSize" />
      <NumberField name="maxLearningRate" aside={<RateReason />} />
      <ChoiceField name="schedule" aside={<SchedulePreview experiment={experiment} size={size} />} />
      <NumberField name="epochs" />
      <StopRuleField
        rule={options.stopRule}
        onChange={(stopRule) => setupActions.setOptions(withRule(options, stopRule))}
      />
      <ChoiceField name="width" aside={<WidthNote width={experiment.width} />} />
      <ChoiceField name="augmentation" />
      <NumberField name="seed" />
      <details className="fold">
        <summary>
          Advanced
          {changedCount > 0 && <span className="fold-count">{`${changedCount} changed`}</span>}
        </summary>
        <ChoiceField name="optimizer" />
        {advanced.map((name) => (
          <NumberField key={name} name={name} />
        ))}
        <ChoiceField name="stemPadding" />
        <StartWeights />
        <ProbesField options={options} onChange={setupActions.setOptions} />
      </details>
      <KeepAwake />
    </div>
  );
}

function WidthNote({ width }: { width: number }): ReactNode {
  const note = narrowNote(width, deviceGigabytes());
  return note === undefined ? null : <p className="field-help">{note}</p>;
}

function RateReason(): ReactNode {
  const reason = useSetup((state) => state.rateReason);
  return reason === undefined ? null : <p className="field-help">{`Chosen in the finder: ${reason}.`}</p>;
}

function DatasetCard(): ReactNode {
  const info = useClientState((state) => state.dataset.info);
  const loading = useClientState((state) => state.dataset.loading);
  const { setTab, openSheet } = viewActions;
  return (
    <div className="dataset-card">
      <div>
        <div className="field-label">Data</div>
        <div className="dataset-title">{info?.title ?? (loading ? 'Preparing…' : 'None')}</div>
        <div className="field-help">
          {info
            ? `${formatCount(info.trainCount)} training and ${formatCount(info.validCount)} validation images`
            : ' '}
        </div>
      </div>
      <button
        type="button"
        className="button is-small"
        onClick={() => {
          setTab('data');
          openSheet(undefined);
        }}
      >
        <Icon name="upload" />
        Look or change
      </button>
    </div>
  );
}
