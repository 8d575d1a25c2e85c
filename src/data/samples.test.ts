import { expect, test } from 'vitest';
import { builtInDataset } from './builtIn.ts';
import { samplePage } from './samples.ts';

const dataset = builtInDataset(1, { train: 25, valid: 5 });

test('pages through a half and ends short', () => {
  expect(samplePage(dataset, { half: 'train', offset: 20, count: 10, label: undefined }).labels).toEqual([
    0, 1, 2, 3, 4,
  ]);
  expect(samplePage(dataset, { half: 'train', offset: 25, count: 10, label: undefined }).pixels).toHaveLength(
    0,
  );
  expect(samplePage(dataset, { half: 'valid', offset: 0, count: 99, label: undefined }).labels).toHaveLength(
    5,
  );
});

test('filters by class before it counts', () => {
  const page = samplePage(dataset, { half: 'train', offset: 1, count: 10, label: 3 });
  expect(page.labels).toEqual([3, 3]);
  const source = dataset.train.images.subarray(13 * 3072);
  expect([...page.pixels.subarray(0, 8)]).toEqual([
    source[0],
    source[1],
    source[2],
    255,
    source[3],
    source[4],
    source[5],
    255,
  ]);
});
