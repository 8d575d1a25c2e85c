import { StorageError } from '#lib/files/storageError.ts';
import type { StoreFiles } from '#lib/files/storeFiles.ts';
import { DatasetError } from '../datasetError.ts';

/** A download in progress: bytes from the start of a file, kept until the rest has come. */
export interface PartialFile {
  /** What is there; undefined or empty at the start. */
  read(): Promise<Blob | undefined>;
  /** @throws {DatasetError} with code 'storage'. */
  append(bytes: Uint8Array): Promise<void>;
  clear(): Promise<void>;
}

/** Kept over reloads, in a folder of its own. */
export function storedPartial(files: StoreFiles, folder: string): PartialFile {
  return {
    read: () => files.read(folder, 'part'),
    async append(bytes) {
      try {
        await files.append(folder, 'part', bytes);
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        throw new DatasetError(
          'storage',
          'The browser’s storage for this site is full or cannot be written; remove a saved data set or free disk space.',
          { cause: error },
        );
      }
    },
    clear: () => files.remove(folder),
  };
}

/** Where the browser has no file storage, or no room: gone with the worker. */
export function memoryPartial(): PartialFile {
  let blob = new Blob([]);
  return {
    read: () => Promise.resolve(blob),
    append(bytes) {
      // A Blob of Blobs: browsers keep large ones out of the heap.
      blob = new Blob([blob, bytes as Uint8Array<ArrayBuffer>]);
      return Promise.resolve();
    },
    clear() {
      blob = new Blob([]);
      return Promise.resolve();
    },
  };
}
