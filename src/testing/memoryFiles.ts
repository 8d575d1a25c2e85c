import { expectSize, storageFull, writeAll } from '#lib/files/checkedWrite.ts';
import type { FolderFiles, StoreFiles } from '#lib/files/storeFiles.ts';

/**
 * How a writing operation goes wrong: it throws before it changes anything; a part is written and then the power
 * is cut; it returns Chromium's nonsense count at the quota; or it reports success, and half of it is missing.
 */
export type Fault = 'throw' | 'torn' | 'miscounted' | 'truncated';

/** Files in memory. `failAt(n, how)` makes the n-th writing operation from now go wrong, counted from 0. */
export class MemoryFiles implements StoreFiles {
  readonly content = new Map<string, Map<string, Uint8Array<ArrayBuffer>>>();
  quota = Number.POSITIVE_INFINITY;
  #left = Number.POSITIVE_INFINITY;
  #how: Fault = 'throw';
  readonly #queues = new Map<string, Promise<unknown>>();

  failAt(operation: number, how: Fault): void {
    this.#left = operation;
    this.#how = how;
  }

  /** True once the fault has struck. */
  get hasFailed(): boolean {
    return this.#left < 0;
  }

  usage(): number {
    let bytes = 0;
    for (const folder of this.content.values()) for (const file of folder.values()) bytes += file.length;
    return bytes;
  }

  folders(): Promise<string[]> {
    return Promise.resolve([...this.content.keys()]);
  }

  look(folder: string): Promise<FolderFiles> {
    return Promise.resolve({
      names: [...(this.content.get(folder)?.keys() ?? [])],
      read: (file) => this.read(folder, file),
    });
  }

  read(folder: string, file: string): Promise<Blob | undefined> {
    const bytes = this.content.get(folder)?.get(file);
    return Promise.resolve(bytes && new Blob([bytes]));
  }

  async write(
    folder: string,
    file: string,
    parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<void> {
    const pieces: Uint8Array[] = [];
    for await (const part of parts) pieces.push(part.slice());
    this.#put(folder, file, new Uint8Array(0), joined(pieces));
  }

  async append(folder: string, file: string, bytes: Uint8Array): Promise<void> {
    // Later, as a file system answers: the caller must not rely on the order of calls.
    await Promise.resolve();
    this.#put(folder, file, this.content.get(folder)?.get(file) ?? new Uint8Array(0), bytes);
  }

  async truncate(folder: string, file: string, size: number): Promise<void> {
    await this.#change(() => {
      const bytes = this.content.get(folder)?.get(file);
      if (bytes && bytes.length > size) this.content.get(folder)?.set(file, bytes.slice(0, size));
    });
  }

  async removeFile(folder: string, file: string): Promise<void> {
    await this.#change(() => this.content.get(folder)?.delete(file));
  }

  async remove(folder: string): Promise<void> {
    await this.#change(() => this.content.delete(folder));
  }

  estimate(): Promise<{ usage: number; quota: number } | undefined> {
    return Promise.resolve(
      Number.isFinite(this.quota) ? { usage: this.usage(), quota: this.quota } : undefined,
    );
  }

  isPersistent(): Promise<boolean | undefined> {
    return Promise.resolve(undefined);
  }

  exclusive<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const result = (this.#queues.get(name) ?? Promise.resolve()).then(work);
    this.#queues.set(
      name,
      result.catch(() => undefined),
    );
    return result;
  }

  /** An operation that is done whole or not at all, whatever its fault. */
  async #change(work: () => void): Promise<void> {
    await Promise.resolve();
    const fault = this.#fault();
    if (fault === undefined || fault === 'truncated') work();
    else throw storageFull(new Error('disk fault'));
  }

  /** How the operation that begins now goes wrong. */
  #fault(): Fault | undefined {
    return --this.#left === -1 ? this.#how : undefined;
  }

  #put(folder: string, file: string, before: Uint8Array, bytes: Uint8Array): void {
    const fault = this.#fault();
    if (fault === 'throw') throw storageFull(new Error('disk fault'));
    const files = this.content.get(folder) ?? new Map<string, Uint8Array<ArrayBuffer>>();
    this.content.set(folder, files);
    const room = this.quota - this.usage() - bytes.length;
    const written =
      fault === 'miscounted' || room < 0 ? 0 : fault === undefined ? bytes.length : bytes.length >> 1;
    const after = joined([before, bytes.subarray(0, written)]);
    files.set(file, after);
    const reported = { torn: written, miscounted: 4_294_967_288, truncated: bytes.length };
    const handle = {
      write: () => (fault ? reported[fault] : room < 0 ? reported.miscounted : written),
      getSize: () => (fault === 'truncated' ? before.length + bytes.length : after.length),
    };
    writeAll(handle, bytes, before.length);
    expectSize(handle, before.length + bytes.length);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
