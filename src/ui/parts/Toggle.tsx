import { Switch } from '@base-ui/react/switch';
import type { ReactNode } from 'react';

/** A small switch with its name beside it. */
export function Toggle(props: {
  label: string;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
}): ReactNode {
  return (
    // eslint-disable-next-line jsx-a11y/label-has-associated-control -- the switch brings its own input
    <label className="toggle">
      <Switch.Root className="toggle-track" checked={props.isOn} onCheckedChange={props.onChange}>
        <Switch.Thumb className="toggle-thumb" />
      </Switch.Root>
      {props.label}
    </label>
  );
}
