import { expect, test } from 'vitest';
import { gunzipChunks } from './blobStream.ts';
import { fileOf, gzip } from './fixtures/cifarFixtures.ts';

test('a bomb stops within a chunk of the cap', async () => {
  const bomb = await gzip(new Uint8Array(64 * 2 ** 20));
  expect(bomb.length).toBeLessThan(100_000);
  let total = 0;
  const read = async (): Promise<void> => {
    for await (const chunk of gunzipChunks(fileOf(bomb, 'b.gz'), { name: 'b.gz', maxBytes: 2e6 }))
      total += chunk.length;
  };
  await expect(read()).rejects.toThrow(/^b\.gz unpacks to more than 2 MB/);
  expect(total).toBeLessThanOrEqual(2e6);
});

test('reports the packed bytes that were read', async () => {
  const packed = await gzip(new Uint8Array(1e6));
  const reports: number[] = [];
  for await (const chunk of gunzipChunks(fileOf(packed, 'a'), {
    name: 'a',
    maxBytes: 1e6,
    onRead: (n) => reports.push(n),
  })) {
    expect(chunk.length).toBeGreaterThan(0);
  }
  expect(reports.at(-1)).toBe(packed.length);
});
