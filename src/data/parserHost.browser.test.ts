import { expect, test } from 'vitest';
import { archiveOf, cifarFiles, fileOf } from './fixtures/cifarFixtures.ts';
import { plain } from './fixtures/plain.ts';
import { loadDataset } from './loadDataset.ts';
import { parse } from './parse.ts';

/** As `builtIn.test.ts` finds it in Node, for the full set. */
const BUILT_IN_HASH = 'dab0cf1b1febb5534f2bc9286323cbf2e123265b7a1aa79e792d72ca96c66c46';

async function sentence(file: File): Promise<string> {
  const error = await loadDataset({ kind: 'files', files: [file] }).then(
    () => new Error('loaded'),
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name: 'DatasetError' });
  return (error as Error).message;
}

test('draws the same built-in set in a worker of this browser as in Node', async () => {
  const reports: number[] = [];
  const { info } = await loadDataset(
    { kind: 'built-in' },
    { onProgress: ({ done, total }) => reports.push(done / total) },
  );
  expect(info.hash).toBe(BUILT_IN_HASH);
  expect(reports.at(-1)).toBe(1);
});

test('reads an archive in the worker as in this thread', async () => {
  const archive = await archiveOf(cifarFiles());
  const job = { kind: 'files', files: [archive] } as const;
  expect(plain(await loadDataset(job))).toEqual(plain(await parse(job)));
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
