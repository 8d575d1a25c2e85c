import { expect, test } from 'vitest';
import { augmentOf, cropReference } from '#kernels/gather/reference.ts';
import { augmentPreview } from './augmentPreview.ts';
import { builtInDataset } from './builtIn.ts';

const dataset = builtInDataset(0, { train: 20, valid: 10 });

test('shows each image as it is, then as the training kernel crops and flips it', () => {
  const { pixels, labels } = augmentPreview(dataset, { seed: 9, offset: 3, count: 4, variants: 5 });
  expect(labels).toEqual([3, 4, 5, 6].flatMap((label) => Array.from({ length: 6 }, () => label)));
  const rgbOf = (place: number): number[] =>
    [...pixels.subarray(place * 4096, (place + 1) * 4096)].filter((_, i) => i % 4 !== 3);
  for (let i = 0; i < 4; i++) {
    const image = dataset.train.images.subarray((3 + i) * 3072, (4 + i) * 3072);
    expect(rgbOf(i * 6)).toEqual([...image]);
    for (let step = 0; step < 5; step++) {
      expect(rgbOf(i * 6 + 1 + step)).toEqual([...cropReference(image, augmentOf(9, step, i))]);
    }
  }
  expect(pixels.every((value, i) => i % 4 !== 3 || value === 255)).toBe(true);
});

test('ends with the set', () => {
  expect(augmentPreview(dataset, { seed: 0, offset: 18, count: 9, variants: 1 }).labels).toHaveLength(4);
  expect(augmentPreview(dataset, { seed: 0, offset: 99, count: 9, variants: 1 }).labels).toHaveLength(0);
});
