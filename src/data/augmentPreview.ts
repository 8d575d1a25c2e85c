import { IMAGE_BYTES, type Dataset } from '#domain/dataset.ts';
import { philoxInto } from '#lib/philox.ts';
import { STREAM } from '#lib/randomStream.ts';
import type { SamplePage } from './samples.ts';

const SIZE = 32;
const PADDING = 4;

export interface AugmentRequest {
  readonly seed: number;
  /** First training image shown. */
  readonly offset: number;
  readonly count: number;
  /** Augmented copies of each. */
  readonly variants: number;
}

/**
 * Training images as pad-4 random crop and flip shows them: each image as it is, then `variants` copies with
 * the choices of steps 0, 1 … for its place in the batch, exactly as the training kernel draws them (a test
 * compares with that kernel's reference).
 * @returns `count * (1 + variants)` images, fewer at the end of the set.
 */
export function augmentPreview(dataset: Dataset, request: AugmentRequest): SamplePage {
  const { images, labels, count } = dataset.train;
  const first = Math.min(request.offset, count);
  const shown = Math.min(request.count, count - first);
  const copies = 1 + request.variants;
  const pixels = new Uint8ClampedArray(shown * copies * SIZE * SIZE * 4);
  const outLabels: number[] = [];
  for (let i = 0; i < shown; i++) {
    const image = images.subarray((first + i) * IMAGE_BYTES, (first + i + 1) * IMAGE_BYTES);
    for (let copy = 0; copy < copies; copy++) {
      const out = pixels.subarray((i * copies + copy) * SIZE * SIZE * 4);
      draw(image, copy === 0 ? NONE : choice(request.seed, copy - 1, i), out);
      outLabels.push(labels[first + i]!);
    }
  }
  return { width: SIZE, height: SIZE, pixels, labels: outLabels };
}

interface Choice {
  readonly rows: number;
  readonly columns: number;
  readonly isFlipped: boolean;
}
const NONE: Choice = { rows: 0, columns: 0, isFlipped: false };

function choice(seed: number, step: number, sample: number): Choice {
  const words = new Uint32Array(4);
  philoxInto(words, 0, [step, sample, 0, 0], seed, STREAM.augmentation);
  const place = (word: number): number => Math.floor((word * (2 * PADDING + 1)) / 0x100000000) - PADDING;
  return { rows: place(words[0]!), columns: place(words[1]!), isFlipped: words[2]! >= 0x80000000 };
}

/** Opaque RGBA; outside the image is black. */
function draw(image: Uint8Array, { rows, columns, isFlipped }: Choice, out: Uint8ClampedArray): void {
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const fromY = y + rows;
      const fromX = (isFlipped ? SIZE - 1 - x : x) + columns;
      const to = (y * SIZE + x) * 4;
      out[to + 3] = 255;
      if (fromY < 0 || fromY >= SIZE || fromX < 0 || fromX >= SIZE) continue;
      const from = (fromY * SIZE + fromX) * 3;
      out[to] = image[from]!;
      out[to + 1] = image[from + 1]!;
      out[to + 2] = image[from + 2]!;
    }
  }
}
