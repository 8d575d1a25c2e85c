import { megabytes } from '#lib/bytes.ts';
import { StorageError } from '#lib/files/storageError.ts';
import type { StoreFiles } from '#lib/files/storeFiles.ts';

/** Of the quota; above it a write that failed is taken to have failed for want of room. */
const NEARLY_FULL = 0.95;

/**
 * Why something could not be saved, for people.
 * @param byteLength of what was to be written.
 */
export async function notSaved(files: StoreFiles, byteLength: number, cause: unknown): Promise<StorageError> {
  const estimate = await files.estimate().catch(() => undefined);
  const figures = estimate ? ` (${megabytes(estimate.usage)} of ${megabytes(estimate.quota)} used)` : '';
  const isFull = estimate && estimate.usage + byteLength > NEARLY_FULL * estimate.quota;
  const fault = isFull ? 'full' : 'full or cannot be written';
  return new StorageError(
    `Not saved: the browser’s storage is ${fault}${figures}. Free space, or download what you want to keep; the run goes on.`,
    { cause },
  );
}
