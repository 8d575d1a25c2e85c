import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryFiles } from '#testing/memoryFiles.ts';
import { builtInDataset } from '../builtIn.ts';
import { plain } from '../fixtures/plain.ts';
import { DatasetStore } from './datasetStore.ts';

const first = builtInDataset(1, { train: 20, valid: 10 });
const second = builtInDataset(2, { train: 30, valid: 10 });

let files: MemoryFiles;
let store: DatasetStore;
let time = 0;

beforeEach(() => {
  files = new MemoryFiles();
  store = new DatasetStore(files, () => ++time);
});

test('gives back what was saved, bit for bit', async () => {
  await store.save(first);
  await store.save(second);
  expect(plain(await store.load(first.info.hash))).toEqual(plain(first));
  expect(plain(await store.load(second.info.hash))).toEqual(plain(second));
  expect((await store.list()).map(({ info }) => info.id)).toEqual(['built-in:1', 'built-in:2']);
  expect(await store.usage()).toEqual({
    datasetBytes: 70 * 3073,
    usage: undefined,
    quota: undefined,
    isPersistent: undefined,
  });
});

test('keeps one copy of the same content, also when two tabs save it at once', async () => {
  const otherTab = new DatasetStore(files);
  const [a, b] = await Promise.all([store.save(first), otherTab.save(first)]);
  expect(a).toEqual(b);
  expect(await files.folders()).toHaveLength(1);
});

test('removes', async () => {
  await store.save(first);
  await store.remove(first.info.hash);
  await store.remove(first.info.hash);
  expect(files.content.size).toBe(0);
  await expect(store.load(first.info.hash)).rejects.toThrow(/no longer saved in this browser/);
});

test('reports progress of saving and loading', async () => {
  const reports: number[] = [];
  const onProgress = ({ done, total }: { done: number; total: number }) => void reports.push(done / total);
  await store.save(first, { onProgress });
  expect(reports.at(-1)).toBe(1);
  await store.load(first.info.hash, { onProgress });
  expect(reports.at(-1)).toBe(1);
});

describe('faults', () => {
  test('says how much space is needed before it writes anything', async () => {
    files.quota = 50_000;
    await expect(store.save(first)).rejects.toMatchObject({
      code: 'storage',
      message:
        'Keeping Built-in shapes and textures needs 93 kB, but the browser allows only 50 kB more for this site; remove a saved data set or free disk space. The data can be used until the page is closed.',
    });
    expect(files.content.size).toBe(0);
  });

  test.each(['throw', 'torn'] as const)(
    'whatever writing operation goes wrong (%s), a set is there whole or not at all, and the others stay',
    async (how) => {
      await store.save(first);
      let struck = 0;
      for (let operation = 0; ; operation++) {
        files.failAt(operation, how);
        const failed = await store.save(second).then(
          () => false,
          (error: unknown) => error,
        );
        const didFail = files.hasFailed && failed !== false;
        files.failAt(Number.POSITIVE_INFINITY, how);
        expect(plain(await store.load(first.info.hash))).toEqual(plain(first));
        if (!didFail) break;
        struck++;
        expect(failed).toMatchObject({ code: 'storage' });
        expect((await store.list()).map(({ info }) => info.hash)).toEqual([first.info.hash]);
      }
      expect(struck).toBe(2);
      expect(plain(await store.load(second.info.hash))).toEqual(plain(second));
      // What a torn save left behind is gone after the next one.
      expect(await files.folders()).toHaveLength(2);
    },
  );

  test('a changed byte or length is found', async () => {
    await store.save(first);
    const [folder] = files.content.values();
    const sound = folder!.get('data.bin')!;
    for (const change of [
      () => sound.map((byte, i) => (i === 40_000 ? byte ^ 1 : byte)),
      () => sound.slice(0, -1),
    ]) {
      folder!.set('data.bin', change());
      await expect(store.load(first.info.hash)).rejects.toThrow(/is damaged; remove it and load the data/);
    }
    folder!.delete('data.bin');
    await expect(store.load(first.info.hash)).rejects.toThrow(/no longer saved/);
  });

  test.each(['', '{', '[]', '{"version":1}', '{"__proto__":{"version":1}}'])(
    'a manifest of %j is an unfinished save',
    async (text) => {
      await files.write('set-x', 'manifest.json', [new TextEncoder().encode(text)]);
      expect(await store.list()).toEqual([]);
      await store.save(first);
      expect(await files.folders()).toHaveLength(1);
    },
  );

  test('a set of a newer version is neither listed nor removed', async () => {
    await files.write('set-new', 'manifest.json', [
      new TextEncoder().encode('{"version":2,"shape":"unknown"}'),
    ]);
    await store.save(first);
    expect(await store.list()).toHaveLength(1);
    expect(await files.folders()).toContain('set-new');
  });

  test('folders that are not the store’s stay', async () => {
    await files.append('download-x', 'part', new Uint8Array(3));
    await store.save(first);
    expect(await files.folders()).toContain('download-x');
  });
});
