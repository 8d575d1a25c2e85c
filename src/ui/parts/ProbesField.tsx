import type { ReactNode } from 'react';
import type { RunOptions } from '#domain/runOptions.ts';
import { Toggle } from '#ui/parts/Toggle.tsx';

interface ProbesFieldProps {
  readonly options: RunOptions;
  readonly onChange: (options: RunOptions) => void;
}

/** Whether runs look at validation inside their epochs. */
export function ProbesField({ options, onChange }: ProbesFieldProps): ReactNode {
  const { probes, ...others } = options;
  return (
    <div className="field">
      <Toggle
        label="Probe validation inside long epochs"
        isOn={probes === undefined}
        onChange={(isOn) => onChange(isOn ? others : { ...others, probes: 'none' })}
      />
      <p className="field-help">
        Three times in an epoch of 400 steps or more, over 1,000 images: the small marks of the loss chart.
        Probes change nothing of the training and count as none of its time.
      </p>
    </div>
  );
}
