import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import type { LoadingState } from '#client/datasetClient.ts';
import { formatBytes, formatCount, formatPercent, formatRemaining } from '#ui/format.ts';
import { ProgressBar } from '#ui/parts/ProgressBar.tsx';

/** A connection that brings nothing for this long is worth a word. */
const QUIET_MS = 5000;

interface LoadingStatusProps {
  readonly loading: LoadingState;
  /** Undefined where there is nothing to go back to. */
  readonly onCancel: (() => void) | undefined;
}

/** How far the loading of data is, with a way out. */
export function LoadingStatus({ loading, onCancel }: LoadingStatusProps): ReactNode {
  const isQuiet = useIsQuiet(loading);
  const text = loading.isCancelling ? 'cancelling…' : loadingFigures(loading, isQuiet);
  return (
    <div className="loading">
      <div className="loading-text">
        <strong>{loading.stage}</strong>
        <span>{text}</span>
      </div>
      {onCancel && (
        <button
          type="button"
          className="button is-small"
          aria-disabled={loading.isCancelling}
          onClick={() => !loading.isCancelling && onCancel()}
        >
          Cancel
        </button>
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

/** '48.2 MB of 143.6 MB · 12.1 MB/s · 10 s left', or a share where no bytes come over the network. */
export function loadingFigures(loading: LoadingState, isQuiet: boolean): string {
  const { done, total, bytesPerSecond, remainingMs } = loading;
  if (total === 0) return '…';
  if (bytesPerSecond === undefined && loading.kind !== 'download') return formatPercent(done / total);
  const parts = [`${formatBytes(done)} of ${formatBytes(total)}`];
  if (done < total && isQuiet) parts.push('waiting for the connection');
  else if (done < total && bytesPerSecond) {
    parts.push(`${formatBytes(Math.round(bytesPerSecond))}/s`);
    if (remainingMs !== undefined) parts.push(`${formatRemaining(remainingMs)} left`);
  }
  return parts.join(' · ');
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

/** '10,000 + 2,000 images, 10 classes' */
export function sizeText(info: {
  readonly trainCount: number;
  readonly validCount: number;
  readonly classNames: readonly string[];
}): string {
  return `${formatCount(info.trainCount)} + ${formatCount(info.validCount)} images, ${info.classNames.length} classes`;
}
