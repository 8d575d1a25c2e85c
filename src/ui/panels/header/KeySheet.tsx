import { Dialog } from '@base-ui/react/dialog';
import { useEffect } from 'react';
import type { ReactNode } from 'react';
import { Icon } from '#ui/parts/Icon.tsx';
import { useView, viewActions } from '#ui/state/viewStore.ts';

const keys: readonly { readonly where: string; readonly keys: readonly (readonly [string, string])[] }[] = [
  {
    where: 'Anywhere',
    keys: [
      ['?', 'this list'],
      ['Tab, Shift + Tab', 'to the next or previous control; a chart is one'],
      ['F8', 'pause or resume what is going'],
      ['F9', 'one step of what is paused'],
      ['← →', 'from tab to tab, or from choice to choice'],
    ],
  },
  {
    where: 'On a chart',
    keys: [
      ['← →', 'move the cursor, and hear its values'],
      ['Home, End', 'to the ends'],
      ['Enter', 'pin the cursor or let it go; on the finder, set the learning rate'],
      ['+ −', 'zoom in and out'],
      ['Shift + ← →', 'move what is visible'],
      ['Escape', 'everything again, and the cursor off'],
      ['T', 'its values as a table'],
      ['X, Y', 'a logarithmic axis or a linear one: X of all charts of runs, Y of losses'],
    ],
  },
  {
    where: 'With the pointer on a chart',
    keys: [
      ['Drag', 'zoom to a part'],
      ['Shift + drag', 'move what is visible'],
      ['Click', 'pin the cursor or let it go'],
      ['Double click', 'everything again'],
    ],
  },
];

/** The list of keys; “?” opens it wherever nothing is being typed. */
export function KeySheet(): ReactNode {
  const isOpen = useView((state) => state.showsKeys);
  useEffect(() => {
    const open = (event: KeyboardEvent): void => {
      if (event.key !== '?' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))
        return;
      event.preventDefault();
      viewActions.setShowsKeys(true);
    };
    addEventListener('keydown', open);
    return () => removeEventListener('keydown', open);
  }, []);
  return (
    <Dialog.Root open={isOpen} onOpenChange={viewActions.setShowsKeys}>
      <Dialog.Trigger className="button is-small is-quiet keys-button" aria-label="Keys" title="Keys (?)">
        ?
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="sheet-backdrop" />
        <Dialog.Popup className="measure key-sheet">
          <div className="sheet-head">
            <Dialog.Title className="panel-title">Keys</Dialog.Title>
            <Dialog.Close className="button is-quiet is-icon" aria-label="Close">
              <Icon name="close" />
            </Dialog.Close>
          </div>
          <div className="measure-body">
            {keys.map((group) => (
              <section key={group.where} aria-label={group.where}>
                <h3 className="runs-group">{group.where}</h3>
                <dl className="key-list">
                  {group.keys.map(([key, what]) => (
                    <div key={key}>
                      <dt>
                        <kbd>{key}</kbd>
                      </dt>
                      <dd>{what}</dd>
                    </div>
                  ))}
                </dl>
              </section>
            ))}
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** Whether keys are letters where the focus is. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement)
    return !['range', 'checkbox', 'radio', 'button'].includes(target.type);
  return (
    target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable
  );
}
