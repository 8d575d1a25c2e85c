import { expect, test } from 'vitest';
import { epochOrder, orderHash, stepsPerEpoch } from './order.ts';

test('visits every image once in an epoch of whole batches', () => {
  expect([...epochOrder(1, 0, 100, 10)].sort((a, b) => a - b)).toEqual(
    Array.from({ length: 100 }, (_, i) => i),
  );
});

test('drops the last partial batch', () => {
  expect([64, 2, 256].map((batch) => stepsPerEpoch(50_000, batch))).toEqual([781, 25_000, 195]);
  expect(epochOrder(1, 0, 103, 10)).toHaveLength(100);
});

test('differs between epochs and seeds, and is the same again for the same', () => {
  const hash = orderHash(epochOrder(1, 0, 1000, 10));
  expect(hash).toMatch(/^[0-9a-f]{8}$/);
  expect(orderHash(epochOrder(1, 0, 1000, 10))).toBe(hash);
  expect(orderHash(epochOrder(1, 1, 1000, 10))).not.toBe(hash);
  expect(orderHash(epochOrder(2, 0, 1000, 10))).not.toBe(hash);
});

test('shows the same images first whatever the batch size', () => {
  const small = epochOrder(3, 0, 101, 2);
  const large = epochOrder(3, 0, 101, 50);
  expect([...small.subarray(0, 100)]).toEqual([...large]);
});

test('says what is wrong when one batch takes more than all images', () => {
  expect(() => epochOrder(1, 0, 10, 16)).toThrow(
    'A batch of 16 needs at least 16 training images, but only 10 are used; choose a smaller batch or more images.',
  );
});
