import type { Dataset } from '#domain/dataset.ts';
import { CIFAR10 } from '../cifarFormat.ts';
import type { ParquetExpectation } from '../parquet.ts';
import type { ParseJob } from '../parse.ts';
import type { LoadOptions } from '../progress.ts';
import type { StoreFiles } from '#lib/files/storeFiles.ts';
import { memoryPartial, storedPartial, type PartialFile } from './partialFile.ts';
import { downloadFile, type DownloadOptions, type RemoteFile } from './resumableDownload.ts';
import { TransferRate } from './transferRate.ts';

/** A set that is published as one parquet file for each half. */
export interface RemoteDataset {
  readonly expected: ParquetExpectation;
  readonly train: RemoteFile;
  readonly valid: RemoteFile;
}

const HOST = 'https://huggingface.co';
const FOLDER = '/datasets/uoft-cs/cifar10/resolve/0b2714987fa478483af9968de7c934580d0bb9a2/plain_text';

/** CIFAR-10 on the Hugging Face hub, at a fixed revision. `baseUrl` replaces the hub's host. */
export function cifar10Remote(baseUrl = HOST): RemoteDataset {
  return {
    expected: {
      id: CIFAR10.id,
      title: CIFAR10.title,
      classNames: CIFAR10.classNames,
      trainPerClass: 5000,
      validPerClass: 1000,
      mean: [0.491, 0.482, 0.447],
      deviation: [0.247, 0.243, 0.261],
    },
    train: {
      name: 'the training images of CIFAR-10',
      url: `${baseUrl}${FOLDER}/train-00000-of-00001.parquet`,
      byteLength: 119_705_255,
      sha256: '8428b53a88a11ac374111006708df51469e315a22ac6d66470afd9c78d2ae883',
    },
    valid: {
      name: 'the test images of CIFAR-10',
      url: `${baseUrl}${FOLDER}/test-00000-of-00001.parquet`,
      byteLength: 23_940_850,
      sha256: '841389e6f2d64f28bf17310e430aebac20ec3ba611a3c5e231dc93c645ce84de',
    },
  };
}

export interface RemoteLoadOptions
  extends LoadOptions, Pick<DownloadOptions, 'fetch' | 'stallMs' | 'retryMs'> {
  /** Keeps what has come over reloads; without it a download starts anew with each worker. */
  readonly files?: StoreFiles | undefined;
  parse(job: ParseJob, options: LoadOptions): Promise<Dataset>;
}

/** What has come, where it cannot be stored: by SHA-256, for as long as the worker lives. */
const kept = new Map<string, PartialFile>();

/**
 * Downloads both files, each from where it stopped last time, and decodes them.
 * Two tabs take turns: the second goes on with what the first has brought.
 * @throws {DatasetError}; a `DOMException` named `AbortError` when cancelled.
 */
export async function loadRemote(remote: RemoteDataset, options: RemoteLoadOptions): Promise<Dataset> {
  const files = await roomyFiles(remote, options.files);
  const partialOf = (file: RemoteFile): PartialFile => {
    if (files) return storedPartial(files, folderOf(file));
    const partial = kept.get(file.sha256) ?? memoryPartial();
    kept.set(file.sha256, partial);
    return partial;
  };
  const total = remote.train.byteLength + remote.valid.byteLength;
  const load = async (): Promise<Dataset> => {
    const partials = { train: partialOf(remote.train), valid: partialOf(remote.valid) };
    const rate = new TransferRate();
    const bring = (half: 'train' | 'valid', before: number): Promise<Blob> =>
      downloadFile(remote[half], partials[half], {
        ...options,
        onBytes(bytes) {
          const done = before + bytes;
          const bytesPerSecond = rate.note(done);
          options.onProgress?.({
            stage: `Downloading ${remote.expected.title}`,
            done,
            total,
            ...(bytesPerSecond !== undefined && {
              bytesPerSecond,
              ...(bytesPerSecond > 0 && { remainingMs: ((total - done) / bytesPerSecond) * 1000 }),
            }),
          });
        },
      });
    // The small file first: when something is wrong with the connection, it shows sooner.
    const valid = await bring('valid', 0);
    const train = await bring('train', remote.valid.byteLength);
    const { onProgress, signal } = options;
    const dataset = await options.parse(
      { kind: 'parquet', train, valid, expected: remote.expected },
      { onProgress, signal },
    );
    await Promise.all([partials.train.clear(), partials.valid.clear()]);
    return { ...dataset, info: { ...dataset.info, source: new URL(remote.train.url).host } };
  };
  // Also what a tab sees that waits for another one's download.
  options.onProgress?.({ stage: `Connecting for ${remote.expected.title}`, done: 0, total });
  return files ? files.exclusive(folderOf(remote.train), load, options.signal) : load();
}

function folderOf(file: RemoteFile): string {
  return `download-${file.sha256.slice(0, 24)}`;
}

/** What earlier attempts have brought and how much it is in all, bytes. */
export async function downloadState(
  remote: RemoteDataset,
  files: StoreFiles | undefined,
): Promise<{ done: number; total: number }> {
  const parts = await Promise.all(
    [remote.train, remote.valid].map(async (file) => {
      const stored = await (files && storedPartial(files, folderOf(file)).read());
      return (stored ?? (await kept.get(file.sha256)?.read()))?.size ?? 0;
    }),
  );
  return {
    done: parts.reduce((sum, bytes) => sum + bytes, 0),
    total: remote.train.byteLength + remote.valid.byteLength,
  };
}

/** Removes what earlier attempts have brought; waits for the end of one that is going on in another tab. */
export async function discardDownload(remote: RemoteDataset, files: StoreFiles | undefined): Promise<void> {
  const discard = async (): Promise<void> => {
    for (const file of [remote.train, remote.valid]) {
      kept.delete(file.sha256);
      await files?.remove(folderOf(file));
    }
  };
  await (files ? files.exclusive(folderOf(remote.train), discard) : discard());
}

/** The store's files if they have room for the download and for the images after it. */
async function roomyFiles(
  remote: RemoteDataset,
  files: StoreFiles | undefined,
): Promise<StoreFiles | undefined> {
  const estimate = await files?.estimate();
  if (!estimate) return files;
  const needed = remote.train.byteLength + remote.valid.byteLength;
  return estimate.quota - estimate.usage >= needed ? files : undefined;
}
