import { describe, expect, test, vi } from 'vitest';
import type { BenchmarkOptions } from '#domain/benchmark.ts';
import type { Dataset } from '#domain/dataset.ts';
import { fakeDataset, fakeStartWeights } from '#testing/fakeEngine.ts';
import { Page, start, training, wireOf } from '#testing/workerPage.ts';
import { Dispatcher } from './dispatch.ts';
import { WebRunLocks } from './runLocks.ts';
import { UnsupportedError } from './trainingDevice.ts';

const settings = { start: 1e-4, end: 10, steps: 20 };

class DeviceLostError extends Error {
  override readonly name = 'DeviceLostError';
}

const measured: BenchmarkOptions = {
  width: 8,
  batch: 2,
  arms: [{ norm: 'bn', ws: false }],
  stockArms: [{ norm: 'bn', ws: false }],
};

const unused = (): Promise<never> => Promise.reject(new Error('not in this test'));

describe('Dispatcher', () => {
  test('starts, loads, trains and answers with the end of the run', async () => {
    const page = await new Page().ready();
    expect(await page.request('train', training('a'))).toEqual({ status: 'finished' });
    expect(page.statuses().filter((entry) => entry !== 'steps')).toEqual([
      'preparing',
      'not-kept',
      'run-plan',
      // The event of a compiled kernel.
      'preparing',
      'running',
      'validating',
      'validating',
      'epoch',
      'validating',
      'validating',
      'epoch',
      'finished',
    ]);
    const losses = page.events.flatMap((event) =>
      event.type === 'steps' ? Array.from(event.chunk.losses) : [],
    );
    expect(losses).toHaveLength(12);
    expect(losses.every((loss) => loss > 0)).toBe(true);
  });

  test('opens the device once', async () => {
    const page = await new Page().ready();
    expect((await page.request('start', {})).title).toBe('Fake');
    await page.request('train', training('a'));
    expect(page.startCount).toBe(1);
  });

  test('says with a code why there is no device, and tries again', async () => {
    const page = new Page();
    const { startDevice } = page;
    page.startDevice = () =>
      Promise.reject(new UnsupportedError('no-adapter', 'Nothing can train here.', new Error('none')));
    expect(await wireOf(page.request('start', {}))).toMatchObject({
      name: 'UnsupportedError',
      code: 'no-adapter',
      sentence: 'Nothing can train here.',
    });
    // Data can be looked at without a device.
    expect(await page.request('loadDataset', { source: { kind: 'built-in' } })).toMatchObject({
      trainCount: 100,
    });
    page.startDevice = startDevice;
    expect((await page.request('start', {})).title).toBe('Fake');
  });

  test('runs a finder: curve, result as event and as answer', async () => {
    const page = await new Page().ready();
    const result = await page.request('findLearningRate', { start: start('f'), settings });
    expect(result).toMatchObject({ reason: 'completed', stoppedAt: 19 });
    expect(page.events.at(-1)).toEqual({ type: 'finder-done', runId: 'f', result });
    expect(page.statuses()).toContain('finished');
  });

  test('controls the run that is named, and no other', async () => {
    const page = await new Page().ready();
    let asked = false;
    page.onEvent = (event) => {
      if (event.type === 'run-status' && event.status === 'running' && !asked) {
        asked = true;
        void page.request('stop', { runId: 'other' });
        void page.request('pause', { runId: 'a' });
      }
      if (event.type === 'run-status' && event.status === 'paused')
        void page.request('resume', { runId: 'a' });
      if (event.type === 'epoch') void page.request('stop', { runId: 'a' });
    };
    expect(await page.request('train', training('a'))).toEqual({ status: 'stopped' });
    expect(page.statuses()).toContain('paused');
    expect(page.statuses().filter((entry) => entry === 'epoch')).toHaveLength(1);
    expect(await page.request('stop', { runId: 'a' })).toEqual({});
  });

  test('refuses a second run, and other data, while one is going', async () => {
    const page = await new Page().ready();
    const first = page.request('train', training('a'));
    await Promise.resolve();
    expect((await wireOf(page.request('train', training('b')))).sentence).toContain('Another run');
    expect((await wireOf(page.request('loadDataset', { source: { kind: 'built-in' } }))).sentence).toBe(
      'A run is going on; wait for its end or stop it to change the data.',
    );
    expect(await first).toEqual({ status: 'finished' });
    expect(page.events.some((event) => 'runId' in event && event.runId === 'b')).toBe(false);
  });

  test('measures, tells how far it is and refuses runs meanwhile', async () => {
    const page = new Page();
    let end = (): void => undefined;
    page.measure = async ({ width, batch, arms }, { onProgress }) => {
      onProgress?.({ system: 'NormLab', stage: 'timing', arms, done: 1, total: 20 });
      await new Promise<void>((resolve) => {
        end = resolve;
      });
      return { adapter: 'Fake', width, batch, rows: [] };
    };
    await page.ready();
    const report = page.request('benchmark', measured);
    await vi.waitFor(() => expect(page.statuses()).toContain('benchmark-progress'));
    expect((await wireOf(page.request('train', training('a')))).sentence).toBe(
      'The GPU is being measured; wait for the end of that or cancel it.',
    );
    expect((await wireOf(page.request('benchmark', measured))).sentence).toContain('already');
    end();
    expect(await report).toEqual({ adapter: 'Fake', width: 8, batch: 2, rows: [] });
    expect(await page.request('train', training('b'))).toEqual({ status: 'finished' });
  });

  test('refuses to measure while a run is going, and on WebGL', async () => {
    const page = new Page();
    page.measure = unused;
    await page.ready();
    const run = page.request('train', training('a'));
    await Promise.resolve();
    expect((await wireOf(page.request('benchmark', measured))).sentence).toBe(
      'A run is going on; wait for its end or stop it to measure the GPU.',
    );
    await run;
    const other = await new Page().ready();
    expect((await wireOf(other.request('benchmark', measured))).sentence).toContain('Only WebGPU');
  });

  test('passes on what is to be left out of a measurement', async () => {
    const page = new Page();
    let isMeasuring = false;
    page.measure = (_options, { signal, skipStock }) =>
      new Promise((_resolve, reject) => {
        isMeasuring = true;
        skipStock!.addEventListener('abort', () => {
          expect(signal!.aborted).toBe(false);
          void page.request('skipBenchmark', { part: 'all' });
        });
        signal!.addEventListener('abort', () => reject(signal!.reason as Error));
      });
    await page.ready();
    const report = wireOf(page.request('benchmark', measured));
    await vi.waitFor(() => expect(isMeasuring).toBe(true));
    await page.request('skipBenchmark', { part: 'stock' });
    expect((await report).name).toBe('AbortError');
    // Nothing is going on any more, and that is no error.
    expect(await page.request('skipBenchmark', { part: 'all' })).toEqual({});
  });

  test('refuses settings that do not fit the data, in a sentence', async () => {
    const page = await new Page().ready();
    const wire = await wireOf(page.request('train', training('a', { batchSize: 512 })));
    expect(wire).toMatchObject({
      name: 'SetupError',
      sentence: 'Batch size 512 is larger than the 100 training images.',
    });
    expect(page.events).toEqual([]);
  });

  test('refuses to train or to show samples without data', async () => {
    const page = new Page();
    await page.request('start', {});
    expect((await wireOf(page.request('train', training('a')))).sentence).toBe('No data set is loaded yet.');
    const samples = page.request('sampleImages', { half: 'train', offset: 0, count: 4, label: undefined });
    expect((await wireOf(samples)).name).toBe('RequestError');
  });

  test('keeps the data in use when others cannot be read', async () => {
    const page = await new Page().ready();
    page.load = () => Promise.reject(new Error('The archive ends in the middle of a file.'));
    expect((await wireOf(page.request('loadDataset', { source: { kind: 'built-in' } }))).sentence).toBe(
      'The archive ends in the middle of a file.',
    );
    const samples = await page.request('sampleImages', { half: 'valid', offset: 0, count: 4, label: 3 });
    expect(samples).toMatchObject({ width: 32, height: 32, labels: [3, 3, 3, 3] });
    expect(samples.pixels).toHaveLength(4 * 32 * 32 * 4);
  });

  test('reports the progress of loading at most ten times a second, and its end', async () => {
    const page = new Page();
    page.load = async (_source, { onProgress }) => {
      for (let done = 0; done <= 1000; done++) {
        page.clock.advance(1);
        onProgress?.({ stage: 'Reading', done, total: 1000 });
      }
      return fakeDataset(10, 10);
    };
    await page.request('loadDataset', { source: { kind: 'built-in' } });
    expect(page.events.length).toBeLessThanOrEqual(12);
    expect(page.events.at(-1)).toEqual({
      type: 'dataset-progress',
      stage: 'Reading',
      done: 1000,
      total: 1000,
    });
  });

  test('loads one data set at a time', async () => {
    const page = await new Page().ready();
    let finish: (dataset: Dataset) => void = () => undefined;
    page.load = () => new Promise((resolve) => (finish = resolve));
    const first = page.request('loadDataset', { source: { kind: 'built-in' } });
    expect((await wireOf(page.request('loadDataset', { source: { kind: 'built-in' } }))).sentence).toContain(
      'already',
    );
    expect((await wireOf(page.request('train', training('a')))).sentence).toContain('being loaded');
    finish(fakeDataset(30, 10));
    expect((await first).trainCount).toBe(30);
  });

  test('cancels the loading that goes on, and keeps the data in use', async () => {
    const page = await new Page().ready();
    page.load = (_source, { signal }) =>
      new Promise((_resolve, reject) => {
        signal!.addEventListener('abort', () =>
          reject(new DOMException('Loading was cancelled.', 'AbortError')),
        );
      });
    const loading = page.request('loadDataset', { source: { kind: 'download' } });
    await page.request('cancelLoading', {});
    expect(await wireOf(loading)).toMatchObject({ name: 'AbortError', sentence: 'Loading was cancelled.' });
    expect((await page.request('datasetStatistics', {})).train.histogram).toHaveLength(10);
    await page.request('cancelLoading', {});
  });

  test('lists and removes what is kept', async () => {
    const page = new Page();
    const { info } = fakeDataset(10, 10);
    const hash = 'a'.repeat(64);
    page.kept = [{ ...info, hash }];
    expect((await page.request('keptData', {})).datasets).toMatchObject([{ info: { hash } }]);
    expect(await page.request('removeData', { hash })).toMatchObject({
      datasets: [],
      usage: { datasetBytes: 10 },
    });
  });

  test('shows the data in numbers and as augmentation changes them', async () => {
    const page = await new Page().ready();
    const { valid } = await page.request('datasetStatistics', {});
    expect(valid.histogram).toEqual(Array.from({ length: 10 }, () => 4));
    const { pixels, labels } = await page.request('augmentedImages', {
      seed: 1,
      offset: 0,
      count: 2,
      variants: 3,
    });
    expect([pixels.length, labels]).toEqual([8 * 4096, [0, 0, 0, 0, 1, 1, 1, 1]]);
  });

  test('a device lost during a run ends the run first, then says so once, then refuses to train', async () => {
    const lost = new DeviceLostError('The GPU was lost (unknown): crash');
    const page: Page = new Page({
      engine: {
        beforeStep: (step) => {
          if (step !== 5) return;
          page.failDevice(lost);
          throw lost;
        },
      },
    });
    await page.ready();
    expect(await page.request('train', training('a'))).toEqual({ status: 'interrupted' });
    expect(page.events.slice(-2)).toEqual([
      { type: 'run-status', runId: 'a', status: 'interrupted', detail: lost.message },
      { type: 'device-lost', message: lost.message },
    ]);
    expect((await wireOf(page.request('train', training('b')))).sentence).toBe(
      'The GPU was lost (unknown): crash Restart the training worker to go on.',
    );
    expect(page.events.filter(({ type }) => type === 'device-lost')).toHaveLength(1);
  });

  test('a device lost between runs is reported at once', async () => {
    const page = await new Page().ready();
    page.failDevice(new DeviceLostError('The GPU was lost.'));
    expect(page.events).toEqual([{ type: 'device-lost', message: 'The GPU was lost.' }]);
  });

  test('reports memory, which is none between runs', async () => {
    const page = await new Page().ready();
    expect(await page.request('memory', {})).toEqual({ gpuBytes: 0, objects: 0 });
  });

  test('answers requests that it refuses, and survives what is no request', async () => {
    const page = new Page();
    const refused = await page.post({ type: 'request', id: 9, name: 'format', body: {} });
    expect(refused).toMatchObject({ ok: false, error: { name: 'ProtocolError' } });
    const report = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const dispatcher = new Dispatcher({
      post: () => expect.unreachable('nothing to answer'),
      startDevice: () => Promise.reject(new Error('not in this test')),
      library: {
        load: unused,
        list: unused,
        remove: unused,
        usage: unused,
        downloadState: unused,
        discardDownload: unused,
      },
      openStore: unused,
      locks: new WebRunLocks(undefined),
      startWeights: (_network, _norm, seed) => fakeStartWeights(seed),
      clock: () => 0,
      now: () => 0,
    });
    await dispatcher.receive('hello');
    expect(report).toHaveBeenCalledOnce();
    report.mockRestore();
  });
});
