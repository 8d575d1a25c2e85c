import { IMAGE_BYTES, type Dataset, type HalfStatistics, type ImageSet } from '#domain/dataset.ts';

type Channels = readonly [number, number, number];

/** Images per class. */
export function histogram(labels: Uint8Array, classCount: number): number[] {
  const counts = Array.from({ length: classCount }, () => 0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

/**
 * Mean and (biased) deviation per channel, of pixels scaled to 0 … 1. Exact up to the last division: the
 * sums are integers below 2^53.
 */
export function channelStatistics(half: ImageSet): { mean: Channels; deviation: Channels } {
  const { images } = half;
  // Counting byte values needs one pass and no arithmetic; the sums follow from 3 x 256 counts.
  const counts = new Uint32Array(3 * 256);
  for (let i = 0; i < images.length; i += 3) {
    counts[images[i]!]!++;
    counts[256 + images[i + 1]!]!++;
    counts[512 + images[i + 2]!]!++;
  }
  const pixels = Math.max(1, images.length / 3);
  const channel = (index: number): readonly [number, number] => {
    let sum = 0;
    let squares = 0;
    for (let value = 0; value < 256; value++) {
      const count = counts[index * 256 + value]!;
      sum += count * value;
      squares += count * value * value;
    }
    const mean = sum / pixels;
    return [mean / 255, Math.sqrt(Math.max(0, squares / pixels - mean * mean)) / 255];
  };
  const [red, green, blue] = [channel(0), channel(1), channel(2)];
  return { mean: [red[0], green[0], blue[0]], deviation: [red[1], green[1], blue[1]] };
}

/** Both halves in numbers, for the data panel. */
export function datasetStatistics({ info, train, valid }: Dataset): {
  train: HalfStatistics;
  valid: HalfStatistics;
} {
  const of = (half: ImageSet): HalfStatistics => ({
    histogram: histogram(half.labels, info.classNames.length),
    ...channelStatistics(half),
  });
  return { train: of(train), valid: of(valid) };
}

/** Largest class more than this many times the smallest: accuracy then says less than it seems to. */
const UNBALANCED = 1.5;

/** Sentences about labels and pixels that make training curves misleading; empty for a sound set. */
export function qualityNotes(train: ImageSet, classNames: readonly string[]): string[] {
  const counts = histogram(train.labels, classNames.length);
  const used = counts.flatMap((count, label) => (count > 0 ? [label] : []));
  if (used.length === 1) {
    return [`Every training image is labelled ${classNames[used[0]!]}, so there is nothing to learn.`];
  }
  const notes: string[] = [];
  const empty = classNames.filter((_, label) => counts[label] === 0);
  if (empty.length > 0) notes.push(`No training images: ${empty.join(', ')}.`);
  const most = Math.max(...counts);
  const least = Math.min(...used.map((label) => counts[label]!));
  if (most > UNBALANCED * least) {
    notes.push(
      `The classes are unbalanced: ${classNames[counts.indexOf(most)]} has ${most} training images, ${classNames[counts.indexOf(least)]} has ${least}. Always guessing the largest class scores ${Math.round((100 * most) / train.count)} %.`,
    );
  }
  const constant = constantClasses(train, classNames.length).map((label) => classNames[label]);
  if (constant.length > 0) {
    notes.push(`All training images are the same within: ${constant.join(', ')}.`);
  }
  return notes;
}

/** Classes of two images or more that are all byte for byte the same. */
function constantClasses(half: ImageSet, classCount: number): number[] {
  const first = new Int32Array(classCount).fill(-1);
  const seen = new Uint32Array(classCount);
  const varies = new Uint8Array(classCount);
  for (let i = 0; i < half.count; i++) {
    const label = half.labels[i]!;
    seen[label]!++;
    if (first[label]! < 0) first[label] = i;
    else if (!varies[label] && !sameImage(half.images, first[label]!, i)) varies[label] = 1;
  }
  return Array.from(seen.keys()).filter((label) => seen[label]! > 1 && !varies[label]);
}

function sameImage(images: Uint8Array, a: number, b: number): boolean {
  for (let i = 0; i < IMAGE_BYTES; i++) {
    if (images[a * IMAGE_BYTES + i] !== images[b * IMAGE_BYTES + i]) return false;
  }
  return true;
}
