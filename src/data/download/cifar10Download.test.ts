import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parquetOf, rowsOf, SMALL } from '../fixtures/parquetFixtures.ts';
import { serveFiles, type FileServer } from '#testing/fileServer.ts';
import { MemoryFiles } from '#testing/memoryFiles.ts';
import { parse } from '../parse.ts';
import type { LoadProgress } from '../progress.ts';
import {
  cifar10Remote,
  discardDownload,
  downloadState,
  loadRemote,
  type RemoteDataset,
  type RemoteLoadOptions,
} from './cifar10Download.ts';
import { TransferRate } from './transferRate.ts';

const train = parquetOf(rowsOf(2, 100));
const valid = parquetOf(rowsOf(1, 900));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

let server: FileServer;
let remote: RemoteDataset;
let files: MemoryFiles;
let options: RemoteLoadOptions;

beforeEach(async () => {
  const paths = cifar10Remote('');
  server = await serveFiles(
    new Map([
      [paths.train.url, train],
      [paths.valid.url, valid],
    ]),
  );
  const real = cifar10Remote(server.url);
  remote = {
    expected: SMALL,
    train: { ...real.train, byteLength: train.length, sha256: sha256(train) },
    valid: { ...real.valid, byteLength: valid.length, sha256: sha256(valid) },
  };
  files = new MemoryFiles();
  options = { files, parse, retryMs: [1], stallMs: 60_000 };
});
afterEach(() => server.close());

test('brings, decodes and names both halves, and leaves no partial files', async () => {
  const reports: LoadProgress[] = [];
  const { info } = await loadRemote(remote, { ...options, onProgress: (progress) => reports.push(progress) });
  expect([info.trainCount, info.validCount]).toEqual([20, 10]);
  expect(info.source).toMatch(/^127\.0\.0\.1/);
  const downloads = reports.filter(({ stage }) => stage === 'Downloading Small');
  expect(downloads.at(-1)).toMatchObject({
    done: train.length + valid.length,
    total: train.length + valid.length,
  });
  expect(files.content.size).toBe(0);
});

test.each([true, false])('a cancelled download goes on later (stored: %s)', async (isStored) => {
  const controller = new AbortController();
  const settings = isStored ? options : { ...options, files: undefined };
  const cancelled = loadRemote(remote, {
    ...settings,
    signal: controller.signal,
    onProgress: ({ done }) => done > valid.length && controller.abort(),
  });
  await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' });
  server.ranges.length = 0;
  expect((await loadRemote(remote, settings)).info.trainCount).toBe(20);
  // The small file is there already.
  expect(server.ranges.length).toBeLessThanOrEqual(1);
});

test.each([true, false])(
  'what a cancelled download left is counted and discarded (stored: %s)',
  async (isStored) => {
    const controller = new AbortController();
    const settings = isStored ? options : { ...options, files: undefined };
    const total = train.length + valid.length;
    await expect(
      loadRemote(remote, {
        ...settings,
        signal: controller.signal,
        onProgress: ({ done }) => done >= valid.length && controller.abort(),
      }),
    ).rejects.toMatchObject({ name: 'AbortError' });
    const left = await downloadState(remote, settings.files);
    expect(left.total).toBe(total);
    expect(left.done).toBeGreaterThan(0);
    await discardDownload(remote, settings.files);
    expect(await downloadState(remote, settings.files)).toEqual({ done: 0, total });
  },
);

test('two tabs share one download', async () => {
  const [first, second] = await Promise.all([loadRemote(remote, options), loadRemote(remote, options)]);
  expect(first.info.hash).toBe(second.info.hash);
});

test('without room in the store it downloads into memory', async () => {
  files.quota = train.length;
  expect((await loadRemote(remote, options)).info.trainCount).toBe(20);
  expect(files.content.size).toBe(0);
});

test('points at the published files of CIFAR-10', () => {
  const { train, valid } = cifar10Remote();
  expect(train.url).toBe(
    'https://huggingface.co/datasets/uoft-cs/cifar10/resolve/0b2714987fa478483af9968de7c934580d0bb9a2/plain_text/train-00000-of-00001.parquet',
  );
  expect([train.byteLength, valid.byteLength]).toEqual([119_705_255, 23_940_850]);
});

test('the speed is that of the last seconds', () => {
  let time = 0;
  const rate = new TransferRate(() => time);
  expect(rate.note(0)).toBeUndefined();
  let last: number | undefined;
  for (time = 1000; time <= 10_000; time += 1000) last = rate.note(time * 10);
  expect(last).toBeCloseTo(10_000, 6);
  // Nothing comes any more.
  for (; time <= 20_000; time += 1000) rate.note(100_000);
  expect(rate.note(100_000)).toBe(0);
});
