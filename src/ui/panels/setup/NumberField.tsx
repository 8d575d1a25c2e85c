import { useId } from 'react';
import type { ReactNode } from 'react';
import { parameters, settingOf } from '#domain/parameters.ts';
import type { NumberParameterName } from '#domain/parameters.ts';
import { formatRate } from '#ui/format.ts';
import { setupActions, useSetup } from '#ui/state/setupStore.ts';
import { FieldHelp } from './FieldHelp.tsx';

/** The field of a number of the parameter table: text input, quick values, explanation, error. */
export function NumberField({ name, aside }: { name: NumberParameterName; aside?: ReactNode }): ReactNode {
  const id = useId();
  const parameter = parameters[name];
  const value = useSetup((state) => settingOf(state.experiment, name));
  const draft = useSetup((state) => state.drafts[name]);
  const error = useSetup((state) => state.errors[name]);
  const { set, type, settle } = setupActions;
  const show = (number: number): string => (parameter.integer ? String(number) : formatRate(number, 4));
  return (
    <div className="field">
      <div className="field-row">
        <label className="field-label" htmlFor={id}>
          {parameter.label}
        </label>
        <div className="field-control">
          {parameter.quick.map((quick) => (
            <button
              key={quick}
              type="button"
              className="chip"
              aria-label={`${parameter.label} ${quick}`}
              aria-pressed={!error && quick === value}
              onClick={() => set(name, quick)}
            >
              {quick}
            </button>
          ))}
          <input
            id={id}
            className="number-input"
            type="text"
            inputMode={parameter.integer ? 'numeric' : 'decimal'}
            autoComplete="off"
            spellCheck={false}
            value={draft ?? show(value)}
            aria-invalid={error ? true : undefined}
            aria-describedby={`${id}-help${error ? ` ${id}-error` : ''}`}
            onChange={(event) => type(name, event.target.value)}
            onBlur={() => settle(name)}
          />
        </div>
      </div>
      {error && (
        <p className="field-error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
      <FieldHelp
        id={`${id}-help`}
        what={parameter.what}
        source={parameter.source}
        isDefault={!error && value === parameter.default}
        defaultText={show(parameter.default)}
        onReset={() => set(name, parameter.default)}
      />
      {aside}
    </div>
  );
}
