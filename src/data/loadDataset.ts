import type { Dataset, DatasetSource } from '#domain/dataset.ts';
import { builtInDataset } from './builtIn.ts';
import { loadCifarArchive, loadCifarFiles } from './cifarFiles.ts';
import { DatasetError, throwIfAborted } from './datasetError.ts';

/** What loading is doing; `done` of `total` is in bytes or images, whatever the stage counts. */
export interface LoadProgress {
  readonly stage: string;
  readonly done: number;
  readonly total: number;
}

export interface LoadOptions {
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Loads a data set. Touches nothing of the one in use: the caller swaps when this resolves.
 * @throws {DatasetError} with a sentence for users; a `DOMException` named `AbortError` when cancelled.
 */
export async function loadDataset(source: DatasetSource, options: LoadOptions = {}): Promise<Dataset> {
  throwIfAborted(options.signal);
  if (source.kind === 'built-in') {
    return builtInDataset(source.seed, undefined, (done, total) =>
      options.onProgress?.({ stage: 'Drawing images', done, total }),
    );
  }
  const { files } = source;
  const [first] = files;
  if (!first)
    throw new DatasetError(
      'not-recognized',
      'No file was chosen; choose cifar-10-binary.tar.gz or its .bin files.',
    );
  return files.length === 1 && !first.name.endsWith('.bin')
    ? loadCifarArchive(first, options)
    : loadCifarFiles(files, options);
}
