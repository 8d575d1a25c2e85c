import { encode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { IMAGE_BYTES } from '#domain/dataset.ts';
import { archiveOf, records } from './fixtures/cifarFixtures.ts';
import { parquetOf, pixelsOf, rowOf, rowsOf, SMALL, type ParquetRow } from './fixtures/parquetFixtures.ts';
import { digest } from './fixtures/plain.ts';
import { contentHash } from './hash.ts';
import { parse } from './parse.ts';
import type { ParquetExpectation } from './parquet.ts';

const trainRows = rowsOf(2, 100);
const validRows = rowsOf(1, 900);
const blobOf = (rows: readonly ParquetRow[]): Blob => new Blob([parquetOf(rows)]);

const load = (train: Blob, valid = blobOf(validRows), expected: ParquetExpectation = SMALL) =>
  parse({ kind: 'parquet', train, valid, expected });

test('decodes every image with its label', async () => {
  const { info, train, valid } = await load(blobOf(trainRows));
  expect([info.trainCount, info.validCount, info.trainHistogram]).toEqual([
    20,
    10,
    Array.from({ length: 10 }, () => 2),
  ]);
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
  const found = new Map(
    Array.from({ length: 20 }, (_, i) => [
      text(train.images.subarray(i * IMAGE_BYTES, (i + 1) * IMAGE_BYTES)),
      train.labels[i],
    ]),
  );
  expect(found).toEqual(new Map(trainRows.map(({ label }, i) => [text(pixelsOf(100 + i)), label])));
  expect(info.hash).toBe(contentHash(train, valid));
});

test('the same images give the same set from an archive and from parquet, though in another order', async () => {
  const batches = Array.from({ length: 6 }, (_, salt) => records(10, salt));
  const names = [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`).concat('test_batch.bin');
  const archive = await archiveOf(new Map(names.map((name, i) => [name, batches[i]!])));
  const rows = (batch: Uint8Array): ParquetRow[] =>
    Array.from({ length: 10 }, (_, r) => {
      const planes = batch.subarray(r * 3073 + 1, (r + 1) * 3073);
      const data = Uint8Array.from({ length: 3072 }, (_, i) => planes[(i % 3) * 1024 + Math.floor(i / 3)]!);
      return { png: encode({ width: 32, height: 32, channels: 3, data }), label: batch[r * 3073]! };
    });
  const [one, two, three, four, five, last] = batches.map(rows);
  // The hub's files hold the batches as the Python archive does, batch 4 first.
  const train = blobOf([...four!, ...three!, ...two!, ...five!, ...one!]);
  const fromParquet = await load(train, blobOf(last!), { ...SMALL, trainPerClass: 5 });
  const fromArchive = await parse({ kind: 'files', files: [archive] });
  expect(fromParquet.info.hash).toBe(fromArchive.info.hash);
  for (const half of ['train', 'valid'] as const) {
    expect(digest(fromParquet[half].images)).toBe(digest(fromArchive[half].images));
    expect(fromParquet[half].labels).toEqual(fromArchive[half].labels);
  }
});

describe('refuses', () => {
  const replaced = (at: number, row: ParquetRow): Blob =>
    blobOf(trainRows.map((old, i) => (i === at ? row : old)));
  const png = (width: number, height: number, channels: number): Uint8Array =>
    encode({ width, height, channels, data: new Uint8Array(width * height * channels) });
  const flippedChecksum = trainRows[0]!.png.slice();
  flippedChecksum[flippedChecksum.length - 20]! ^= 1;

  test.each<[string, () => Blob, RegExp]>([
    ['too few rows', () => blobOf(trainRows.slice(1)), /it has 19 rows instead of 20/],
    [
      'another balance of classes',
      () => replaced(3, rowOf(5, 4)),
      /the training images of class 3 are 1 instead of 2/,
    ],
    ['a label beyond the classes', () => replaced(7, rowOf(5, 10)), /row 7 has label 10; labels are 0 to 9/],
    [
      'an image of another size',
      () => replaced(2, { png: png(33, 32, 3), label: 2 }),
      /row 2 is no image of 32 x 32/,
    ],
    ['a grey image', () => replaced(2, { png: png(32, 32, 1), label: 2 }), /row 2 is no RGB image/],
    [
      'an image that is none',
      () => replaced(2, { png: new Uint8Array(100), label: 2 }),
      /row 2 is no image of 32 x 32/,
    ],
  ])('%s', async (_, train, message) => {
    await expect(load(train())).rejects.toMatchObject({
      name: 'DatasetError',
      code: 'damaged',
      sentence: expect.stringMatching(message),
    });
  });

  test('a damaged image, a cut file and a web page', async () => {
    const whole = parquetOf(trainRows);
    for (const [blob, message] of [
      [replaced(0, { png: flippedChecksum, label: 0 }), /row 0 is a damaged image/],
      [new Blob([whole.slice(0, -100)]), /its decoder failed/],
      [new Blob(['<!doctype html><p>Not found']), /its decoder failed/],
    ] as const) {
      await expect(load(blob)).rejects.toMatchObject({
        name: 'DatasetError',
        message: expect.stringMatching(message),
      });
    }
  });

  test('other content than the published', async () => {
    await expect(load(blobOf(trainRows), undefined, { ...SMALL, hash: '0'.repeat(64) })).rejects.toThrow(
      /its images differ from the published ones/,
    );
  });
});
