import { nextTask } from '#lib/nextTask.ts';
import { blocksOf } from './blocks.ts';
import { expectSize, storageFull, writeAll } from './checkedWrite.ts';
import { StorageError } from './storageError.ts';
import type { FolderFiles, StoreFiles } from './storeFiles.ts';

/**
 * How long a file that is open elsewhere is waited for: the handle of a worker that was ended by a reload is
 * given back only some hundred milliseconds later.
 */
const OPEN_RETRIES_MS: readonly number[] = [20, 50, 100, 200, 400, 800];

/**
 * Files in the browser's private file system, in the folders of the directory `rootName`. Needs a dedicated
 * worker, because only there writes are synchronous and say how much they wrote.
 * @returns undefined where the browser has none or refuses it (private windows).
 */
export async function openOpfsFiles(rootName: string): Promise<StoreFiles | undefined> {
  // Windows have the file system without synchronous handles; Safari before 15.2 has neither.
  if (!('createSyncAccessHandle' in (globalThis.FileSystemFileHandle?.prototype ?? {}))) return undefined;
  try {
    const root = await navigator.storage.getDirectory();
    return new OpfsFiles(rootName, await root.getDirectoryHandle(rootName, { create: true }));
  } catch {
    return undefined;
  }
}

class OpfsFiles implements StoreFiles {
  readonly #name: string;
  readonly #root: FileSystemDirectoryHandle;

  constructor(name: string, root: FileSystemDirectoryHandle) {
    this.#name = name;
    this.#root = root;
  }

  async folders(): Promise<string[]> {
    const names: string[] = [];
    for await (const [name, { kind }] of this.#root.entries()) if (kind === 'directory') names.push(name);
    return names;
  }

  async look(folder: string): Promise<FolderFiles> {
    const handles = new Map<string, FileSystemFileHandle>();
    await unlessMissing(async () => {
      const directory = await this.#root.getDirectoryHandle(folder);
      for await (const [name, handle] of directory.entries()) if (isFile(handle)) handles.set(name, handle);
    });
    return {
      names: [...handles.keys()],
      read: (file) => unlessMissing(async () => handles.get(file)?.getFile()),
    };
  }

  read(folder: string, file: string): Promise<Blob | undefined> {
    return unlessMissing(async () => {
      const directory = await this.#root.getDirectoryHandle(folder);
      return (await directory.getFileHandle(file)).getFile();
    });
  }

  async write(
    folder: string,
    file: string,
    parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<void> {
    await this.#withHandle(folder, file, async (handle) => {
      handle.truncate(0);
      let at = 0;
      for await (const block of blocksOf(parts)) {
        writeAll(handle, block, at);
        at += block.byteLength;
        // Calls of a handle block the worker, which has training to see to.
        await nextTask();
      }
      handle.flush();
      expectSize(handle, at);
    });
  }

  async append(folder: string, file: string, bytes: Uint8Array): Promise<void> {
    await this.#withHandle(folder, file, (handle) => {
      const at = handle.getSize();
      writeAll(handle, bytes, at);
      handle.flush();
      expectSize(handle, at + bytes.byteLength);
    });
  }

  async truncate(folder: string, file: string, size: number): Promise<void> {
    const existing = await this.read(folder, file);
    if (!existing || existing.size <= size) return;
    await this.#withHandle(folder, file, (handle) => {
      handle.truncate(size);
      handle.flush();
      expectSize(handle, size);
    });
  }

  async removeFile(folder: string, file: string): Promise<void> {
    await unlessMissing(async () => (await this.#root.getDirectoryHandle(folder)).removeEntry(file));
  }

  async remove(folder: string): Promise<void> {
    await unlessMissing(() => this.#root.removeEntry(folder, { recursive: true }));
  }

  async estimate(): Promise<{ usage: number; quota: number } | undefined> {
    const { usage, quota } = await navigator.storage.estimate();
    return usage === undefined || quota === undefined ? undefined : { usage, quota };
  }

  async isPersistent(): Promise<boolean | undefined> {
    return navigator.storage.persisted();
  }

  async exclusive<Result>(name: string, work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    return navigator.locks.request(`${this.#name}:${name}`, signal ? { signal } : {}, work);
  }

  async #withHandle(
    folder: string,
    file: string,
    work: (handle: FileSystemSyncAccessHandle) => Promise<void> | void,
  ): Promise<void> {
    try {
      const directory = await this.#root.getDirectoryHandle(folder, { create: true });
      const handle = await openForWriting(await directory.getFileHandle(file, { create: true }));
      try {
        await work(handle);
      } finally {
        handle.close();
      }
    } catch (error) {
      if (error instanceof StorageError) throw error;
      throw isNamed(error, 'NoModificationAllowedError')
        ? new StorageError('The file is being written in another tab.', { cause: error })
        : storageFull(error);
    }
  }
}

async function openForWriting(file: FileSystemFileHandle): Promise<FileSystemSyncAccessHandle> {
  for (const delay of OPEN_RETRIES_MS) {
    try {
      return await file.createSyncAccessHandle();
    } catch (error) {
      if (!isNamed(error, 'NoModificationAllowedError')) throw error;
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }
  return file.createSyncAccessHandle();
}

function isFile(handle: FileSystemHandle): handle is FileSystemFileHandle {
  return handle.kind === 'file';
}

/** What `work` gives, or undefined when what it reaches for is not there. */
async function unlessMissing<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isNamed(error, 'NotFoundError')) return undefined;
    throw error;
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof DOMException && error.name === name;
}
