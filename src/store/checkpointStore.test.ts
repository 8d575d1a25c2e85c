import { beforeEach, expect, test } from 'vitest';
import type { Checkpoint } from '#domain/checkpoint.ts';
import { crc32 } from '#lib/files/crc32.ts';
import { sampleCheckpoint } from '#testing/keptRuns.ts';
import { MemoryFiles, type Fault } from '#testing/memoryFiles.ts';
import { checkpointParts, readCheckpoint } from './checkpointFile.ts';
import { CheckpointStore } from './checkpointStore.ts';
import type { Upgrade } from './upgrades.ts';

const FAULTS: readonly Fault[] = ['throw', 'torn', 'miscounted', 'truncated'];
const FOLDER = 'run-run-a';

let files: MemoryFiles;
let store: CheckpointStore;
let flushed: string[];

beforeEach(() => {
  files = new MemoryFiles();
  flushed = [];
  store = new CheckpointStore(files, async (runId) => void flushed.push(runId));
});

/** With every tensor as its bits, so that NaN and -0 count. */
function bits({ parameters, buffers, moments, ...rest }: Checkpoint): unknown {
  const map = (tensors: ReadonlyMap<string, Float32Array>): unknown =>
    Array.from(tensors, ([name, { buffer, byteOffset, byteLength }]) => [
      name,
      Array.from(new Uint8Array(buffer, byteOffset, byteLength)),
    ]);
  return { ...rest, parameters: map(parameters), buffers: map(buffers), moments: moments.map(map) };
}

const newest = async (): Promise<Checkpoint | undefined> =>
  new CheckpointStore(files, () => Promise.resolve()).newest('run-a');

test('gives back every bit, after what the run recorded was written', async () => {
  await store.save(sampleCheckpoint(20));
  expect(flushed).toEqual(['run-a']);
  expect(bits((await newest())!)).toEqual(bits(sampleCheckpoint(20)));
});

test('gives back what gradients are measured against, and lacks it where nothing was', async () => {
  const gradients = { first: 0.1, last: [1e-3, Number.POSITIVE_INFINITY, 1 / 3] };
  await store.save({ ...sampleCheckpoint(20), gradients });
  expect((await newest())!.gradients).toEqual(gradients);
  await store.save({ ...sampleCheckpoint(21), gradients: { last: [] } });
  expect((await newest())!.gradients).toEqual({ last: [] });
  await store.save(sampleCheckpoint(22));
  expect(await newest()).not.toHaveProperty('gradients');
});

test('reads arrays where they lie in larger buffers', async () => {
  const all = Float32Array.from({ length: 12 }, (_, i) => i);
  const parameters = new Map([['fc.bias', all.subarray(3, 7)]]);
  await store.save({ ...sampleCheckpoint(1), parameters, moments: [] });
  expect((await newest())!.parameters.get('fc.bias')).toEqual(Float32Array.of(3, 4, 5, 6));
});

test('keeps the last two, and the last saved counts, not the largest step', async () => {
  for (const step of [10, 20, 30, 25]) await store.save(sampleCheckpoint(step));
  expect(await store.steps('run-a')).toEqual([30, 25]);
  expect((await newest())?.step).toBe(25);
  expect((await store.newest('run-a', 24))?.step).toBeUndefined();
  expect((await store.newest('run-a', 27))?.step).toBe(25);
  await store.removeBeyond('run-a', 27);
  expect(await store.steps('run-a')).toEqual([25]);
  await store.removeBeyond('run-a', 24);
  expect(await newest()).toBeUndefined();
});

test('gives the one before while another is being written', async () => {
  await store.save(sampleCheckpoint(10));
  const { write } = files;
  let seen: number | undefined;
  files.write = async (folder, file, parts) => {
    await write.call(files, folder, file, parts);
    seen = (await store.newest('run-a'))?.step;
  };
  await store.save(sampleCheckpoint(20));
  expect([seen, (await store.newest('run-a'))?.step]).toEqual([10, 20]);
});

test.each(FAULTS)(
  'whichever operation fails (%s), the newest checkpoint is the old one or the new one',
  async (how) => {
    for (let operation = 0; ; operation++) {
      files = new MemoryFiles();
      store = new CheckpointStore(files, () => Promise.resolve());
      for (const step of [10, 20]) await store.save(sampleCheckpoint(step));
      files.failAt(operation, how);
      const error = await store.save(sampleCheckpoint(30)).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      const hasStruck = files.hasFailed;
      if (error !== undefined) {
        expect(error).toMatchObject({ name: 'StorageError', sentence: expect.stringMatching(/^Not saved/) });
      }
      expect(bits((await newest())!)).toEqual(bits(sampleCheckpoint(error === undefined ? 30 : 20)));
      files.failAt(Number.POSITIVE_INFINITY, how);
      await store.save(sampleCheckpoint(40));
      expect((await files.look(FOLDER)).names).toHaveLength(2);
      expect((await newest())?.step).toBe(40);
      if (!hasStruck) {
        // The write, and the removal of the oldest.
        expect(operation).toBe(2);
        break;
      }
    }
  },
);

