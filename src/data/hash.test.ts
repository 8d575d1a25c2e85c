import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { IMAGE_BYTES, type ImageSet } from '#domain/dataset.ts';
import { canonicalize, contentHash } from './hash.ts';

function half(...values: number[]): ImageSet {
  const images = new Uint8Array(values.length * IMAGE_BYTES);
  for (const [i, value] of values.entries()) {
    for (let at = 0; at < IMAGE_BYTES; at++) images[i * IMAGE_BYTES + at] = value * 7 + at;
  }
  return { count: values.length, images, labels: Uint8Array.from(values, (value) => value % 10) };
}

const sha = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** The documented bytes, spelled out with the platform's hash. */
function reference(train: ImageSet, valid: ImageSet): string {
  const digest = (set: ImageSet): Buffer =>
    sha(
      ...Array.from({ length: set.count }, (_, i) =>
        sha(set.labels.subarray(i, i + 1), set.images.subarray(i * IMAGE_BYTES, (i + 1) * IMAGE_BYTES)),
      ).sort(Buffer.compare),
    );
  return sha(Buffer.from('normlab images 1\n'), digest(train), digest(valid)).toString('hex');
}

test('hashes exactly the documented bytes', () => {
  const [train, valid] = [half(5, 3, 8, 3, 1), half(2, 9)];
  expect(contentHash(train, valid)).toBe(reference(train, valid));
});

test('does not depend on the order of the images', () => {
  expect(contentHash(half(1, 2, 3, 4), half(5, 6))).toBe(contentHash(half(3, 1, 4, 2), half(6, 5)));
});

test.each([
  ['a pixel', (set: ImageSet) => void (set.images[4000]! ^= 1)],
  ['a label', (set: ImageSet) => void (set.labels[1] = 7)],
])('changes with %s', (_, change) => {
  const changed = half(1, 2, 3);
  change(changed);
  expect(contentHash(changed, half(4))).not.toBe(contentHash(half(1, 2, 3), half(4)));
});

test('tells the halves apart', () => {
  expect(contentHash(half(1), half(2))).not.toBe(contentHash(half(2), half(1)));
});

test('puts equal sets into equal order and keeps every image with its label', () => {
  const [a, b] = [half(9, 4, 4, 7, 1, 6, 2), half(2, 7, 4, 1, 6, 9, 4)];
  const hash = contentHash(a, half(3));
  expect(canonicalize(a, half(3))).toBe(hash);
  expect(canonicalize(b, half(3))).toBe(hash);
  expect(b).toEqual(a);
  const firstPixels = Array.from({ length: 7 }, (_, i) => a.images[i * IMAGE_BYTES]! / 7);
  expect(firstPixels.map((value) => value % 10)).toEqual([...a.labels]);
  expect(firstPixels.toSorted((first, second) => first - second)).toEqual([1, 2, 4, 4, 6, 7, 9]);
});
