import {
  IMAGE_BYTES,
  type Dataset,
  type ImageSet,
  type StorageUsage,
  type StoredDataset,
} from '#domain/dataset.ts';
import { megabytes } from '#lib/bytes.ts';
import { checksum } from '#lib/files/checksum.ts';
import type { StoreFiles } from '#lib/files/storeFiles.ts';
import { DatasetError } from '../datasetError.ts';
import type { LoadOptions } from '../progress.ts';
import { MANIFEST_VERSION, parseManifest, type Manifest } from './manifest.ts';

const DATA = 'data.bin';
const MANIFEST = 'manifest.json';
const WRITE_LOCK = 'write';
const PIECE_BYTES = 8 * 2 ** 20;
/** Folders of data sets; others (unfinished downloads) are not the store's. */
const PREFIX = 'set-';

/**
 * Data sets kept in the browser. A set is a folder of its own, named for its content and a chance number:
 * the bytes are written first and the manifest last, so a folder without a readable manifest is an
 * unfinished save and nothing else. Saved files are never changed.
 */
export class DatasetStore {
  readonly #files: StoreFiles;
  readonly #now: () => number;

  constructor(files: StoreFiles, now: () => number = Date.now) {
    this.#files = files;
    this.#now = now;
  }

  /** All complete data sets that this version can read, oldest first. */
  async list(): Promise<StoredDataset[]> {
    const entries = await this.#entries();
    return entries.map(({ manifest }) => stored(manifest)).sort((a, b) => a.savedAt - b.savedAt);
  }

