import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frame, readFrames } from './frames.ts';

const records = fc.array(fc.record({ name: fc.string(), count: fc.nat() }), { maxLength: 6 });

function log(values: readonly unknown[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [...frame(value)]));
}

const read = (bytes: Uint8Array): unknown[] => readFrames(bytes).map(({ record }) => record);

test('reads back what was written, wherever it lies in memory', () => {
  fc.assert(
    fc.property(records, (values) => {
      const bytes = log(values);
      expect(read(bytes)).toEqual(values);
      const shifted = new Uint8Array(bytes.length + 3).subarray(3);
      shifted.set(bytes);
      expect(read(shifted)).toEqual(values);
      expect(readFrames(bytes).at(-1)?.end ?? 0).toBe(bytes.length);
    }),
  );
});

test('a log that was cut anywhere gives the records before the cut', () => {
  fc.assert(
    fc.property(records, fc.nat(), (values, at) => {
      const bytes = log(values);
      const cut = bytes.subarray(0, at % (bytes.length + 1));
      const ends = readFrames(bytes).map(({ end }) => end);
      expect(read(cut)).toEqual(values.slice(0, ends.filter((end) => end <= cut.length).length));
    }),
  );
});

test('a changed bit ends the log before its record', () => {
  fc.assert(
    fc.property(records, fc.nat(), (values, bit) => {
      fc.pre(values.length > 0);
      const bytes = log(values);
      const at = (bit >> 3) % bytes.length;
      const ends = readFrames(bytes).map(({ end }) => end);
      bytes[at]! ^= 1 << (bit & 7);
      expect(read(bytes)).toEqual(values.slice(0, ends.filter((end) => end <= at).length));
    }),
  );
});

test('zeros, noise and a length that lies are no record', () => {
  const sound = frame({ a: 1 });
  for (const tail of [
    new Uint8Array(64),
    Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0, 1),
    frame('x').slice(1),
  ])
    expect(read(Uint8Array.from([...sound, ...tail]))).toEqual([{ a: 1 }]);
});
