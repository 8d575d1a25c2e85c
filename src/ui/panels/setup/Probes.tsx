import type { ReactNode } from 'react';
import { Toggle } from '#ui/parts/Toggle.tsx';
import { setupActions, useSetup } from '#ui/state/setupStore.ts';

/** Whether the next run looks at validation inside its epochs. */
export function Probes(): ReactNode {
  const { probes, ...others } = useSetup((state) => state.options);
  return (
    <div className="field">
      <Toggle
        label="Probe validation inside long epochs"
        isOn={probes === undefined}
        onChange={(isOn) => setupActions.setOptions(isOn ? others : { ...others, probes: 'none' })}
      />
      <p className="field-help">
        Three times in an epoch of 400 steps or more, over 1,000 images: the small marks of the loss chart.
        Probes change nothing of the training and count as none of its time.
      </p>
    </div>
  );
}
