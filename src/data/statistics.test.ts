import { expect, test } from 'vitest';
import { IMAGE_BYTES, type ImageSet } from '#domain/dataset.ts';
import { channelStatistics, qualityNotes } from './statistics.ts';

function set(labels: number[], value: (image: number, byte: number) => number): ImageSet {
  const images = Uint8Array.from({ length: labels.length * IMAGE_BYTES }, (_, i) =>
    value(Math.floor(i / IMAGE_BYTES), i % IMAGE_BYTES),
  );
  return { count: labels.length, images, labels: Uint8Array.from(labels) };
}

test('computes mean and deviation of each channel of pixels scaled to 0 … 1', () => {
  // Red alternates 0 and 255, green is 51 everywhere, blue is 0 in one image and 102 in the other.
  const statistics = channelStatistics(
    set([0, 1], (image, byte) => [byte % 2 === 0 ? 0 : 255, 51, image * 102][byte % 3]!),
  );
  expect(statistics.mean[0]).toBeCloseTo(0.5, 12);
  expect(statistics.mean[1]).toBeCloseTo(0.2, 12);
  expect(statistics.mean[2]).toBeCloseTo(0.2, 12);
  expect(statistics.deviation[0]).toBeCloseTo(0.5, 12);
  expect(statistics.deviation[1]).toBeCloseTo(0, 7);
  expect(statistics.deviation[2]).toBeCloseTo(0.2, 12);
});

const varied = (image: number, byte: number): number => (image * 37 + byte) % 256;

test('says nothing of a sound set', () => {
  expect(qualityNotes(set([0, 1, 0, 1], varied), ['a', 'b'])).toEqual([]);
});

test('warns of one label, of empty, of unbalanced and of constant classes', () => {
  expect(qualityNotes(set([1, 1], varied), ['a', 'b'])).toEqual([
    'Every training image is labelled b, so there is nothing to learn.',
  ]);
  expect(qualityNotes(set([0, 1], varied), ['a', 'b', 'c'])).toEqual(['No training images: c.']);
  expect(qualityNotes(set([0, 0, 0, 1], varied), ['a', 'b'])).toEqual([
    'The classes are unbalanced: a has 3 training images, b has 1. Always guessing the largest class scores 75 %.',
  ]);
  expect(
    qualityNotes(
      set([0, 0, 1, 1], (image, byte) => (image < 2 ? image + byte : byte) % 256),
      ['a', 'b'],
    ),
  ).toEqual(['All training images are the same within: b.']);
});
