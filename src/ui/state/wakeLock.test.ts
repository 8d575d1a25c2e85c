import { expect, test, vi } from 'vitest';
import { keepScreenOn } from './wakeLock.ts';

function browser() {
  const state: { visibilityState: DocumentVisibilityState } = { visibilityState: 'visible' };
  const page = Object.assign(new EventTarget(), state);
  let held = 0;
  const request = vi.fn<() => Promise<{ release(): Promise<void> }>>(async () => {
    held += 1;
    return {
      release: async () => {
        held -= 1;
      },
    };
  });
  return { page, locks: { request }, held: () => held };
}

test('asks again when the page comes back, and lets go at the end', async () => {
  const { page, locks, held } = browser();
  const release = keepScreenOn(locks, page);
  await vi.waitFor(() => expect(held()).toBe(1));
  page.visibilityState = 'hidden';
  page.dispatchEvent(new Event('visibilitychange'));
  expect(locks.request).toHaveBeenCalledTimes(1);
  page.visibilityState = 'visible';
  page.dispatchEvent(new Event('visibilitychange'));
  await vi.waitFor(() => expect(locks.request).toHaveBeenCalledTimes(2));
  await vi.waitFor(() => expect(held()).toBe(1));
  release();
  expect(held()).toBe(0);
  page.dispatchEvent(new Event('visibilitychange'));
  expect(locks.request).toHaveBeenCalledTimes(2);
});

test('lets go of a lock that comes when it is over', async () => {
  const { page, locks, held } = browser();
  keepScreenOn(locks, page)();
  await vi.waitFor(() => expect(locks.request).toHaveBeenCalled());
  await vi.waitFor(() => expect(held()).toBe(0));
});

test('a browser that refuses is no error', async () => {
  const { page } = browser();
  const info = vi.spyOn(console, 'info').mockImplementation(() => undefined);
  keepScreenOn({ request: () => Promise.reject(new Error('battery')) }, page);
  await vi.waitFor(() => expect(info).toHaveBeenCalled());
});
