import type { ReactNode } from 'react';
import { Toggle } from '#ui/parts/Toggle.tsx';
import { useView, viewActions } from '#ui/state/viewStore.ts';

/** Training goes on in a locked phone only as long as the system lets it: an offer, for browsers that can. */
export function KeepAwake(): ReactNode {
  const isOn = useView((state) => state.keepsAwake);
  if (!('wakeLock' in navigator)) return null;
  return (
    <div className="field">
      <Toggle label="Keep the screen on while training" isOn={isOn} onChange={viewActions.setKeepsAwake} />
    </div>
  );
}