test.each(FAULTS)('a write and its clean-up that both fail (%s) leave nothing that counts', async (how) => {
  await store.save(sampleCheckpoint(10));
  files.failAt(0, how);
  files.removeFile = () => Promise.reject(new Error('disk fault'));
  await expect(store.save(sampleCheckpoint(20))).rejects.toThrow(/^Not saved/);
  expect((await newest())?.step).toBe(10);
  expect(await store.steps('run-a')).toEqual([10]);
  files = Object.assign(new MemoryFiles(), { content: files.content });
  store = new CheckpointStore(files, () => Promise.resolve());
  await store.save(sampleCheckpoint(30));
  expect(await store.steps('run-a')).toEqual([10, 30]);
  expect((await files.look(FOLDER)).names).toHaveLength(2);
});

test('a full disk is told with its figures', async () => {
  await store.save(sampleCheckpoint(10));
  files.quota = files.usage() + 100;
  await expect(store.save(sampleCheckpoint(20))).rejects.toThrow(
    /^Not saved: the browser’s storage is full \(\d+ kB of \d+ kB used\)\. Free space/,
  );
  expect((await newest())?.step).toBe(10);
});

test('any changed byte is found, and the one before it is taken', async () => {
  for (const step of [10, 20]) await store.save(sampleCheckpoint(step));
  const folder = files.content.get(FOLDER)!;
  const file = [...folder.keys()].find((name) => name.includes('20-'))!;
  const sound = folder.get(file)!;
  for (let at = 0; at < sound.length; at += 13) {
    folder.set(
      file,
      sound.map((byte, i) => (i === at ? byte ^ 4 : byte)),
    );
    expect((await newest())?.step).toBe(10);
  }
  for (const size of [0, 10, 20, 100, sound.length - 1]) {
    folder.set(file, sound.slice(0, size));
    expect((await newest())?.step).toBe(10);
    expect(await store.steps('run-a')).toEqual([10]);
  }
});

async function keepWith(change: (checkpoint: Checkpoint) => unknown): Promise<void> {
  const parts = await checkpointParts(change(sampleCheckpoint(10)) as Checkpoint);
  await files.write(FOLDER, 'checkpoint-0000000010-1.bin', parts);
}

test('one of a newer version is refused in words, and never removed', async () => {
  await keepWith((checkpoint) => checkpoint);
  const name = 'checkpoint-0000000010-1.bin';
  const bytes = files.content.get(FOLDER)!.get(name)!;
  // Version 2, with the checksum of its prelude made good.
  const view = new DataView(bytes.buffer);
  view.setUint32(4, 2, true);
  view.setUint32(16, crc32(bytes, 0, 16), true);
  await expect(newest()).rejects.toThrow(
    'The checkpoint of this run cannot be read: it was saved by a newer NormLab (format 2; this one reads up to 1). It is left as it is.',
  );
  for (const step of [20, 30, 40]) await store.save(sampleCheckpoint(step));
  expect((await files.look(FOLDER)).names).toContain(name);
  expect(await store.steps('run-a')).toEqual([30, 40]);
});

test('an unknown normalization is refused by its name', async () => {
  await keepWith((checkpoint) => ({
    ...checkpoint,
    experiment: { ...checkpoint.experiment, norm: 'layer' },
  }));
  await expect(newest()).rejects.toThrow(
    /uses the normalization “layer”, which this version of NormLab does/,
  );
});

test('older versions are read through every upgrade in turn', async () => {
  await keepWith((checkpoint) => ({ ...checkpoint, gpu: checkpoint.device, device: undefined }));
  const upgrades: readonly Upgrade[] = [
    ({ gpu, ...rest }) => ({ ...rest, device: `${String(gpu)} 1→2` }),
    (record) => ({ ...record, device: `${String(record['device'])} 2→3` }),
  ];
  const file = await files.read(FOLDER, 'checkpoint-0000000010-1.bin');
  expect(await readCheckpoint(file!)).toEqual({ kind: 'damaged' });
  const reading = await readCheckpoint(file!, upgrades);
  expect(reading).toMatchObject({ checkpoint: { device: 'Some GPU 1→2 2→3', step: 10 } });
});
