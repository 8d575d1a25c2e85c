import { DatasetError } from '../datasetError.ts';
import type { StoreFiles } from './storeFiles.ts';

const ROOT = 'normlab-data';

/**
 * The store's files in the browser's private file system. Needs a dedicated worker, because only there
 * writes are synchronous and say how much they wrote.
 * @returns undefined where the browser has none or refuses it (private windows).
 */
export async function openOpfsFiles(): Promise<StoreFiles | undefined> {
  // Windows have the file system without synchronous handles; Safari before 15.2 has neither.
  if (!('createSyncAccessHandle' in (globalThis.FileSystemFileHandle?.prototype ?? {}))) return undefined;
  try {
    const root = await navigator.storage.getDirectory();
    return new OpfsFiles(await root.getDirectoryHandle(ROOT, { create: true }));
  } catch {
    return undefined;
  }
}

class OpfsFiles implements StoreFiles {
  readonly #root: FileSystemDirectoryHandle;

  constructor(root: FileSystemDirectoryHandle) {
    this.#root = root;
  }

  async folders(): Promise<string[]> {
    const names: string[] = [];
    for await (const [name, handle] of this.#root.entries())
      if (handle.kind === 'directory') names.push(name);
    return names;
  }

  async read(folder: string, file: string): Promise<Blob | undefined> {
    try {
      const directory = await this.#root.getDirectoryHandle(folder);
      return await (await directory.getFileHandle(file)).getFile();
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async write(
    folder: string,
    file: string,
    parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<void> {
    await this.#withHandle(folder, file, async (handle) => {
      handle.truncate(0);
      let at = 0;
      for await (const part of parts) {
        writeAll(handle, part, at);
        at += part.byteLength;
      }
      handle.flush();
      expectSize(handle, at);
    });
  }

  async append(folder: string, file: string, bytes: Uint8Array): Promise<void> {
    await this.#withHandle(folder, file, async (handle) => {
      const at = handle.getSize();
      writeAll(handle, bytes, at);
      handle.flush();
      expectSize(handle, at + bytes.byteLength);
    });
  }

  async remove(folder: string): Promise<void> {
    try {
      await this.#root.removeEntry(folder, { recursive: true });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async estimate(): Promise<{ usage: number; quota: number } | undefined> {
    const { usage, quota } = await navigator.storage.estimate();
    return usage === undefined || quota === undefined ? undefined : { usage, quota };
  }

  async isPersistent(): Promise<boolean | undefined> {
    return navigator.storage.persisted();
  }

  async exclusive<Result>(name: string, work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    return navigator.locks.request(`${ROOT}:${name}`, signal ? { signal } : {}, work);
  }

  async #withHandle(
    folder: string,
    file: string,
    work: (handle: FileSystemSyncAccessHandle) => Promise<void>,
  ): Promise<void> {
    try {
      const directory = await this.#root.getDirectoryHandle(folder, { create: true });
      const handle = await (await directory.getFileHandle(file, { create: true })).createSyncAccessHandle();
      try {
        await work(handle);
      } finally {
        handle.close();
      }
    } catch (error) {
      if (error instanceof DatasetError) throw error;
      throw storageFull(error);
    }
  }
}

/**
 * At its quota Chromium's `write` returns a nonsense count instead of throwing (4294967288), and `flush`
 * and `truncate` report success; only the returned count and the size tell the truth.
 */
function writeAll(handle: FileSystemSyncAccessHandle, bytes: Uint8Array, at: number): void {
  const written = handle.write(bytes, { at });
  if (written !== bytes.byteLength) throw storageFull(`wrote ${written} of ${bytes.byteLength} bytes`);
}

function expectSize(handle: FileSystemSyncAccessHandle, size: number): void {
  const actual = handle.getSize();
  if (actual !== size) throw storageFull(`the file has ${actual} of ${size} bytes`);
}

function storageFull(cause: unknown): DatasetError {
  return new DatasetError(
    'storage',
    'The browser’s storage for this site is full or cannot be written; remove a saved data set or free disk space.',
    { cause },
  );
}

function isNotFound(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'NotFoundError';
}
