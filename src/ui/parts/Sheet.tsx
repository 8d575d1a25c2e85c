import { Dialog } from '@base-ui/react/dialog';
import type { ReactNode } from 'react';
import { Icon } from './Icon.tsx';

interface SheetProps {
  readonly title: string;
  readonly side: 'left' | 'right';
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** A side panel of a narrow screen: slides over the page, closes by Escape or a click beside it. */
export function Sheet({ title, side, isOpen, onClose, children }: SheetProps): ReactNode {
  return (
    <Dialog.Root open={isOpen} onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="sheet-backdrop" />
        <Dialog.Popup className={`sheet at-${side}`}>
          <div className="sheet-head">
            <Dialog.Title className="panel-title">{title}</Dialog.Title>
            <Dialog.Close className="button is-quiet is-icon" aria-label={`Close ${title}`}>
              <Icon name="close" />
            </Dialog.Close>
          </div>
          <div className="sheet-body">{children}</div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
