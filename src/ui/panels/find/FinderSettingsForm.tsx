import { useId, useState } from 'react';
import type { ReactNode } from 'react';
import { parseNumber } from '#domain/parameters.ts';
import { defaultFinderSettings, type FinderSettings } from '#domain/run.ts';
import { formatRate } from '#ui/format.ts';
import { setupActions, useSetup } from '#ui/state/setupStore.ts';

type Name = keyof FinderSettings;

const fields: readonly { readonly name: Name; readonly label: string }[] = [
  { name: 'start', label: 'From' },
  { name: 'end', label: 'To' },
  { name: 'steps', label: 'Steps' },
];

/** A sentence that says what is allowed, or undefined. */
export function finderError(name: Name, value: number, settings: FinderSettings): string | undefined {
  if (name === 'steps') {
    return Number.isInteger(value) && value >= 20 && value <= 5000
      ? undefined
      : 'Steps must be a whole number from 20 to 5,000.';
  }
  if (!(value >= 1e-10 && value <= 1000)) return 'Learning rates must be from 1e-10 to 1,000.';
  const [start, end] = name === 'start' ? [value, settings.end] : [settings.start, value];
  return end >= 10 * start ? undefined : 'The range must span at least a factor of ten.';
}

/** Range and length of the next finder; fastai's by default. */
export function FinderSettingsForm(): ReactNode {
  const settings = useSetup((state) => state.finder);
  const { setFinder } = setupActions;
  const [drafts, setDrafts] = useState<Partial<Record<Name, string>>>({});
  const [error, setError] = useState<string | undefined>();
  const id = useId();
  const isChanged = fields.some(({ name }) => settings[name] !== defaultFinderSettings[name]);

  const type = (name: Name, text: string): void => {
    setDrafts({ ...drafts, [name]: text });
    const value = parseNumber(text);
    const problem = finderError(name, value, settings);
    setError(problem);
    if (!problem) setFinder({ ...settings, [name]: value });
  };
  const settle = (): void => {
    // What is not allowed goes back to the last value that was, as the message said.
    setDrafts({});
    setError(undefined);
  };
  return (
    <div className="finder-settings">
      {fields.map(({ name, label }) => (
        <label key={name} className="inline-field">
          {label}
          <input
            className="number-input"
            type="text"
            inputMode="decimal"
            autoComplete="off"
            value={
              drafts[name] ?? (name === 'steps' ? String(settings.steps) : formatRate(settings[name], 3))
            }
            aria-invalid={error !== undefined && drafts[name] !== undefined ? true : undefined}
            aria-describedby={error ? `${id}-error` : undefined}
            onChange={(event) => type(name, event.target.value)}
            onBlur={settle}
          />
        </label>
      ))}
      {isChanged && (
        <button type="button" className="link" onClick={() => setFinder(defaultFinderSettings)}>
          Back to fastai’s
        </button>
      )}
      {error && (
        <p className="field-error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