  /**
   * Saves a data set, or does nothing when the same content is there already.
   * @throws {DatasetError} with code 'storage', naming the space it needs; nothing is left behind then.
   */
  save(dataset: Dataset, options: LoadOptions = {}): Promise<StoredDataset> {
    return this.#files.exclusive(WRITE_LOCK, async () => {
      await this.#removeUnfinished();
      const { info } = dataset;
      const existing = (await this.#entries()).find(({ manifest }) => manifest.info.hash === info.hash);
      if (existing) return stored(existing.manifest);
      const parts = partsOf(dataset);
      const byteLength = parts.reduce((sum, part) => sum + part.byteLength, 0);
      await this.#expectRoom(info.title, byteLength);
      const manifest: Manifest = {
        version: MANIFEST_VERSION,
        info,
        savedAt: this.#now(),
        byteLength,
        checksum: checksum(parts),
      };
      const folder = `${PREFIX}${info.hash.slice(0, 24)}-${crypto.randomUUID().slice(0, 8)}`;
      try {
        await this.#files.write(folder, DATA, pieces(parts, byteLength, info.title, options));
        await this.#files.write(folder, MANIFEST, [new TextEncoder().encode(JSON.stringify(manifest))]);
      } catch (error) {
        await this.#files.remove(folder).catch(() => {
          // Without its manifest it counts as unfinished, and the next save removes it.
        });
        throw this.#noRoom(info.title, byteLength, undefined, error);
      }
      return stored(manifest);
    });
  }

  /**
   * The saved data set with this content hash.
   * @throws {DatasetError} when there is none, or its bytes have changed.
   */
  async load(hash: string, options: LoadOptions = {}): Promise<Dataset> {
    const entry = (await this.#entries()).find(({ manifest }) => manifest.info.hash === hash);
    const file = entry && (await this.#files.read(entry.folder, DATA));
    if (!entry || !file) {
      throw new DatasetError(
        'storage',
        'This data set is no longer saved in this browser; load it from its source again.',
      );
    }
    const { info, byteLength, checksum: expected } = entry.manifest;
    const stage = `Loading ${info.title}`;
    options.onProgress?.({ stage, done: 0, total: byteLength });
    const damaged = `The saved copy of ${info.title} is damaged; remove it and load the data from their source again.`;
    let at = 0;
    const take = async (bytes: number): Promise<Uint8Array<ArrayBuffer>> => {
      const buffer = await file.slice(at, at + bytes).arrayBuffer();
      at += bytes;
      options.onProgress?.({ stage, done: at, total: byteLength });
      return new Uint8Array(buffer);
    };
    const half = async (count: number): Promise<ImageSet> => ({
      count,
      images: await take(count * IMAGE_BYTES),
      labels: await take(count),
    });
    let dataset: Dataset;
    try {
      dataset = { info, train: await half(info.trainCount), valid: await half(info.validCount) };
    } catch (error) {
      throw new DatasetError('storage', damaged, { cause: error });
    }
    if (file.size !== byteLength || checksum(partsOf(dataset)) !== expected)
      throw new DatasetError('damaged', damaged);
    return dataset;
  }

  /** Removes a data set; nothing happens when there is none. */
  remove(hash: string): Promise<void> {
    return this.#files.exclusive(WRITE_LOCK, async () => {
      for (const { folder, manifest } of await this.#entries()) {
        if (manifest.info.hash === hash) await this.#files.remove(folder);
      }
    });
  }

  async usage(): Promise<StorageUsage> {
    const [sets, estimate, isPersistent] = await Promise.all([
      this.list(),
      this.#files.estimate(),
      this.#files.isPersistent(),
    ]);
    return {
      datasetBytes: sets.reduce((sum, { byteLength }) => sum + byteLength, 0),
      usage: estimate?.usage,
      quota: estimate?.quota,
      isPersistent,
    };
  }

  async #entries(): Promise<{ folder: string; manifest: Manifest }[]> {
    const entries: { folder: string; manifest: Manifest }[] = [];
    for (const folder of await this.#folders()) {
      const manifest = await this.#manifest(folder);
      if (manifest && manifest !== 'newer') entries.push({ folder, manifest });
    }
    return entries;
  }

  async #folders(): Promise<string[]> {
    return (await this.#files.folders()).filter((name) => name.startsWith(PREFIX));
  }

  async #manifest(folder: string): Promise<Manifest | 'newer' | undefined> {
    try {
      const file = await this.#files.read(folder, MANIFEST);
      return file && parseManifest(await file.text());
    } catch {
      // Another tab may remove it meanwhile.
      return undefined;
    }
  }

  /** Only under the write lock: a save that is going on in another tab looks unfinished too. */
  async #removeUnfinished(): Promise<void> {
    for (const folder of await this.#folders()) {
      if ((await this.#manifest(folder)) === undefined) await this.#files.remove(folder);
    }
  }

  async #expectRoom(title: string, byteLength: number): Promise<void> {
    const estimate = await this.#files.estimate();
    if (!estimate) return;
    const room = estimate.quota - estimate.usage;
    if (room < byteLength) throw this.#noRoom(title, byteLength, Math.max(0, room), undefined);
  }

  #noRoom(title: string, byteLength: number, room: number | undefined, cause: unknown): DatasetError {
    const allowed =
      room === undefined ? 'the browser gave less' : `the browser allows only ${megabytes(room)} more`;
    return new DatasetError(
      'storage',
      `Keeping ${title} needs ${megabytes(byteLength)}, but ${allowed} for this site; remove a saved data set or free disk space. The data can be used until the page is closed.`,
      { cause },
    );
  }
}

function stored({ info, savedAt, byteLength }: Manifest): StoredDataset {
  return { info, savedAt, byteLength };
}

/** The file's content, in its order. */
function partsOf({ train, valid }: Dataset): Uint8Array[] {
  return [train.images, train.labels, valid.images, valid.labels];
}

function* pieces(
  parts: readonly Uint8Array[],
  total: number,
  title: string,
  options: LoadOptions,
): Generator<Uint8Array> {
  let done = 0;
  for (const part of parts) {
    for (let at = 0; at < part.byteLength; at += PIECE_BYTES) {
      const piece = part.subarray(at, at + PIECE_BYTES);
      yield piece;
      done += piece.byteLength;
      options.onProgress?.({ stage: `Keeping ${title}`, done, total });
    }
  }
}
