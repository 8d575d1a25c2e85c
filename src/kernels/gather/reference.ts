import { IMAGE_BYTES } from '#domain/dataset.ts';
import { philoxInto } from '#lib/philox.ts';
import { STREAM } from '#lib/randomStream.ts';

const SIZE = 32;
const PADDING = 4;

/** Where an augmented image comes from: the window's place against the image (-4 … 4), and the flip. */
export interface Augment {
  readonly rows: number;
  readonly columns: number;
  readonly flip: boolean;
}

/** The choice for one position of a step's batch; a pure function of its arguments. */
export function augmentOf(seed: number, step: number, sample: number): Augment {
  const random = new Uint32Array(4);
  philoxInto(random, 0, [step >>> 0, sample, 0, 0], seed, STREAM.augmentation);
  const place = (word: number): number => Math.floor((word * (2 * PADDING + 1)) / 0x100000000) - PADDING;
  return { rows: place(random[0]!), columns: place(random[1]!), flip: random[2]! >= 0x80000000 };
}

/** The bytes `[32, 32, 3]` of one image after crop and flip; outside the image is black. */
export function cropReference(image: ArrayLike<number>, { rows, columns, flip }: Augment): Uint8Array {
  const out = new Uint8Array(IMAGE_BYTES);
  for (let row = 0; row < SIZE; row++) {
    for (let column = 0; column < SIZE; column++) {
      const fromRow = row + rows;
      const fromColumn = (flip ? SIZE - 1 - column : column) + columns;
      if (fromRow < 0 || fromRow >= SIZE || fromColumn < 0 || fromColumn >= SIZE) continue;
      for (let c = 0; c < 3; c++) {
        out[(row * SIZE + column) * 3 + c] = image[(fromRow * SIZE + fromColumn) * 3 + c]!;
      }
    }
  }
  return out;
}

/** `(byte / 255 - mean) / deviation` by channel. */
export function normalizePixels(
  bytes: ArrayLike<number>,
  mean: readonly number[],
  deviation: readonly number[],
): Float64Array {
  return Float64Array.from(bytes, (byte, i) => (byte / 255 - mean[i % 3]!) / deviation[i % 3]!);
}
