import type { Dataset } from '#domain/dataset.ts';
import { builtInDataset } from './builtIn.ts';
import { loadCifarArchive, loadCifarFiles } from './cifarFiles.ts';
import { DatasetError, throwIfAborted } from './datasetError.ts';
import { fileKind } from './fileKind.ts';
import type { ParquetExpectation } from './parquet.ts';
import type { LoadOptions } from './progress.ts';

/** Something to make a data set of; crosses to the parser worker as it is. */
export type ParseJob =
  | { readonly kind: 'built-in'; readonly seed: number }
  | { readonly kind: 'files'; readonly files: readonly File[] }
  | {
      readonly kind: 'images';
      readonly title: string;
      readonly seed: number;
      readonly files: readonly { readonly path: string; readonly file: File }[];
    }
  | {
      readonly kind: 'parquet';
      readonly train: Blob;
      readonly valid: Blob;
      readonly expected: ParquetExpectation;
    };

/**
 * Makes a data set of a job, in this thread. The app runs it in a throw-away worker only (`parserHost.ts`):
 * damaged input can make a decoder spin, and the libraries among them were not built to withstand it.
 * @throws {DatasetError}
 */
export async function parse(job: ParseJob, options: LoadOptions = {}): Promise<Dataset> {
  throwIfAborted(options.signal);
  if (job.kind === 'built-in') {
    return builtInDataset(job.seed, undefined, (done, total) =>
      options.onProgress?.({ stage: 'Drawing images', done, total }),
    );
  }
  if (job.kind === 'parquet') {
    // Loaded when needed: most visits read no parquet.
    const { loadParquet } = await import('./parquet.ts');
    return loadParquet(job, job.expected, options);
  }
  if (job.kind === 'images') {
    const { loadOwnImages } = await import('./images/ownImages.ts');
    const files = job.files.map(({ path, file }) => ({
      path,
      byteLength: file.size,
      read: async () => new Uint8Array(await file.arrayBuffer()),
    }));
    return loadOwnImages(files, job, options);
  }
  return parseFiles(job.files, options);
}

async function parseFiles(files: readonly File[], options: LoadOptions): Promise<Dataset> {
  const [first] = files;
  if (!first) {
    throw new DatasetError(
      'not-recognized',
      'No file was chosen; choose cifar-10-binary.tar.gz or its .bin files.',
    );
  }
  if (files.length > 1 || first.name.endsWith('.bin')) return loadCifarFiles(files, options);
  if ((await fileKind(first)) !== 'zip') return loadCifarArchive(first, options);
  const [{ loadOwnImages }, { zipEntries }] = await Promise.all([
    import('./images/ownImages.ts'),
    import('./images/zip.ts'),
  ]);
  return loadOwnImages(await zipEntries(first, first.name), { title: first.name, seed: 0 }, options);
}
