import { useId } from 'react';
import type { ReactNode } from 'react';

interface SegmentedProps<Value extends string | number> {
  readonly label: string;
  readonly options: readonly { readonly value: Value; readonly label: string; readonly title?: string }[];
  readonly value: Value;
  readonly onChange: (value: Value) => void;
  /** Keeps the label for screen readers only. */
  readonly isLabelHidden?: boolean;
  /** Id of the text that explains it. */
  readonly describedBy?: string;
}

/** One of a few options: radio buttons that look like joined keys. */
export function Segmented<Value extends string | number>(props: SegmentedProps<Value>): ReactNode {
  const id = useId();
  return (
    <fieldset className="segmented" aria-describedby={props.describedBy}>
      <legend className={props.isLabelHidden ? 'visually-hidden' : 'field-label'}>{props.label}</legend>
      <div className="segmented-keys">
        {props.options.map((option) => (
          <label key={option.value} title={option.title}>
            <input
              type="radio"
              name={id}
              checked={option.value === props.value}
              onChange={() => props.onChange(option.value)}
            />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
