import type { ReactNode } from 'react';
import { runName } from '#ui/runText.ts';
import { useClient, useClientState } from '#ui/state/client.ts';

/** Offers to bring back what was removed in the last seconds. */
export function UndoRemoval(): ReactNode {
  const client = useClient();
  const removed = useClientState((state) => state.kept.removed);
  const [first] = removed;
  return (
    <div className="toast-place" role="status">
      {first && (
        <div className="toast">
          <span>
            {removed.length === 1 ? `${runName(first)} removed.` : `${removed.length} runs removed.`}
          </span>
          <button type="button" className="button is-small" onClick={() => client.undoRemove()}>
            Undo
          </button>
        </div>
      )}
    </div>
  );
}
