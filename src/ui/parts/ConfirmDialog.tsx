import { AlertDialog } from '@base-ui/react/alert-dialog';
import type { ReactNode, RefObject } from 'react';

interface ConfirmDialogProps {
  readonly title: string;
  /** What the confirming button says. */
  readonly action: string;
  readonly isOpen: boolean;
  /** Takes the focus afterwards: what opened the dialog may be gone by then. */
  readonly finalFocus: RefObject<HTMLElement | null>;
  readonly children: ReactNode;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

/** Asks before something is done that cannot be undone. */
export function ConfirmDialog(props: ConfirmDialogProps): ReactNode {
  return (
    <AlertDialog.Root open={props.isOpen} onOpenChange={(open) => !open && props.onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="sheet-backdrop" />
        <AlertDialog.Popup className="dialog" finalFocus={props.finalFocus}>
          <AlertDialog.Title className="dialog-title">{props.title}</AlertDialog.Title>
          <AlertDialog.Description className="dialog-text">{props.children}</AlertDialog.Description>
          <div className="dialog-actions">
            <AlertDialog.Close className="button">Cancel</AlertDialog.Close>
            <AlertDialog.Close className="button is-primary" onClick={props.onConfirm}>
              {props.action}
            </AlertDialog.Close>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
