import { appendFile, mkdir, open, readdir, readFile, rename, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { StorageError } from '#lib/files/storageError.ts';
import type { FolderFiles, StoreFiles } from '#lib/files/storeFiles.ts';

/** Files in folders on this machine's disk. One process at a time: nothing is locked against others. */
export class NodeFiles implements StoreFiles {
  readonly #root: string;
  readonly #queues = new Map<string, Promise<unknown>>();

  /** @param root a folder of its own. */
  constructor(root: string) {
    this.#root = root;
  }

  async folders(): Promise<string[]> {
    const entries = await orNone(readdir(this.#root, { withFileTypes: true }));
    return (entries ?? []).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  }

  async look(folder: string): Promise<FolderFiles> {
    const entries = (await orNone(readdir(join(this.#root, folder), { withFileTypes: true }))) ?? [];
    return {
      names: entries.filter((entry) => entry.isFile()).map(({ name }) => name),
      read: (file) => this.read(folder, file),
    };
  }

  async read(folder: string, file: string): Promise<Blob | undefined> {
    const bytes = await orNone(readFile(join(this.#root, folder, file)));
    return bytes && new Blob([bytes]);
  }

  async write(
    folder: string,
    file: string,
    parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<void> {
    await this.#change(folder, async () => {
      const path = join(this.#root, folder, file);
      const handle = await open(`${path}.partial`, 'w');
      try {
        for await (const part of parts) await handle.writeFile(part);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(`${path}.partial`, path);
    });
  }

  async append(folder: string, file: string, bytes: Uint8Array): Promise<void> {
    await this.#change(folder, () => appendFile(join(this.#root, folder, file), bytes));
  }

  async truncate(folder: string, file: string, size: number): Promise<void> {
    await this.#change(folder, async () => {
      const path = join(this.#root, folder, file);
      const found = await orNone(stat(path));
      if (found && found.size > size) await truncate(path, size);
    });
  }

  async removeFile(folder: string, file: string): Promise<void> {
    await rm(join(this.#root, folder, file), { force: true });
  }

  async remove(folder: string): Promise<void> {
    await rm(join(this.#root, folder), { recursive: true, force: true });
  }

  estimate(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  isPersistent(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async exclusive<Result>(name: string, work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    const result = (this.#queues.get(name) ?? Promise.resolve()).then(() => {
      signal?.throwIfAborted();
      return work();
    });
    this.#queues.set(
      name,
      result.catch(() => undefined),
    );
    return result;
  }

  async #change(folder: string, work: () => Promise<void>): Promise<void> {
    try {
      await mkdir(join(this.#root, folder), { recursive: true });
      await work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new StorageError(`The disk refused: ${reason}`, { cause: error });
    }
  }
}

/** Undefined for what is not there. */
async function orNone<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
