import { permutation, STREAM } from '#lib/randomStream.ts';
import { Sha256 } from './sha256.ts';

/**
 * Training-image indices of one epoch: a permutation of 0 … count - 1, cut to whole batches (the last
 * partial batch is dropped, as fastai v1's training loader does). Depends on seed, epoch and count alone, so
 * runs that differ only in normalization see the same batches.
 *
 * @param epoch 0-based.
 * @throws {RangeError} when there are fewer images than one batch takes.
 */
export function epochOrder(seed: number, epoch: number, count: number, batchSize: number): Uint32Array {
  const steps = stepsPerEpoch(count, batchSize);
  return permutation(seed, STREAM.order, epoch, count).subarray(0, steps * batchSize);
}

/**
 * Whole batches in one epoch.
 * @throws {RangeError} when there is none.
 */
export function stepsPerEpoch(count: number, batchSize: number): number {
  const steps = Math.floor(count / batchSize);
  if (!(steps >= 1)) {
    throw new RangeError(
      `A batch of ${batchSize} needs at least ${batchSize} training images, but only ${count} are used; choose a smaller batch or more images.`,
    );
  }
  return steps;
}

/** For run cards: 8 hexadecimal digits that are equal when the first epoch's batches are. */
export function orderHash(order: Uint32Array): string {
  // Little-endian words, as every platform with WebGPU stores them.
  const bytes = new Uint8Array(order.buffer, order.byteOffset, order.byteLength);
  return new Sha256().update(bytes).hex().slice(0, 8);
}
