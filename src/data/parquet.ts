import { decode, type DecodedPng } from 'fast-png';
import { parquetMetadataAsync, parquetReadObjects, type AsyncBuffer, type FileMetaData } from 'hyparquet';
import { IMAGE_BYTES, type Dataset, type ImageSet } from '#domain/dataset.ts';
import { DatasetError } from './datasetError.ts';
import { canonicalize } from './hash.ts';
import type { LoadOptions } from './progress.ts';
import { histogram, qualityNotes } from './statistics.ts';

/** What the two files must hold, exactly. */
export interface ParquetExpectation {
  readonly id: string;
  readonly title: string;
  readonly classNames: readonly string[];
  readonly trainPerClass: number;
  readonly validPerClass: number;
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
  /** Content hash, where it is known. */
  readonly hash?: string;
}

/** Rows decoded at a time; bounds memory and the time between two reports. */
const ROWS_PER_READ = 1000;
/** No column of these sets unpacks to more; the reader allocates what the file claims. */
const MAX_COLUMN_BYTES = 400e6;

/**
 * Reads a set of two parquet files with the columns `img` {bytes: PNG, path} and `label`, as the Hugging
 * Face hub has them. Run it only where it can be ended: damaged bytes can make the reader spin, throw late or
 * answer wrongly. Hence the exact counts and the hash at the end.
 * @throws {DatasetError}
 */
export async function loadParquet(
  files: { readonly train: Blob; readonly valid: Blob },
  expected: ParquetExpectation,
  options: LoadOptions,
): Promise<Dataset> {
  const { classNames } = expected;
  const total = classNames.length * (expected.trainPerClass + expected.validPerClass);
  let done = 0;
  const report = (rows: number): void => {
    done += rows;
    options.onProgress?.({ stage: `Decoding ${expected.title}`, done, total });
  };
  const train = await readHalf(files.train, 'training', expected.trainPerClass, expected, report);
  const valid = await readHalf(files.valid, 'test', expected.validPerClass, expected, report);
  const hash = canonicalize(train, valid);
  if (expected.hash !== undefined && hash !== expected.hash) {
    throw damaged(expected.title, 'its images differ from the published ones');
  }
  return {
    info: {
      id: expected.id,
      title: expected.title,
      classNames,
      trainCount: train.count,
      validCount: valid.count,
      mean: expected.mean,
      deviation: expected.deviation,
      hash,
      trainHistogram: histogram(train.labels, classNames.length),
      notes: qualityNotes(train, classNames),
    },
    train,
    valid,
  };
}

async function readHalf(
  blob: Blob,
  half: string,
  perClass: number,
  { title, classNames }: ParquetExpectation,
  onRows: (rows: number) => void,
): Promise<ImageSet> {
  const count = perClass * classNames.length;
  const file: AsyncBuffer = {
    byteLength: blob.size,
    slice: (start, end) => blob.slice(start, end).arrayBuffer(),
  };
  const metadata = await guarded(title, () => parquetMetadataAsync(file));
  expectPlausible(metadata, blob.size, count, `${title} (${half})`);
  const images = new Uint8Array(count * IMAGE_BYTES);
  const labels = new Uint8Array(count);
  let index = 0;
  let groupStart = 0;
  for (const group of metadata.row_groups) {
    const groupEnd = groupStart + Number(group.num_rows);
    // A read within one group decodes no other; groups of the hub are about this long.
    for (let rowStart = groupStart; rowStart < groupEnd; rowStart += ROWS_PER_READ) {
      const rowEnd = Math.min(rowStart + ROWS_PER_READ, groupEnd);
      const rows = await guarded(title, () =>
        parquetReadObjects({ file, metadata, columns: ['img', 'label'], rowStart, rowEnd, utf8: false }),
      );
      if (rows.length !== rowEnd - rowStart)
        throw damaged(title, `it gave ${rows.length} rows for ${rowEnd - rowStart}`);
      for (const row of rows) {
        labels[index] = labelOf(row['label'], index, classNames.length, title);
        images.set(pixelsOf(row['img'], index, title), index * IMAGE_BYTES);
        index++;
      }
      onRows(rows.length);
    }
    groupStart = groupEnd;
  }
  for (const [label, found] of histogram(labels, classNames.length).entries()) {
    if (found !== perClass) {
      throw damaged(title, `the ${half} images of ${classNames[label]} are ${found} instead of ${perClass}`);
    }
  }
  return { count, images, labels };
}

/** Looks at what the file claims before the reader believes it. */
function expectPlausible(metadata: FileMetaData, fileBytes: number, rows: number, title: string): void {
  const groupRows = metadata.row_groups.map((group) => Number(group.num_rows));
  if (
    Number(metadata.num_rows) !== rows ||
    groupRows.some((n) => n < 0) ||
    groupRows.reduce((a, b) => a + b, 0) !== rows
  ) {
    throw damaged(title, `it has ${metadata.num_rows} rows instead of ${rows}`);
  }
  for (const { columns } of metadata.row_groups) {
    for (const { meta_data: column } of columns) {
      if (
        !column ||
        Number(column.total_uncompressed_size) > MAX_COLUMN_BYTES ||
        Number(column.total_compressed_size) > fileBytes
      ) {
        throw damaged(title, 'it claims sizes that it cannot have');
      }
    }
  }
}

function labelOf(value: unknown, row: number, classCount: number, title: string): number {
  const label = typeof value === 'bigint' ? Number(value) : value;
  if (typeof label === 'number' && Number.isInteger(label) && label >= 0 && label < classCount) return label;
  throw damaged(title, `row ${row} has label ${String(value)}; labels are 0 to ${classCount - 1}`);
}

function pixelsOf(value: unknown, row: number, title: string): Uint8Array {
  const bytes = typeof value === 'object' && value !== null && 'bytes' in value ? value.bytes : undefined;
  if (!(bytes instanceof Uint8Array)) throw damaged(title, `row ${row} holds no image`);
  // Width and height stand at fixed places; a damaged header could ask for gigabytes.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33 || view.getUint32(16) !== 32 || view.getUint32(20) !== 32) {
    throw damaged(title, `row ${row} is no image of 32 x 32 pixels`);
  }
  const png = decodePng(bytes, row, title);
  if (png.channels !== 3 || png.depth !== 8 || png.data.length !== IMAGE_BYTES) {
    throw damaged(title, `row ${row} is no RGB image`);
  }
  return png.data as Uint8Array;
}

function decodePng(bytes: Uint8Array, row: number, title: string): DecodedPng {
  try {
    return decode(bytes, { checkCrc: true });
  } catch (error) {
    throw damaged(title, `row ${row} is a damaged image`, error);
  }
}

/** The reader's own errors, RangeErrors for absurd sizes among them, mean a damaged file. */
async function guarded<Result>(title: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw damaged(title, 'its decoder failed', error);
  }
}

function damaged(title: string, what: string, cause?: unknown): DatasetError {
  return new DatasetError(
    'damaged',
    `The download of ${title} is damaged or not what was expected (${what}); remove it and download it again.`,
    { cause },
  );
}
