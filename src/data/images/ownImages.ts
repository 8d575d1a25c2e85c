import { IMAGE_BYTES, type Dataset, type ImageSet } from '#domain/dataset.ts';
import { permutation, STREAM } from '#lib/randomStream.ts';
import { DatasetError, throwIfAborted } from '../datasetError.ts';
import { canonicalize, digestOrder, recordDigests } from '../hash.ts';
import type { LoadOptions } from '../progress.ts';
import { channelStatistics, histogram, qualityNotes } from '../statistics.ts';
import { decodeImage, SkippedError } from './decodeImage.ts';
import { sortIntoClasses } from './classFolders.ts';
import { toThumbnail } from './resize.ts';

/** One file of a chosen folder or of a zip archive. */
export interface ImageFile {
  /** With folders, separated by '/'. */
  readonly path: string;
  readonly byteLength: number;
  read(): Promise<Uint8Array>;
}

/** Share of each class that validates; at least one image. */
const VALID_SHARE = 0.2;
const MAX_FILES = 200_000;
const MAX_FILE_BYTES = 50e6;
/** Names given for one reason in the skip report. */
const NAMED_FILES = 3;

/**
 * Makes a data set of images in folders, one folder per class: centre-cropped, area-resized to 32 x 32,
 * split per class by the seed, with the mean and deviation of its training half.
 * @param title the folder's or archive's name.
 * @throws {DatasetError} when there are not 2 to 100 classes of at least two readable images.
 */
export async function loadOwnImages(
  files: readonly ImageFile[],
  { title, seed }: { readonly title: string; readonly seed: number },
  options: LoadOptions,
): Promise<Dataset> {
  if (files.length > MAX_FILES) {
    throw new DatasetError(
      'too-large',
      `${title} holds ${files.length.toLocaleString('en')} files; at most ${MAX_FILES.toLocaleString('en')} are read.`,
    );
  }
  const { classes, stray } = sortIntoClasses(files, title);
  const skipped = new Map<string, string[]>();
  for (const { path } of stray) note(skipped, 'in no class folder', path);
  const total = classes.reduce((sum, { members }) => sum + members.length, 0);
  const images = new Uint8Array(total * IMAGE_BYTES);
  const labels = new Uint8Array(total);
  let count = 0;
  let done = 0;
  for (const [label, { members }] of classes.entries()) {
    for (const file of members) {
      throwIfAborted(options.signal);
      options.onProgress?.({ stage: `Reading ${title}`, done: done++, total });
      try {
        if (file.byteLength > MAX_FILE_BYTES) throw new SkippedError(`over ${MAX_FILE_BYTES / 1e6} MB`);
        images.set(toThumbnail(await decodeImage(await file.read())), count * IMAGE_BYTES);
        labels[count++] = label;
      } catch (error) {
        note(skipped, error instanceof SkippedError ? error.message : 'damaged', file.path);
      }
    }
  }
  options.onProgress?.({ stage: `Reading ${title}`, done: total, total });
  const classNames = classes.map(({ name }) => name);
  const all: ImageSet = {
    count,
    images: images.subarray(0, count * IMAGE_BYTES),
    labels: labels.subarray(0, count),
  };
  expectTwoOfEach(all, classNames, title, skipped);
  const { train, valid } = split(all, classNames.length, seed);
  const hash = canonicalize(train, valid);
  return {
    info: {
      id: `images:${hash.slice(0, 12)}`,
      title,
      classNames,
      trainCount: train.count,
      validCount: valid.count,
      ...channelStatistics(train),
      hash,
      trainHistogram: histogram(train.labels, classNames.length),
      notes: [...report(skipped), ...qualityNotes(train, classNames)],
      licence: 'Your own images; they do not leave this computer.',
    },
    train,
    valid,
  };
}

function note(skipped: Map<string, string[]>, reason: string, path: string): void {
  const paths = skipped.get(reason) ?? [];
  skipped.set(reason, paths);
  paths.push(path);
}

/** One sentence for each reason, with the first few names. */
function report(skipped: ReadonlyMap<string, readonly string[]>): string[] {
  return [...skipped].map(([reason, paths]) => {
    const names = paths.slice(0, NAMED_FILES).join(', ');
    const more = paths.length > NAMED_FILES ? ` and ${paths.length - NAMED_FILES} more` : '';
    return `Skipped ${paths.length === 1 ? '1 file' : `${paths.length} files`}, ${reason}: ${names}${more}.`;
  });
}

function expectTwoOfEach(
  all: ImageSet,
  classNames: readonly string[],
  title: string,
  skipped: ReadonlyMap<string, readonly string[]>,
): void {
  const short = histogram(all.labels, classNames.length).findIndex((count) => count < 2);
  if (short < 0) return;
  throw new DatasetError(
    'incomplete',
    `${title}: the class ${classNames[short]} has fewer than two readable images, but one is needed for training and one for validation; add images or remove the folder. ${report(skipped).join(' ')}`.trim(),
  );
}

/**
 * Splits each class by a permutation of its images in the order of their digests, so that the split depends
 * on the images and the seed, not on names or the order of files.
 */
function split(all: ImageSet, classCount: number, seed: number): { train: ImageSet; valid: ImageSet } {
  const order = digestOrder(recordDigests(all));
  const trainRows: number[] = [];
  const validRows: number[] = [];
  for (let label = 0; label < classCount; label++) {
    const rows = [...order].filter((row) => all.labels[row] === label);
    const validCount = Math.max(1, Math.round(rows.length * VALID_SHARE));
    for (const [place, index] of permutation(seed, STREAM.split, label, rows.length).entries()) {
      (place < validCount ? validRows : trainRows).push(rows[index]!);
    }
  }
  return { train: gather(all, trainRows), valid: gather(all, validRows) };
}

function gather(all: ImageSet, rows: readonly number[]): ImageSet {
  const images = new Uint8Array(rows.length * IMAGE_BYTES);
  for (const [to, from] of rows.entries()) {
    images.set(all.images.subarray(from * IMAGE_BYTES, (from + 1) * IMAGE_BYTES), to * IMAGE_BYTES);
  }
  return { count: rows.length, images, labels: Uint8Array.from(rows, (row) => all.labels[row]!) };
}
