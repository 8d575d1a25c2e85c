import { BUILT_IN_TITLE, IMAGE_BYTES, type Dataset, type ImageSet } from '#domain/dataset.ts';
import { drawBuiltIn } from './builtInDrawing.ts';
import { BUILT_IN_CLASSES } from './builtInShapes.ts';
import { contentHash } from './hash.ts';
import { channelStatistics, histogram } from './statistics.ts';

export interface BuiltInCounts {
  readonly train: number;
  readonly valid: number;
}

const DEFAULT_COUNTS: BuiltInCounts = { train: 10_000, valid: 2_000 };
const IMAGES_PER_REPORT = 500;

function drawHalf(seed: number, half: 0 | 1, count: number, onImages: (done: number) => void): ImageSet {
  const images = new Uint8Array(count * IMAGE_BYTES);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    // Labels cycle, so any number of images from the start of the set is balanced.
    labels[i] = i % BUILT_IN_CLASSES.length;
    drawBuiltIn(seed, half, i, labels[i]!, images, i * IMAGE_BYTES);
    if (i % IMAGES_PER_REPORT === 0) onImages(i);
  }
  return { count, images, labels };
}

/**
 * The set that needs no download: shapes and textures in ten classes that colour, place, size and rotation do
 * not give away. The same seed and counts give the same bytes in every engine; the halves use disjoint
 * random streams, and image `i` does not depend on the counts.
 */
export function builtInDataset(
  seed = 0,
  counts: BuiltInCounts = DEFAULT_COUNTS,
  onProgress?: (done: number, total: number) => void,
): Dataset {
  const total = counts.train + counts.valid;
  const train = drawHalf(seed, 0, counts.train, (done) => onProgress?.(done, total));
  const valid = drawHalf(seed, 1, counts.valid, (done) => onProgress?.(counts.train + done, total));
  const classNames = BUILT_IN_CLASSES.map(({ name }) => name);
  onProgress?.(total, total);
  return {
    info: {
      id: `built-in:${seed}`,
      title: BUILT_IN_TITLE,
      classNames,
      trainCount: train.count,
      validCount: valid.count,
      ...channelStatistics(train),
      hash: contentHash(train, valid),
      trainHistogram: histogram(train.labels, classNames.length),
      notes: ['Drawn in this browser from a seed; nothing was downloaded.'],
    },
    train,
    valid,
  };
}
