/** What is in a folder, found once for many reads: finding a file again may take longer than reading it. */
export interface FolderFiles {
  /** Of the files that were there. */
  readonly names: readonly string[];
  /** A snapshot of one of them; undefined when it is not there, or not any more. */
  readonly read: (file: string) => Promise<Blob | undefined>;
}

/** Files in folders, as a store needs them: OPFS in the app, memory with faults in the tests. */
export interface StoreFiles {
  folders(): Promise<string[]>;
  /** The files of a folder; none when there is no such folder. */
  look(folder: string): Promise<FolderFiles>;
  /** A snapshot; undefined when there is no such file. */
  read(folder: string, file: string): Promise<Blob | undefined>;
  /**
   * Creates or replaces a file. Resolves only when exactly these bytes are there.
   * @throws {StorageError}
   */
  write(folder: string, file: string, parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void>;
  /**
   * Writes at the end of a file, creating it when it is not there.
   * @throws {StorageError}
   */
  append(folder: string, file: string, bytes: Uint8Array): Promise<void>;
  /**
   * Cuts a file off after `size` bytes; nothing happens when it is not longer, or not there.
   * @throws {StorageError}
   */
  truncate(folder: string, file: string, size: number): Promise<void>;
  /** Removes a file; nothing happens when there is none. */
  removeFile(folder: string, file: string): Promise<void>;
  /** Removes a folder with all in it; nothing happens when there is none. */
  remove(folder: string): Promise<void>;
  /** Bytes this site uses and may use; undefined where the browser does not say. */
  estimate(): Promise<{ readonly usage: number; readonly quota: number } | undefined>;
  /** Whether the browser keeps the files when it needs room; undefined where it does not say. */
  isPersistent(): Promise<boolean | undefined>;
  /**
   * Runs `work` while no other tab runs any under the same name.
   * @throws a `DOMException` named `AbortError` when `signal` is raised while it waits.
   */
  exclusive<Result>(name: string, work: () => Promise<Result>, signal?: AbortSignal): Promise<Result>;
}
