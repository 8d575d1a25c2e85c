import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checksum, checksumInTurns } from './checksum.ts';

test('changes with any bit, and with the length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.nat(), (bytes, bit) => {
      const changed = bytes.slice();
      changed[(bit >> 3) % bytes.length]! ^= 1 << (bit & 7);
      const sum = checksum([bytes]);
      expect(sum).toMatch(/^[0-9a-f]{32}$/);
      expect(checksum([changed])).not.toBe(sum);
      expect(checksum([bytes, new Uint8Array(1)])).not.toBe(sum);
      expect(checksum([Uint8Array.from([...bytes, 0])])).not.toBe(sum);
    }),
  );
});

test('does not depend on where the bytes lie in memory', () => {
  const bytes = Uint8Array.from({ length: 50 }, (_, i) => i * 7);
  const shifted = new Uint8Array(53).subarray(3);
  shifted.set(bytes);
  expect(checksum([shifted])).toBe(checksum([bytes]));
});

test('is the same when it is taken in turns', async () => {
  const parts = Array.from({ length: 5 }, (_, i) => new Uint8Array(2 ** 20 * i + 7).fill(i + 1));
  expect(await checksumInTurns(parts)).toBe(checksum(parts));
});
