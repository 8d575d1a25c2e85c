import { expect, test } from 'vitest';
import { transferList } from './transfer.ts';

test('hands over every array of a step chunk', () => {
  const names = ['losses', 'smoothed', 'learningRates', 'momenta', 'elapsedMs'] as const;
  const arrays = names.map(() => new Float32Array(3));
  const chunk = Object.fromEntries(names.map((name, i) => [name, arrays[i]!])) as Record<
    (typeof names)[number],
    Float32Array
  >;
  const list = transferList({
    type: 'event',
    event: { type: 'steps', runId: 'a', chunk: { firstStep: 0, ...chunk } },
  });
  expect(list).toEqual(arrays.map((array) => array.buffer));
  expect(list[0]).toBe(arrays[0]!.buffer);
});

test('hands over the pixels of sample images', () => {
  const pixels = new Uint8ClampedArray(4096);
  const list = transferList({
    type: 'response',
    id: 1,
    ok: true,
    body: { width: 32, height: 32, pixels, labels: [1] },
  });
  expect(list).toHaveLength(1);
  expect(list[0]).toBe(pixels.buffer);
});

test('copies a view of a larger buffer, and names a shared buffer once', () => {
  const shared = new Float32Array(4);
  const body = { part: shared.subarray(1), whole: shared, again: new Uint8Array(shared.buffer) };
  expect(transferList({ type: 'response', id: 1, ok: true, body: { part: body.part } })).toEqual([]);
  expect(transferList({ type: 'response', id: 1, ok: true, body })).toHaveLength(1);
});

test('has nothing to hand over in other messages', () => {
  expect(transferList({ type: 'response', id: 1, ok: true, body: undefined })).toEqual([]);
  expect(
    transferList({ type: 'response', id: 1, ok: false, error: { name: 'Error', sentence: 'x' } }),
  ).toEqual([]);
  expect(transferList({ type: 'event', event: { type: 'device-lost', message: 'x' } })).toEqual([]);
});
