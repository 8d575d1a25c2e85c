import { expect, test } from 'vitest';
import { parquetOf, rowsOf, SMALL } from './fixtures/parquetFixtures.ts';
import { archiveOf, cifarFiles, fileOf } from './fixtures/cifarFixtures.ts';
import { DatasetError } from './datasetError.ts';
import { plain } from './fixtures/plain.ts';
import { parseInWorker } from './parserHost.ts';
import { parse } from './parse.ts';

/** As `builtIn.test.ts` finds it in Node, for the full set. */
const BUILT_IN_HASH = 'dab0cf1b1febb5534f2bc9286323cbf2e123265b7a1aa79e792d72ca96c66c46';

async function sentence(file: File): Promise<string> {
  const error = await parseInWorker({ kind: 'files', files: [file] }).then(
    () => new Error('loaded'),
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name: 'DatasetError' });
  return (error as Error).message;
}

test('draws the same built-in set in a worker of this browser as in Node', async () => {
  const reports: number[] = [];
  const { info } = await parseInWorker(
    { kind: 'built-in', seed: 0 },
    { onProgress: ({ done, total }) => reports.push(done / total) },
  );
  expect(info.hash).toBe(BUILT_IN_HASH);
  expect(reports.at(-1)).toBe(1);
});

test('reads an archive in the worker as in this thread', async () => {
  const archive = await archiveOf(cifarFiles());
  const job = { kind: 'files', files: [archive] } as const;
  expect(plain(await parseInWorker(job))).toEqual(plain(await parse(job)));
});

test('words this browser’s gzip errors', async () => {
  const bytes = new Uint8Array(await (await archiveOf(cifarFiles())).arrayBuffer());
  expect(await sentence(fileOf(bytes.subarray(0, bytes.length >> 1), 'a.tar.gz'))).toMatch(
    /^a\.tar\.gz ends too early/,
  );
  const twoMembers = new Uint8Array([...bytes, ...bytes]);
  expect(await sentence(fileOf(twoMembers, 'a.tar.gz'))).toMatch(/is packed in several parts/);
  const wrongChecksum = bytes.slice();
  wrongChecksum[bytes.length - 6]! ^= 1;
  expect(await sentence(fileOf(wrongChecksum, 'a.tar.gz'))).toMatch(/does not match its checksum/);
});

test('no damage to a parquet file hangs it, ends it otherwise than in words, or gives other images', async () => {
  const train = parquetOf(rowsOf(2, 100), 20);
  const valid = new Blob([parquetOf(rowsOf(1, 900), 10)]);
  const job = (bytes: Uint8Array<ArrayBuffer>) =>
    ({ kind: 'parquet', train: new Blob([bytes]), valid, expected: SMALL }) as const;
  const { info } = await parseInWorker(job(train));
  const expected = { ...SMALL, hash: info.hash };
  const outcomes: Record<string, number> = {};
  for (let seed = 1; seed <= 24; seed++) {
    const damaged = train.slice();
    // Half of the damage in the footer, which steers the reader; places by a fixed congruence.
    const span = seed % 2 === 0 ? 900 : damaged.length;
    for (let flip = 0; flip < 1 + (seed % 3); flip++) {
      const at = damaged.length - 1 - ((seed * 7919 + flip * 104729) % span);
      damaged[at]! ^= 1 + ((seed * 31 + flip) % 255);
    }
    const outcome = await parseInWorker({ ...job(damaged), expected }, { silenceMs: 5000 }).then(
      (dataset) => (dataset.info.hash === info.hash ? 'unharmed' : 'wrong'),
      (error: unknown) => (error instanceof DatasetError ? error.code : 'other'),
    );
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  expect(Object.keys(outcomes).filter((key) => !['unharmed', 'damaged', 'timeout'].includes(key))).toEqual(
    [],
  );
  expect(outcomes['damaged']).toBeGreaterThan(5);
});
