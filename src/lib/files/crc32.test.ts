import { expect, test } from 'vitest';
import { crc32 } from './crc32.ts';

test('is the CRC-32 of zip and gzip', () => {
  const bytes = new TextEncoder().encode('..123456789..');
  // The check value of CRC-32/ISO-HDLC in the RevEng catalogue.
  expect(crc32(bytes, 2, 11)).toBe(0xcbf43926);
  expect(crc32(bytes.slice(2, 11))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array(0))).toBe(0);
});
