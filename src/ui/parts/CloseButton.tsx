import type { ReactNode } from 'react';
import { Icon } from './Icon.tsx';

/** Takes a note away. */
export function CloseButton({ onClose }: { onClose: () => void }): ReactNode {
  return (
    <button type="button" className="button is-quiet is-icon" aria-label="Close this note" onClick={onClose}>
      <Icon name="close" />
    </button>
  );
}
