import type { StoreFiles } from '../store/storeFiles.ts';

/** A download in progress: bytes from the start of a file, kept until the rest has come. */
export interface PartialFile {
  /** What is there; undefined or empty at the start. */
  read(): Promise<Blob | undefined>;
  append(bytes: Uint8Array): Promise<void>;
  clear(): Promise<void>;
}

/** Kept over reloads, in a folder of its own. */
export function storedPartial(files: StoreFiles, folder: string): PartialFile {
  return {
    read: () => files.read(folder, 'part'),
    append: (bytes) => files.append(folder, 'part', bytes),
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
