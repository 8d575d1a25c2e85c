import { useEffect, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import type { LoadingKind, LoadingState } from '#client/datasetClient.ts';
import { ProgressBar } from '#ui/parts/ProgressBar.tsx';
import { useClient, useClientState } from '#ui/state/client.ts';
import { loadingFigures } from './dataText.ts';

/** A connection that brings nothing for this long is worth a word. */
const QUIET_MS = 5000;

/** How far the loading of data is, with a way out where there is something to go back to. */
export function LoadingStatus({ loading }: { loading: LoadingState }): ReactNode {
  const { data } = useClient();
  const hasInfo = useClientState((state) => state.dataset.info !== undefined);
  const isQuiet = useIsQuiet(loading);
  const text = loading.isCancelling ? 'cancelling…' : loadingFigures(loading, isQuiet);
  return (
    <div className="loading">
      <div className="loading-text">
        <strong>{loading.stage}</strong>
        <span>{text}</span>
      </div>
      {(hasInfo || loading.kind !== 'built-in') && (
        <CancelButton isPressed={loading.isCancelling} onPress={() => data.cancel()} />
      )}
      <ProgressBar
        label="Loading data"
        done={loading.done}
        total={loading.total}
        text={`${loading.stage}: ${text}`}
      />
    </div>
  );
}

function CancelButton({ isPressed, onPress }: { isPressed: boolean; onPress: () => void }): ReactNode {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // It takes the place, and with it the focus, of the button that started the loading.
    if (document.activeElement === document.body) button.current?.focus({ preventScroll: true });
  }, []);
  return (
    <button
      ref={button}
      type="button"
      className="button is-small"
      aria-disabled={isPressed}
      onClick={() => !isPressed && onPress()}
    >
      Cancel
    </button>
  );
}

/** What is being loaded, where it was started from one of these; else undefined. */
export function useLoading(kinds: readonly LoadingKind[]): LoadingState | undefined {
  const loading = useClientState((state) => state.dataset.loading);
  return loading && kinds.includes(loading.kind) ? loading : undefined;
}

function useIsQuiet({ kind, done }: LoadingState): boolean {
  const [quietAt, setQuietAt] = useState<number | undefined>();
  useEffect(() => {
    if (kind !== 'download') return undefined;
    const timer = setTimeout(() => setQuietAt(done), QUIET_MS);
    return () => clearTimeout(timer);
  }, [kind, done]);
  return quietAt === done;
}
