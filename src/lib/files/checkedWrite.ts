import { StorageError } from './storageError.ts';

/** What checked writing needs of a `FileSystemSyncAccessHandle`. */
export interface SyncFile {
  write(bytes: Uint8Array, options: { at: number }): number;
  getSize(): number;
}

/**
 * Writes all of `bytes` or throws. At its quota Chromium's `write` returns a nonsense count instead of throwing
 * (4294967288), and `flush` and `truncate` report success; only the returned count and the size tell the truth.
 * @throws {StorageError}
 */
export function writeAll(file: SyncFile, bytes: Uint8Array, at: number): void {
  const written = file.write(bytes, { at });
  if (written !== bytes.byteLength) throw storageFull(`wrote ${written} of ${bytes.byteLength} bytes`);
}

/** @throws {StorageError} when the file has another size. */
export function expectSize(file: SyncFile, size: number): void {
  const actual = file.getSize();
  if (actual !== size) throw storageFull(`the file has ${actual} of ${size} bytes`);
}

export function storageFull(cause: unknown): StorageError {
  return new StorageError('The browser’s storage for this site is full or cannot be written.', { cause });
}
