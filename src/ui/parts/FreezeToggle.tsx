import type { ReactNode } from 'react';
import { useClient } from '#ui/state/client.ts';
import { freeze } from '#ui/state/frozenRuns.ts';
import { useView, viewActions } from '#ui/state/viewStore.ts';
import { Toggle } from './Toggle.tsx';

/** Stops what moves on the charts, so that it can be read; training goes on. */
export function FreezeToggle(): ReactNode {
  const client = useClient();
  const isFrozen = useView((state) => state.frozen !== undefined);
  return (
    <Toggle
      label="Freeze charts"
      isOn={isFrozen}
      onChange={(isOn) => viewActions.setFrozen(isOn ? freeze(client.getState().runs) : undefined)}
    />
  );
}
