import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import type { KeptStorage } from '#protocol/messages.ts';
import { Notice } from '#ui/parts/Notice.tsx';
import { useActiveRun, useClient, useRuns } from '#ui/state/client.ts';
import { rememberAsked, storageText, wasAsked } from './storageText.ts';

/** What the runs take of the browser's storage, whether it may clear them, and runs that cannot be read. */
export function StorageStatus(): ReactNode {
  const client = useClient();
  const { storage, reload } = useStorage();
  const runs = useRuns();
  const [isAsked, setAsked] = useState(wasAsked);
  const [refusal, setRefusal] = useState<string>();
  if (!storage || (runs.length === 0 && storage.problems.length === 0)) return null;
  const answered = (): void => {
    rememberAsked();
    setAsked(true);
  };
  const protect = async (): Promise<void> => {
    answered();
    const isGranted = await navigator.storage.persist();
    setRefusal(isGranted ? undefined : 'The browser did not agree; it decides by how the site is used.');
    reload();
  };
  const isOpen = storage.isPersistent === false;
  return (
    <section className="storage" aria-label="Storage">
      {isOpen && !isAsked && storage.runBytes > 0 && (
        <Notice
          tone="info"
          title="Protect these runs?"
          actions={
            <>
              <button type="button" className="button is-small" onClick={() => void protect()}>
                Protect
              </button>
              <button type="button" className="button is-small is-quiet" onClick={answered}>
                Not now
              </button>
            </>
          }
        >
          The browser may clear them when the disk is full.
        </Notice>
      )}
      <p className="field-help">
        {storageText(storage, runs.length)}
        {isOpen && isAsked && (
          <button type="button" className="link" onClick={() => void protect()}>
            Protect
          </button>
        )}
      </p>
      {refusal && <p className="field-help">{refusal}</p>}
      {storage.problems.map(({ runId, sentence }) => (
        <Notice
          key={runId}
          tone="warning"
          actions={
            <button
              type="button"
              className="button is-small"
              aria-label={`Remove the unreadable run ${runId}`}
              onClick={() => void client.removeUnreadable(runId).then(reload, reload)}
            >
              Remove for good
            </button>
          }
        >
          {sentence}
        </Notice>
      ))}
    </section>
  );
}

/** Asked again whenever runs come, go or end. */
function useStorage(): { readonly storage: KeptStorage | undefined; readonly reload: () => void } {
  const client = useClient();
  const count = useRuns().length;
  const isGoing = useActiveRun() !== undefined;
  const [storage, setStorage] = useState<KeptStorage>();
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    client.storage().then(
      (answer) => isCurrent && setStorage(answer),
      // The worker was lost, which the page says elsewhere.
      () => undefined,
    );
    return () => {
      isCurrent = false;
    };
  }, [client, count, isGoing, asked]);
  return { storage, reload: () => setAsked((times) => times + 1) };
}
