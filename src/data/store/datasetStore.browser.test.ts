/// <reference types="@vitest/browser-playwright" />
import { afterEach, expect, test } from 'vitest';
import { cdp } from 'vitest/browser';
import type { StoreRequest } from '../fixtures/store.worker.ts';

const workers: Worker[] = [];

/** A fresh worker for each request, as after a reload; two at once are two tabs. */
function ask(action: StoreRequest['action'], seed = 1, count = 40): Promise<unknown> {
  const worker = new Worker(new URL('../fixtures/store.worker.ts', import.meta.url), { type: 'module' });
  workers.push(worker);
  return new Promise((resolve, reject) => {
    worker.addEventListener(
      'message',
      ({ data }: MessageEvent<{ value?: unknown; error?: { sentence: string } }>) => {
        worker.terminate();
        if (data.error) reject(new Error(data.error.sentence));
        else resolve(data.value);
      },
    );
    worker.postMessage({ action, seed, count });
  });
}

afterEach(async () => {
  for (const worker of workers.splice(0)) worker.terminate();
  await ask('remove', 1);
  await ask('remove', 2);
});

test('keeps a set over the end of its worker, bit for bit', async () => {
  expect(await ask('save')).toBe(50 * 3073);
  expect(await ask('check')).toBe(true);
  expect(await ask('list')).toEqual(['built-in:1']);
  await ask('remove');
  expect(await ask('list')).toEqual([]);
});

test('two tabs may save and load at once', async () => {
  await Promise.all([ask('save', 1), ask('save', 1), ask('save', 2)]);
  expect(await ask('list')).toHaveLength(2);
  expect(await Promise.all([ask('check', 1), ask('check', 1), ask('check', 2)])).toEqual([true, true, true]);
});

test('appends where the last write ended', async () => {
  expect(await ask('append')).toEqual(Uint8Array.of(1, 2, 3));
});

test('a full disk is an error that says how much is needed, and leaves what was there', async () => {
  await ask('save', 1);
  const session = cdp();
  const { origin } = location;
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 400_000 });
  try {
    await expect(ask('save', 2, 400)).rejects.toThrow(
      /^Keeping Built-in shapes and textures needs 1 MB, but the browser/,
    );
    await expect(ask('fill', 2, 2000)).rejects.toThrow(/storage for this site is full/);
    expect(await ask('list')).toEqual(['built-in:1']);
    expect(await ask('check', 1)).toBe(true);
  } finally {
    await session.send('Storage.overrideQuotaForOrigin', { origin });
  }
});
