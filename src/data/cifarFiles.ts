import type { Dataset } from '#domain/dataset.ts';
import { blobChunks, gunzipChunks, type StreamOptions } from './blobStream.ts';
import { CifarCollector } from './cifarCollector.ts';
import { CIFAR10, CIFAR100, CIFAR10_PYTHON, type CifarFormat } from './cifarFormat.ts';
import { DatasetError } from './datasetError.ts';
import { fileKind, webPageError } from './fileKind.ts';
import { Md5 } from './md5.ts';
import { readTar } from './tar.ts';
import type { LoadOptions } from './progress.ts';

const FORMATS: readonly CifarFormat[] = [CIFAR10, CIFAR10_PYTHON, CIFAR100];

/** An archive as its authors published it. */
export interface PublishedArchive {
  readonly byteLength: number;
  /** Hexadecimal. */
  readonly md5: string;
}

/** From the CIFAR page, and for the Python archive as torchvision checks it. */
const PUBLISHED: readonly PublishedArchive[] = [
  { byteLength: 170_052_171, md5: 'c32a1d4ab5d03f1284b67883e8d87530' },
  { byteLength: 170_498_071, md5: 'c58f30108f718f92721af3b95e74349a' },
];

/** Official archives unpack to 184 or 187 MB; a little room for headers, readme and padding. */
const MAX_ARCHIVE_BYTES = 200e6;

/**
 * Reads an archive of CIFAR files, as a stream. One with the size of a published archive has to be that archive.
 * @throws {DatasetError} when it is damaged, incomplete or something else.
 */
export async function loadCifarArchive(
  file: File,
  options: LoadOptions,
  published: readonly PublishedArchive[] = PUBLISHED,
): Promise<Dataset> {
  const kind = await fileKind(file);
  if (kind === 'web-page') throw webPageError(file.name);
  if (kind === 'empty') throw new DatasetError('incomplete', `${file.name} is empty; download it again.`);
  if (kind !== 'gzip' && kind !== 'tar') {
    throw new DatasetError(
      'not-recognized',
      `${file.name} is not a gzip archive; choose ${CIFAR10.officialArchive} from the CIFAR-10 page, or the .bin files inside it.`,
    );
  }
  const official = published.find(({ byteLength }) => byteLength === file.size);
  const md5 = new Md5();
  const streamOptions: StreamOptions = {
    name: file.name,
    maxBytes: MAX_ARCHIVE_BYTES,
    onRead(bytes, chunk) {
      if (official) md5.update(chunk);
      options.onProgress?.({ stage: `Reading ${file.name}`, done: bytes, total: file.size });
    },
    signal: options.signal,
  };
  let collector: CifarCollector | undefined;
  await readTar(kind === 'gzip' ? gunzipChunks(file, streamOptions) : blobChunks(file, streamOptions), {
    name: file.name,
    open(basename, byteLength) {
      collector ??= collectorFor(basename);
      return collector?.has(basename) ? collector.open(basename, byteLength) : undefined;
    },
  });
  if (!collector) {
    throw new DatasetError(
      'not-recognized',
      `${file.name} holds none of the files of CIFAR; choose ${CIFAR10.officialArchive} from the CIFAR-10 page.`,
    );
  }
  if (official && md5.hex() !== official.md5) {
    throw new DatasetError(
      'damaged',
      `${file.name} has the size of the official archive but not its checksum (MD5): it is damaged. Download it again.`,
    );
  }
  return collector.finish(file.name);
}

/**
 * Reads the loose files of one set (`.bin`, or the Python batches).
 * @throws {DatasetError} when one is damaged, missing or foreign.
 */
export async function loadCifarFiles(files: readonly File[], options: LoadOptions): Promise<Dataset> {
  const collector = files.map((file) => collectorFor(file.name)).find((found) => found !== undefined);
  if (!collector) {
    throw new DatasetError(
      'not-recognized',
      `${files[0]!.name} is not a file of CIFAR; choose ${CIFAR10.officialArchive}, or all of ${CIFAR10.trainFiles[0]} to ${CIFAR10.trainFiles.at(-1)} and ${CIFAR10.validFile}.`,
    );
  }
  const total = files.reduce((sum, file) => sum + file.size, 0);
  let before = 0;
  for (const file of files) {
    if (!collector.has(file.name)) {
      throw new DatasetError(
        'not-recognized',
        `${file.name} is not a file of ${collector.format.title}; choose only ${collector.format.trainFiles.join(', ')} and ${collector.format.validFile}.`,
      );
    }
    if ((await fileKind(file)) === 'web-page') throw webPageError(file.name);
    const sink = collector.open(file.name, file.size);
    const chunks = blobChunks(file, {
      name: file.name,
      maxBytes: file.size,
      onRead: (bytes) => options.onProgress?.({ stage: `Reading ${file.name}`, done: before + bytes, total }),
      signal: options.signal,
    });
    for await (const chunk of chunks) sink.write(chunk);
    sink.end();
    before += file.size;
  }
  return collector.finish('The selection');
}

function collectorFor(basename: string): CifarCollector | undefined {
  const format = FORMATS.find(
    ({ trainFiles, validFile }) => basename === validFile || trainFiles.includes(basename),
  );
  return format && new CifarCollector(format);
}
