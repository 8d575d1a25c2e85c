import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serveFiles, type FileServer } from '#testing/fileServer.ts';
import { MemoryFiles } from '#testing/memoryFiles.ts';
import { DataLibrary, type LibraryParts } from './dataLibrary.ts';
import { cifar10Remote } from './download/cifar10Download.ts';
import { archiveOf, cifarFiles } from './fixtures/cifarFixtures.ts';
import { parquetOf, rowsOf, SMALL } from './fixtures/parquetFixtures.ts';
import { plain } from './fixtures/plain.ts';
import { parse } from './parse.ts';

let files: MemoryFiles;
let parts: LibraryParts;
let library: DataLibrary;
let server: FileServer | undefined;

beforeEach(() => {
  files = new MemoryFiles();
  parts = { parse, openFiles: () => Promise.resolve(files), remote: cifar10Remote() };
  library = new DataLibrary(parts);
});
afterEach(() => server?.close());

test('keeps what came from files, so that a reload needs none', async () => {
  const loaded = await library.load({ kind: 'files', files: [await archiveOf(cifarFiles(10))] });
  expect(loaded.info).toMatchObject({
    source: 'cifar-10-binary.tar.gz',
    licence: expect.stringContaining('Krizhevsky'),
    notes: [],
  });
  const afterReload = new DataLibrary(parts);
  const [stored] = await afterReload.list();
  expect(stored!.info).toEqual(loaded.info);
  expect(plain(await afterReload.load({ kind: 'stored', hash: stored!.info.hash }))).toEqual(plain(loaded));
  expect((await afterReload.usage()).datasetBytes).toBe(60 * 3073);
  await afterReload.remove(stored!.info.hash);
  expect(await library.list()).toEqual([]);
});

test('keeps what came over the network', async () => {
  const [train, valid] = [parquetOf(rowsOf(2, 100)), parquetOf(rowsOf(1, 900))];
  const paths = cifar10Remote('');
  server = await serveFiles(
    new Map([
      [paths.train.url, train],
      [paths.valid.url, valid],
    ]),
  );
  const published = cifar10Remote(server.url);
  const exact = (bytes: Uint8Array) => ({
    byteLength: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  });
  const remote = {
    expected: SMALL,
    train: { ...published.train, ...exact(train) },
    valid: { ...published.valid, ...exact(valid) },
  };
  const { info } = await new DataLibrary({ ...parts, remote }).load({ kind: 'download' });
  expect((await library.list()).map((set) => set.info)).toEqual([info]);
});

test('a full disk keeps nobody from using the data', async () => {
  files.quota = 1000;
  const { info } = await library.load({ kind: 'files', files: [await archiveOf(cifarFiles(10))] });
  expect(info.notes).toEqual([
    expect.stringMatching(/^Keeping CIFAR-10 .* needs 185 kB, but the browser allows only 1 kB more/),
  ]);
  expect(await library.list()).toEqual([]);
});

test('works where nothing can be kept, and says so', async () => {
  const without = new DataLibrary({ ...parts, openFiles: () => Promise.resolve(undefined) });
  const { info } = await without.load({ kind: 'files', files: [await archiveOf(cifarFiles(10))] });
  expect(info.notes).toEqual([expect.stringMatching(/^This browser keeps no data for this site/)]);
  expect(await without.list()).toEqual([]);
  await expect(without.load({ kind: 'stored', hash: info.hash })).rejects.toMatchObject({ code: 'storage' });
});

test('does not keep the built-in set', async () => {
  const tiny = await parse({ kind: 'files', files: [await archiveOf(cifarFiles(10))] });
  await new DataLibrary({ ...parts, parse: () => Promise.resolve(tiny) }).load({ kind: 'built-in' });
  expect(files.content.size).toBe(0);
});
