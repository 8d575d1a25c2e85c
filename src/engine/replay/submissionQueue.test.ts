import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { GpuContext } from '#gpu/device.ts';
import { SubmissionQueue, type Task } from './submissionQueue.ts';

/** A device that works when told to, and a clock. */
class FakeDevice {
  readonly reports: (() => void)[] = [];
  fail: (error: Error) => void = () => undefined;
  readonly context = {
    device: {
      queue: { onSubmittedWorkDone: () => new Promise<void>((resolve) => this.reports.push(resolve)) },
    },
    onFailure: (listener: (error: Error) => void) => {
      this.fail = listener;
    },
  } as unknown as GpuContext;

  /** Ends the oldest submission after so many milliseconds. */
  async work(milliseconds = 0): Promise<void> {
    now += milliseconds;
    this.reports.shift()!();
    for (let i = 0; i < 5; i++) await Promise.resolve();
  }
}

let now = 0;
beforeEach(() => {
  now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => void vi.restoreAllMocks());

const log: string[] = [];
beforeEach(() => void log.splice(0));

function task(name: string, pieces: number, owner: object): Task {
  let submitted = 0;
  return {
    owner,
    isPaced: true,
    submit: () => {
      const piece = `${name}${(submitted += 1)}`;
      log.push(piece);
      return { isLast: submitted === pieces, done: (ms) => void log.push(`${piece}: ${ms} ms`) };
    },
    cancelled: () => void log.push(`${name} cancelled after ${submitted}`),
    failed: ({ message }) => void log.push(`${name}: ${message}`),
  };
}

test('holds two pieces on the device, and gives each the time that it took, whoever it is of', async () => {
  const device = new FakeDevice();
  const queue = new SubmissionQueue(device.context);
  const [a, b] = [{}, {}];
  queue.add(task('a', 2, a));
  queue.add(task('b', 2, b));
  expect(log.splice(0)).toEqual(['a1', 'a2']);
  await device.work(50);
  expect(log.splice(0)).toEqual(['b1']);
  // The time of a piece is known once the next report has not come together with its own.
  await device.work(30);
  expect(log.splice(0)).toEqual(['a1: 50 ms', 'b2']);
  await device.work(7);
  await device.work(8);
  expect(log.splice(0)).toEqual(['a2: 30 ms', 'b1: 7 ms', 'b2: 8 ms']);
  now += 1000;
  queue.add(task('c', 1, a));
  await device.work(5);
  expect(log.splice(0)).toEqual(['c1', 'c1: 5 ms']);
});

test('shares the time among pieces that are reported together, and takes half of it for the browser’s', async () => {
  const device = new FakeDevice();
  const queue = new SubmissionQueue(device.context);
  queue.add(task('a', 4, {}));
  await device.work(100);
  await device.work(0);
  expect(log.splice(0)).toEqual(['a1', 'a2', 'a3', 'a4']);
  await device.work(100);
  expect(log.splice(0)).toEqual(['a1: 25 ms', 'a2: 25 ms']);
  await device.work(0);
  expect(log.splice(0)).toEqual(['a3: 25 ms', 'a4: 25 ms']);
});

test('runs what is not paced behind its owner’s pieces, and before those of others', async () => {
  const device = new FakeDevice();
  const queue = new SubmissionQueue(device.context);
  const [a, b] = [{}, {}];
  queue.add(task('a', 3, a));
  queue.add(task('b', 1, b));
  const other = {};
  await queue.run(other, () => log.push('other'));
  const own = queue.run(a, () => log.push('own'));
  const theirs = queue.run(b, () => log.push('theirs'));
  expect(log.splice(0)).toEqual(['a1', 'a2', 'other']);
  await device.work();
  expect(log.splice(0)).toEqual(['a3', 'own']);
  await device.work();
  expect(log.splice(0)).toEqual(['b1', 'theirs']);
  await Promise.all([own, theirs]);
});

test('cancels what was not submitted, and goes on with the others', async () => {
  const device = new FakeDevice();
  const queue = new SubmissionQueue(device.context);
  const [a, b] = [{}, {}];
  queue.add(task('a', 3, a));
  queue.add(task('c', 1, a));
  const behind = queue.run(a, () => log.push('never'));
  queue.add(task('b', 1, b));
  queue.cancel(({ owner }) => owner === a);
  await expect(behind).rejects.toMatchObject({ name: 'AbortError' });
  expect(log.splice(0)).toEqual(['a1', 'a2', 'a cancelled after 2', 'c cancelled after 0']);
  await device.work();
  expect(log.splice(0)).toEqual(['b1']);
});

test('a failure of the device ends all that waits', async () => {
  const device = new FakeDevice();
  const queue = new SubmissionQueue(device.context);
  const a = {};
  queue.add(task('a', 3, a));
  const behind = queue.run(a, () => log.push('never'));
  device.fail(new Error('lost'));
  await expect(behind).rejects.toThrow('lost');
  await device.work();
  expect(log).toEqual(['a1', 'a2', 'a: lost']);
});
