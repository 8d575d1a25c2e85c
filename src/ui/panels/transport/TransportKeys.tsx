import { useEffect } from 'react';
import type { ReactNode } from 'react';

interface TransportKeysProps {
  /** Pauses what goes, or resumes it; undefined while neither can be done. */
  readonly onPause: (() => void) | undefined;
  readonly onStep: (() => void) | undefined;
}

/** F8 and F9, as debuggers have them: keys that type nothing, so that they work wherever the focus is. */
export function TransportKeys({ onPause, onStep }: TransportKeysProps): ReactNode {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      const act = event.key === 'F8' ? onPause : event.key === 'F9' ? onStep : undefined;
      if (!act) return;
      event.preventDefault();
      if (event.key === 'F9' || !event.repeat) act();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [onPause, onStep]);
  return null;
}
