import { useId, useState } from 'react';
import type { ReactNode } from 'react';
import { gridArms, networks } from '#domain/arms.ts';
import { armName } from '#domain/experiment.ts';
import type { Experiment } from '#domain/experiment.ts';
import { parameterError, parameters } from '#domain/parameters.ts';
import { armStyle } from '#ui/charts/palette.ts';
import { Swatch } from '#ui/parts/Swatch.tsx';
import { useSetup } from '#ui/state/setupStore.ts';
import { studyActions } from '#ui/state/studyStore.ts';
import { viewActions } from '#ui/state/viewStore.ts';
import { parseList } from './numberList.ts';

const schedules = parameters.schedule.options;

/** Arms as every combination of a few values; what is not listed comes from the set-up. */
export function GridBuilder(): ReactNode {
  const id = useId();
  const base = useSetup((state) => state.experiment);
  const [chosen, setChosen] = useState<readonly string[]>(['BN', 'BN+WS']);
  const [chosenSchedules, setSchedules] = useState<readonly Experiment['schedule'][]>([]);
  const [batchText, setBatchText] = useState<string | undefined>();
  const [rateText, setRateText] = useState<string | undefined>();

  const batchSizes = parseList(batchText ?? String(base.batchSize), 'batchSize');
  const rates = parseList(rateText ?? String(base.maxLearningRate), 'maxLearningRate');
  const grid = {
    networks: networks.filter((arm) => chosen.includes(armName(arm))),
    batchSizes: batchSizes ?? [],
    rates: rates ?? [],
    schedules: chosenSchedules.length > 0 ? chosenSchedules : [base.schedule],
  };
  const arms = gridArms(base, grid);
  const add = (): void => {
    if (arms.length === 0) return;
    const added = studyActions.addArms(arms);
    viewActions.announce(
      added === arms.length ? `${added} arms added.` : `${added} arms added; the others were there already.`,
    );
  };
  return (
    <div className="grid-builder">
      <fieldset className="field">
        <legend className="field-label">Normalization × WS</legend>
        <div className="grid-cells">
          {networks.map((arm) => {
            const name = armName(arm);
            return (
              <label key={name} className="norm-cell">
                <input
                  type="checkbox"
                  checked={chosen.includes(name)}
                  onChange={() => setChosen(toggled(chosen, name))}
                />
                <span className="norm-name">{name}</span>
                <Swatch style={armStyle(arm)} width={42} />
              </label>
            );
          })}
        </div>
      </fieldset>
      <div className="grid-lists">
        <ListField
          label="Batch sizes"
          text={batchText ?? String(base.batchSize)}
          problem={batchSizes ? undefined : parameterError('batchSize', Number.NaN)}
          onType={setBatchText}
        />
        <ListField
          label="Max learning rates"
          text={rateText ?? String(base.maxLearningRate)}
          problem={rates ? undefined : parameterError('maxLearningRate', Number.NaN)}
          onType={setRateText}
        />
        <fieldset className="field grid-schedules">
          <legend className="field-label">Schedules</legend>
          {schedules.map(({ value, label }) => (
            <label key={value} className="check">
              <input
                type="checkbox"
                checked={grid.schedules.includes(value)}
                onChange={() => setSchedules(toggled(grid.schedules, value))}
              />
              {label}
            </label>
          ))}
        </fieldset>
      </div>
      <div className="study-actions">
        <button
          type="button"
          className="button"
          aria-disabled={arms.length === 0}
          aria-describedby={`${id}-help`}
          onClick={add}
        >
          {`Add ${arms.length} ${arms.length === 1 ? 'arm' : 'arms'}`}
        </button>
        <span className="field-help" id={`${id}-help`}>
          Every combination; all other settings are those of the set-up.
        </span>
      </div>
    </div>
  );
}

function ListField(props: {
  label: string;
  text: string;
  problem: string | undefined;
  onType: (text: string) => void;
}): ReactNode {
  const id = useId();
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {props.label}
      </label>
      <input
        id={id}
        className="text-input"
        type="text"
        autoComplete="off"
        spellCheck={false}
        value={props.text}
        aria-invalid={props.problem ? true : undefined}
        aria-describedby={props.problem ? `${id}-error` : undefined}
        onChange={(event) => props.onType(event.target.value)}
      />
      {props.problem && (
        <p className="field-error" id={`${id}-error`} role="alert">
          {`Numbers with spaces or commas between them. ${props.problem}`}
        </p>
      )}
    </div>
  );
}

function toggled<Value>(list: readonly Value[], value: Value): readonly Value[] {
  return list.includes(value) ? list.filter((other) => other !== value) : [...list, value];
}
