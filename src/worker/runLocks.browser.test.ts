import { expect, test } from 'vitest';
import { WebRunLocks } from './runLocks.ts';

// Two objects stand for two tabs: the browser's locks are those of the origin.

const unused = (): void => expect.unreachable('nobody takes this run over');

test('one tab owns a run until it releases it, or another takes it over', async () => {
  const [here, there] = [new WebRunLocks(navigator.locks), new WebRunLocks(navigator.locks)];
  const runId = crypto.randomUUID();
  const lock = await here.acquire(runId, { takeOver: false, onLost: unused });
  expect(lock).toBeDefined();
  expect([...(await here.elsewhere())]).not.toContain(runId);
  expect([...(await there.elsewhere())]).toContain(runId);
  expect(await there.acquire(runId, { takeOver: false, onLost: unused })).toBeUndefined();
  lock!.release();

  let losses = 0;
  const lost = new Promise<void>((resolve) => {
    void there
      .acquire(runId, {
        takeOver: false,
        onLost: () => {
          losses += 1;
          resolve();
        },
      })
      .then(() => here.acquire(runId, { takeOver: true, onLost: unused }))
      .then((taken) => lost.then(() => taken!.release()));
  });
  await lost;
  expect(losses).toBe(1);
  await expect.poll(async () => [...(await there.elsewhere())]).not.toContain(runId);
});

test('without locks every run is this tab’s', async () => {
  const locks = new WebRunLocks(undefined);
  expect(await locks.acquire('a', { takeOver: false, onLost: unused })).toBeDefined();
  expect((await locks.elsewhere()).size).toBe(0);
});
