import type { Dataset, DatasetSource, StorageUsage, StoredDataset } from '#domain/dataset.ts';
import { openOpfsFiles } from '#lib/files/opfsFiles.ts';
import type { StoreFiles } from '#lib/files/storeFiles.ts';
import { DatasetError, throwIfAborted } from './datasetError.ts';
import {
  cifar10Remote,
  discardDownload,
  downloadState,
  loadRemote,
  type RemoteDataset,
} from './download/cifar10Download.ts';
import type { ParseJob } from './parse.ts';
import { parseInWorker } from './parserHost.ts';
import type { LoadOptions } from './progress.ts';
import { DatasetStore } from './store/datasetStore.ts';

/** What the library is made of; tests give it fakes. */
export interface LibraryParts {
  parse(job: ParseJob, options: LoadOptions): Promise<Dataset>;
  /** Undefined where nothing can be kept. */
  openFiles(): Promise<StoreFiles | undefined>;
  readonly remote: RemoteDataset;
}

/** Directory of the private file system that data sets and downloads are kept in. */
const FILES_ROOT = 'normlab-data';

const PARTS: LibraryParts = {
  parse: parseInWorker,
  openFiles: () => openOpfsFiles(FILES_ROOT),
  remote: cifar10Remote(),
};

const NOTHING_KEPT =
  'This browser keeps no data for this site (a private window?), so the data are gone when the page is closed.';

/**
 * Loads data sets from wherever they come, and keeps those that took an effort to get. Lives in the training
 * worker: only a dedicated worker can write the store, and one parser worker at a time is its child.
 */
export class DataLibrary {
  readonly #parts: LibraryParts;
  #files: Promise<StoreFiles | undefined> | undefined;

  constructor(parts: LibraryParts = PARTS) {
    this.#parts = parts;
  }

  /**
   * Loads a data set. Touches nothing of the one in use: the caller swaps when this resolves. What came from
   * files or over the network is kept for the next visit; when that fails, a note says so.
   * @throws {DatasetError} with a sentence for users; a `DOMException` named `AbortError` when cancelled.
   */
  async load(source: DatasetSource, options: LoadOptions = {}): Promise<Dataset> {
    throwIfAborted(options.signal);
    if (source.kind === 'built-in')
      return this.#parts.parse({ kind: 'built-in', seed: source.seed ?? 0 }, options);
    const files = await this.#openFiles();
    if (source.kind === 'stored') {
      if (!files) throw new DatasetError('storage', NOTHING_KEPT);
      return new DatasetStore(files).load(source.hash, options);
    }
    const loaded = await this.#loadNew(source, files, options);
    throwIfAborted(options.signal);
    return keep(withOrigin(loaded, source), files, options);
  }

  /** The data sets that are kept, oldest first. */
  async list(): Promise<StoredDataset[]> {
    const files = await this.#openFiles();
    return files ? new DatasetStore(files).list() : [];
  }

  /** Removes a data set from the store; one that is in use stays in use. */
  async remove(hash: string): Promise<void> {
    const files = await this.#openFiles();
    if (files) await new DatasetStore(files).remove(hash);
  }

  /** Bytes that unfinished downloads of CIFAR-10 have left, and bytes of a whole one. */
  async downloadState(): Promise<{ done: number; total: number }> {
    return downloadState(this.#parts.remote, await this.#openFiles());
  }

  /** Removes what unfinished downloads have left. */
  async discardDownload(): Promise<void> {
    await discardDownload(this.#parts.remote, await this.#openFiles());
  }

  async usage(): Promise<StorageUsage> {
    const files = await this.#openFiles();
    if (files) return new DatasetStore(files).usage();
    return { datasetBytes: 0, usage: undefined, quota: undefined, isPersistent: undefined };
  }

  #openFiles(): Promise<StoreFiles | undefined> {
    this.#files ??= this.#parts.openFiles();
    return this.#files;
  }

  #loadNew(
    source: Extract<DatasetSource, { kind: 'files' | 'images' | 'download' }>,
    files: StoreFiles | undefined,
    options: LoadOptions,
  ): Promise<Dataset> {
    const parts = this.#parts;
    if (source.kind === 'files') return parts.parse(source, options);
    if (source.kind === 'images') return parts.parse({ ...source, seed: source.seed ?? 0 }, options);
    const parse = (job: ParseJob, jobOptions: LoadOptions): Promise<Dataset> => parts.parse(job, jobOptions);
    return loadRemote(parts.remote, { ...options, files, parse });
  }
}

const CIFAR_LICENCE =
  'By Alex Krizhevsky, Vinod Nair and Geoffrey Hinton (2009), published without a licence; cite “Learning Multiple Layers of Features from Tiny Images”.';

function withOrigin(dataset: Dataset, source: DatasetSource): Dataset {
  const { info } = dataset;
  const [first] = source.kind === 'files' ? source.files : [];
  const origin = first ? first.name : source.kind === 'images' ? source.title : undefined;
  return {
    ...dataset,
    info: {
      ...info,
      ...(info.id.startsWith('cifar') && { licence: CIFAR_LICENCE }),
      ...(origin !== undefined && { source: origin }),
    },
  };
}

async function keep(dataset: Dataset, files: StoreFiles | undefined, options: LoadOptions): Promise<Dataset> {
  try {
    if (!files) throw new DatasetError('storage', NOTHING_KEPT);
    await new DatasetStore(files).save(dataset, options);
    return dataset;
  } catch (error) {
    // The data are whole: a full disk must not keep anyone from using them.
    const note =
      error instanceof DatasetError ? error.sentence : 'The data could not be kept for the next visit.';
    return { ...dataset, info: { ...dataset.info, notes: [...dataset.info.notes, note] } };
  }
}
