import { describe, expect, it } from 'vitest';
import { IMAGE_BYTES, type Dataset } from '#domain/dataset.ts';
import { augmentOf, cropReference, normalizePixels } from '#kernels/gather/reference.ts';
import { BatchAssembler } from './batches.ts';

const count = 4;
const images = Uint8Array.from({ length: count * IMAGE_BYTES }, (_, i) => (i * 97 + (i >> 8)) % 256);
const half = { count, images, labels: Uint8Array.of(2, 0, 1, 2) };
const mean = [0.4, 0.5, 0.6] as const;
const deviation = [0.2, 0.25, 0.3] as const;
const dataset = { info: { mean, deviation }, train: half, valid: half } as unknown as Dataset;
const assembler = new BatchAssembler(dataset, 3);
const image = (index: number): Uint8Array => images.subarray(index * IMAGE_BYTES, (index + 1) * IMAGE_BYTES);
const normalized = (bytes: Uint8Array): Float32Array =>
  Float32Array.from(normalizePixels(bytes, mean, deviation));

describe('BatchAssembler', () => {
  it('normalizes training images in the order given', () => {
    const none = { augmentation: 'none', seed: 1, step: 0 } as const;
    const batch = assembler.training(Uint32Array.of(3, 1), none);
    expect(batch.images.subarray(0, IMAGE_BYTES)).toEqual(normalized(image(3)));
    expect(batch.images.subarray(IMAGE_BYTES)).toEqual(normalized(image(1)));
    expect([...batch.labels]).toEqual([2, 0]);
    expect([...batch.oneHot]).toEqual([0, 0, 1, 1, 0, 0]);
  });

  it('crops and flips as the generator says for seed, step and position', () => {
    const batch = assembler.training(Uint32Array.of(0, 0), { augmentation: 'crop-flip', seed: 9, step: 5 });
    for (const position of [0, 1]) {
      const expected = normalized(cropReference(image(0), augmentOf(9, 5, position)));
      expect(batch.images.subarray(position * IMAGE_BYTES, (position + 1) * IMAGE_BYTES)).toEqual(expected);
    }
  });

  it('pads the last evaluation batch with images that no prediction can match', () => {
    const batch = assembler.evaluation('valid', 3, 4, 3);
    expect(batch.images.length).toBe(3 * IMAGE_BYTES);
    expect([...batch.labels]).toEqual([2, -1, -1]);
    expect([...batch.oneHot]).toEqual([0, 0, 1, 0, 0, 0, 0, 0, 0]);
  });
});
