import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebRunLocks } from './runLocks.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Locks of which run 'a' is held until `until`, as by the worker of a page that is being loaded again. */
function heldUntil(until: number): LockManager {
  const query = (): Promise<LockManagerSnapshot> =>
    Promise.resolve({ held: Date.now() < until ? [{ name: 'normlab-run:a' }, { name: 'other' }] : [] });
  return { query } as LockManager;
}

/** What `elsewhere` answers in the end. */
async function elsewhere(locks: WebRunLocks): Promise<string[]> {
  const answer = locks.elsewhere();
  await vi.advanceTimersByTimeAsync(5000);
  return [...(await answer)];
}

describe('runs elsewhere', () => {
  test('are not those of a worker that a reload has ended a moment ago', async () => {
    expect(await elsewhere(new WebRunLocks(heldUntil(Date.now() + 300)))).toEqual([]);
  });

  test('are those that another tab still holds after a second', async () => {
    const locks = new WebRunLocks(heldUntil(Number.POSITIVE_INFINITY));
    expect(await elsewhere(locks)).toEqual(['a']);
    // Later there is nothing to wait for.
    const answer = locks.elsewhere();
    await vi.advanceTimersByTimeAsync(0);
    expect([...(await answer)]).toEqual(['a']);
  });

  test('are none where there are no locks', async () => {
    expect(await elsewhere(new WebRunLocks(undefined))).toEqual([]);
  });
});
