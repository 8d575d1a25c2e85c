import { useId, useState } from 'react';
import type { ReactNode } from 'react';
import { parseNumber } from '#domain/parameters.ts';
import { stopKinds, stopValueProblem } from '#domain/runOptions.ts';
import type { StopKind, StopRule } from '#domain/runOptions.ts';

interface StopRuleFieldProps {
  /** Undefined: all epochs are trained. */
  readonly rule: StopRule | undefined;
  readonly onChange: (rule: StopRule | undefined) => void;
}

/** What ends a run before its last epoch, if anything does. */
export function StopRuleField({ rule, onChange }: StopRuleFieldProps): ReactNode {
  const id = useId();
  const [draft, setDraft] = useState<string>();
  const value = draft === undefined ? rule?.value : parseNumber(draft);
  const problem = rule && value !== undefined ? stopValueProblem(rule.kind, value) : undefined;
  const choose = (kind: string): void => {
    setDraft(undefined);
    onChange(isStopKind(kind) ? { kind, value: stopKinds[kind].default } : undefined);
  };
  const type = (text: string): void => {
    setDraft(text);
    const typed = parseNumber(text);
    if (rule && stopValueProblem(rule.kind, typed) === undefined) onChange({ ...rule, value: typed });
  };
  return (
    <div className="field">
      <div className="field-row">
        <label className="field-label" htmlFor={id}>
          Stop early
        </label>
        <div className="field-control">
          <select
            id={id}
            className="stop-kind"
            value={rule?.kind ?? ''}
            aria-describedby={`${id}-help`}
            onChange={(event) => choose(event.target.value)}
          >
            <option value="">Never</option>
            {Object.entries(stopKinds).map(([kind, { label }]) => (
              <option key={kind} value={kind}>
                {label}
              </option>
            ))}
          </select>
          {rule && (
            <input
              className="number-input stop-value"
              type="text"
              inputMode={stopKinds[rule.kind].isInteger ? 'numeric' : 'decimal'}
              autoComplete="off"
              spellCheck={false}
              aria-label={`Stop at: ${stopKinds[rule.kind].label}`}
              value={draft ?? String(rule.value)}
              aria-invalid={problem ? true : undefined}
              aria-describedby={`${id}-help${problem ? ` ${id}-error` : ''}`}
              onChange={(event) => type(event.target.value)}
              onBlur={() => setDraft(undefined)}
            />
          )}
        </div>
      </div>
      {problem && (
        <p className="field-error" id={`${id}-error`} role="alert">
          {problem}
        </p>
      )}
      <p className="field-help" id={`${id}-help`}>
        {rule ? stopKinds[rule.kind].what : 'All epochs are trained.'} The schedule stays that of the whole
        run.
      </p>
    </div>
  );
}

function isStopKind(text: string): text is StopKind {
  return Object.hasOwn(stopKinds, text);
}
