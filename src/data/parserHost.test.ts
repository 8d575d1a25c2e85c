import { afterEach, expect, test, vi } from 'vitest';
import type { Dataset } from '#domain/dataset.ts';
import { builtInDataset } from './builtIn.ts';
import { DatasetError } from './datasetError.ts';
import { failedMessage, type ParserMessage } from './parserMessages.ts';
import { parseInWorker, type ParserWorker } from './parserHost.ts';

const job = { kind: 'built-in', seed: 0 } as const;
const dataset = builtInDataset(0, { train: 20, valid: 10 });

class FakeWorker extends EventTarget implements ParserWorker {
  readonly jobs: unknown[] = [];
  isTerminated = false;
  postMessage(posted: unknown): void {
    this.jobs.push(posted);
  }
  terminate(): void {
    this.isTerminated = true;
  }
  say(message: ParserMessage): void {
    this.dispatchEvent(new MessageEvent('message', { data: message }));
  }
}

const progress = (done: number): ParserMessage => ({
  type: 'progress',
  progress: { stage: 'x', done, total: 9 },
});

function start(signal?: AbortSignal) {
  const worker = new FakeWorker();
  const reports: number[] = [];
  const result = parseInWorker(job, {
    createWorker: () => worker,
    onProgress: ({ done }) => reports.push(done),
    ...(signal && { signal }),
  });
  const outcome = result.catch((error: unknown) => error);
  return { worker, reports, outcome };
}

afterEach(() => void vi.useRealTimers());

test('hands over the job, passes progress on, and ends the worker with the result', async () => {
  const { worker, reports, outcome } = start();
  worker.say(progress(1));
  worker.say(progress(2));
  expect(worker.isTerminated).toBe(false);
  worker.say({ type: 'done', dataset });
  expect(await outcome).toBe(dataset);
  expect({ jobs: worker.jobs, reports, ended: worker.isTerminated }).toEqual({
    jobs: [job],
    reports: [1, 2],
    ended: true,
  });
});

test('ends a worker that falls silent, and lets a slow one go on', async () => {
  vi.useFakeTimers();
  const { worker, outcome } = start();
  for (let i = 0; i < 5; i++) {
    vi.advanceTimersByTime(15_000);
    worker.say(progress(i));
  }
  expect(worker.isTerminated).toBe(false);
  vi.advanceTimersByTime(20_000);
  expect(await outcome).toMatchObject({ name: 'DatasetError', code: 'timeout' });
  expect(worker.isTerminated).toBe(true);
});

test('ends a worker that reports for ever', async () => {
  vi.useFakeTimers();
  const { worker, outcome } = start();
  for (let i = 0; i < 91; i++) {
    vi.advanceTimersByTime(10_000);
    if (!worker.isTerminated) worker.say(progress(i));
  }
  expect(await outcome).toMatchObject({ code: 'timeout' });
});

test('cancelling ends the worker at once', async () => {
  const controller = new AbortController();
  const { worker, outcome } = start(controller.signal);
  controller.abort();
  expect(await outcome).toMatchObject({ name: 'AbortError' });
  expect(worker.isTerminated).toBe(true);
});

test('passes a parser’s sentence on', async () => {
  const { worker, outcome } = start();
  worker.say(failedMessage(new DatasetError('damaged', 'It is broken; get another.')));
  expect(await outcome).toMatchObject({ code: 'damaged', sentence: 'It is broken; get another.' });
});

test('a decoder’s own error becomes a sentence, the original stays as its cause', async () => {
  const { worker, outcome } = start();
  worker.say(failedMessage(new TypeError('undefined is not a function')));
  expect(await outcome).toMatchObject({
    code: 'damaged',
    sentence: expect.stringMatching(/^The data cannot be read/),
  });
  expect((await outcome) instanceof Error && String(((await outcome) as Error).cause)).toContain(
    'not a function',
  );
  expect(failedMessage(new RangeError('Array buffer allocation failed'))).toMatchObject({
    code: 'too-large',
  });
});

test('a crash of the worker is an error too', async () => {
  const { worker, outcome } = start();
  worker.dispatchEvent(Object.assign(new Event('error'), { message: 'boom' }));
  expect(await outcome).toMatchObject({ name: 'DatasetError', cause: 'boom' });
});

test.each<[string, (good: Dataset) => Dataset]>([
  [
    'a label beyond the classes',
    (good) => ({ ...good, train: { ...good.train, labels: good.train.labels.map(() => 10) } }),
  ],
  ['missing pixels', (good) => ({ ...good, valid: { ...good.valid, images: good.valid.images.slice(1) } })],
  ['other counts than announced', (good) => ({ ...good, info: { ...good.info, trainCount: 21 } })],
])('refuses a result with %s', async (_, spoil) => {
  const { worker, outcome } = start();
  worker.say({ type: 'done', dataset: spoil(dataset) });
  expect(await outcome).toMatchObject({ code: 'damaged', sentence: expect.stringMatching(/contradict/) });
});
