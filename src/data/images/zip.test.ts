import fc from 'fast-check';
import { zipSync } from 'fflate';
import { expect, test } from 'vitest';
import { DatasetError } from '../datasetError.ts';
import { zipEntries } from './zip.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const archive = zipSync({
  cat: { 'a.txt': text('a'.repeat(5000)), 'ü.txt': [text('stored'), { level: 0 }] },
  empty: {},
});
const blob = (bytes: Uint8Array): Blob => new Blob([bytes as Uint8Array<ArrayBuffer>]);

test('lists files with their paths and reads packed and stored ones', async () => {
  const entries = await zipEntries(blob(archive), 'a.zip');
  expect(entries.map(({ path, byteLength }) => [path, byteLength])).toEqual([
    ['cat/a.txt', 5000],
    ['cat/ü.txt', 6],
  ]);
  expect(new TextDecoder().decode(await entries[0]!.read())).toBe('a'.repeat(5000));
  expect(new TextDecoder().decode(await entries[1]!.read())).toBe('stored');
});

test('finds the directory in front of a comment', async () => {
  const commented = Uint8Array.from([...archive, ...text('a comment')]);
  commented[archive.length - 2] = 9;
  expect(await zipEntries(blob(commented), 'a.zip')).toHaveLength(2);
});

test('refuses a cut archive and one of the 64-bit kind in a sentence', async () => {
  await expect(zipEntries(blob(archive.subarray(0, archive.length - 30)), 'a.zip')).rejects.toThrow(
    'a.zip is damaged (its directory is missing, so it is incomplete); make or download it again.',
  );
  const large = archive.slice();
  large.fill(255, archive.length - 12, archive.length - 10);
  await expect(zipEntries(blob(large), 'a.zip')).rejects.toThrow(
    /64-bit kind; unpack it and choose the folder/,
  );
});

test('a file that lies about its size or content is damaged; the others can be read', async () => {
  const damaged = archive.slice();
  // Behind the name in the file's own header its packed bytes begin.
  damaged[Buffer.from(archive).indexOf('cat/a.txt') + 12]! ^= 4;
  const entries = await zipEntries(blob(damaged), 'a.zip');
  await expect(entries[0]!.read()).rejects.toBeInstanceOf(Error);
  expect(await entries[1]!.read()).toHaveLength(6);
});

test('any damage is an error, or gives exactly what the directory says', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(archive.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }),
      async (edits) => {
        const damaged = archive.slice();
        for (const [at, value] of edits) damaged[at] = value;
        const entries = await zipEntries(blob(damaged), 'a.zip').catch((error: unknown) => {
          expect(error).toBeInstanceOf(DatasetError);
          return [];
        });
        for (const entry of entries) {
          if (entry.byteLength > 50e6) continue;
          const bytes = await entry.read().catch((error: unknown) => {
            expect(error).toBeInstanceOf(Error);
            return undefined;
          });
          if (bytes) expect(bytes).toHaveLength(entry.byteLength);
        }
      },
    ),
    { numRuns: 500 },
  );
});
