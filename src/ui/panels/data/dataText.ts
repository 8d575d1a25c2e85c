import type { LoadingState } from '#client/datasetClient.ts';
import type { StorageUsage } from '#domain/dataset.ts';
import { formatBytes, formatCount, formatPercent, formatRemaining } from '#ui/format.ts';

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

/** '10,000 + 2,000 images, 10 classes' */
export function sizeText(info: {
  readonly trainCount: number;
  readonly validCount: number;
  readonly classNames: readonly string[];
}): string {
  return `${formatCount(info.trainCount)} + ${formatCount(info.validCount)} images, ${info.classNames.length} classes`;
}

/** How much of the browser's room is taken. */
export function storageText(storage: StorageUsage, setCount: number): string {
  const { datasetBytes, usage, quota, isPersistent } = storage;
  const kept =
    setCount === 0
      ? 'No data set is kept in this browser yet; loaded ones are.'
      : `${setCount === 1 ? '1 data set takes' : `${setCount} data sets take`} ${formatBytes(datasetBytes)}.`;
  const room =
    usage === undefined || quota === undefined
      ? ''
      : ` This site uses ${formatBytes(usage)} of the ${formatBytes(quota)} that the browser allows.`;
  const risk =
    setCount > 0 && isPersistent === false ? ' The browser may clear them when the disk is full.' : '';
  return kept + room + risk;
}
