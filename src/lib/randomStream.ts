import { philoxInto } from './philox.ts';

/**
 * Independent streams of one seed. The number is the first key word's companion (`key = (seed, stream)`),
 * so changing how many numbers one purpose draws never shifts another. Numbers are part of the file
 * format of saved runs and of exported programs: never renumber.
 */
export const STREAM = { weights: 1, order: 2, augmentation: 3, builtInData: 4, split: 5 } as const;

const block = new Uint32Array(4);

/** Word 0 of the block at `(c0, c1, c2, 0)`, an unsigned 32-bit integer. */
export function randomWord(seed: number, stream: number, c0: number, c1 = 0, c2 = 0): number {
  philoxInto(block, 0, [c0 >>> 0, c1 >>> 0, c2 >>> 0, 0], seed, stream);
  return block[0]!;
}

/** A uniform number in [0, 1) with 32 bits. */
export function uniform(seed: number, stream: number, c0: number, c1 = 0, c2 = 0): number {
  return randomWord(seed, stream, c0, c1, c2) / 0x100000000;
}

/**
 * `count` independent standard normal numbers by Box-Muller, two from each pair of words of block
 * `(i, tensor, 0, 0)`, in double precision, rounded to float32 last.
 */
export function normals(seed: number, stream: number, tensor: number, count: number): Float32Array {
  const out = new Float32Array(count);
  const words = new Uint32Array(4);
  for (let i = 0; i * 4 < count; i++) {
    philoxInto(words, 0, [i, tensor, 0, 0], seed, stream);
    for (let pair = 0; pair < 2; pair++) {
      // (word + 0.5) keeps the argument of the logarithm inside (0, 1).
      const radius = Math.sqrt(-2 * Math.log((words[2 * pair]! + 0.5) / 0x100000000));
      const angle = (2 * Math.PI * words[2 * pair + 1]!) / 0x100000000;
      const at = 4 * i + 2 * pair;
      if (at < count) out[at] = radius * Math.cos(angle);
      if (at + 1 < count) out[at + 1] = radius * Math.sin(angle);
    }
  }
  return out;
}

/** Uniform numbers in [low, high): word `i % 4` of block `(floor(i / 4), tensor, 0, 0)`. */
export function uniforms(
  seed: number,
  stream: number,
  tensor: number,
  count: number,
  low: number,
  high: number,
): Float32Array {
  const out = new Float32Array(count);
  const words = new Uint32Array(4);
  for (let i = 0; i < count; i++) {
    if (i % 4 === 0) philoxInto(words, 0, [i / 4, tensor, 0, 0], seed, stream);
    out[i] = low + (high - low) * (words[i % 4]! / 0x100000000);
  }
  return out;
}

/**
 * A permutation of 0 … count - 1: the indices sorted by `randomWord(seed, stream, index, epoch)`, equal
 * words by index. Sorting keys, unlike a Fisher-Yates shuffle, needs no state and is one line of NumPy.
 * @throws {RangeError} when `count` exceeds 2^20.
 */
export function permutation(seed: number, stream: number, epoch: number, count: number): Uint32Array {
  if (!(count >= 0 && count <= 0x100000))
    throw new RangeError(`permutation: count ${count} must be 0 to 1048576`);
  // Word and index share one double (32 + 20 bits), so that a numeric sort orders by both.
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i++) keys[i] = randomWord(seed, stream, i, epoch) * 0x100000 + i;
  keys.sort();
  return Uint32Array.from(keys, (key) => key % 0x100000);
}
