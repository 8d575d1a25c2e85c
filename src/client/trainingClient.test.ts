import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaultExperiment } from '#domain/parameters.ts';
import type { WorkerEvent } from '#protocol/messages.ts';
import { dataset, device, FakeWorker, nothingKept, settled } from './fakeWorker.fixtures.ts';
import type { KeptQueue } from './studyMemory.ts';
import { TrainingClient } from './trainingClient.ts';

const finderResult = { stoppedAt: 9, reason: 'completed', suggestions: [], disagree: false };

function chunkOf(firstStep: number, losses: number[]): Extract<WorkerEvent, { type: 'steps' }>['chunk'] {
  const values = Float32Array.from(losses);
  return {
    firstStep,
    losses: values,
    smoothed: values,
    learningRates: values,
    momenta: values,
    elapsedMs: values,
  };
}

describe('TrainingClient', () => {
  let workers: FakeWorker[];
  let client: TrainingClient;
  let remembered: string | undefined;
  let leftStudy: KeptQueue | undefined;
  const worker = (): FakeWorker => workers.at(-1)!;

  async function makeReady(data = dataset): Promise<void> {
    await worker().answer('start', device);
    await worker().answer('loadDataset', data);
    await worker().answer('keptData', nothingKept);
  }

  function start(): TrainingClient {
    return new TrainingClient(
      () => {
        workers.push(new FakeWorker());
        return worker();
      },
      {
        dataset: { read: () => remembered, write: (hash) => (remembered = hash) },
        study: { open: () => Promise.resolve(leftStudy), write: (left) => (leftStudy = left) },
        removals: { read: () => [], write: () => undefined },
      },
    );
  }

  beforeEach(() => {
    vi.useFakeTimers();
    workers = [];
    remembered = undefined;
    leftStudy = undefined;
    client = start();
  });
  afterEach(() => vi.useRealTimers());

  it('starts the device and, beside it, the built-in data set', async () => {
    expect(client.getState().connection.status).toBe('starting');
    await makeReady();
    expect(client.getState().connection).toEqual({ status: 'ready', device });
    expect(client.getState().dataset).toEqual({ info: dataset, kept: nothingKept });
    expect(worker().sent.map((message) => message.name)).toEqual([
      'start',
      'keptRuns',
      'loadDataset',
      'keptData',
    ]);
  });

  it('says why nothing can train, and still loads data to look at', async () => {
    await worker().refuse('start', 'This browser has neither WebGPU nor WebGL.');
    expect(client.getState().connection).toEqual({
      status: 'unsupported',
      message: 'This browser has neither WebGPU nor WebGL.',
      code: undefined,
    });
    await worker().answer('loadDataset', dataset);
    expect(client.getState().dataset.info).toEqual(dataset);
  });

  it('keeps the data set in use when another one is refused', async () => {
    await makeReady();
    const loading = client.data.load({ kind: 'files', files: [] });
    worker().emit({ type: 'dataset-progress', stage: 'Reading', done: 1, total: 4 });
    expect(client.getState().dataset.loading).toMatchObject({ stage: 'Reading', done: 1, total: 4 });
    await worker().refuse('loadDataset', 'This is a web page, not an archive.');
    await worker().answer('keptData', nothingKept);
    await loading;
    expect(client.getState().dataset).toEqual({
      info: dataset,
      error: 'This is a web page, not an archive.',
      kept: nothingKept,
    });
  });

  describe('with a data set that is kept', () => {
    const hash = 'ab'.repeat(32);
    const own = { ...dataset, id: 'images:1', title: 'Pets', hash };
    const kept = { ...nothingKept, datasets: [{ info: own, savedAt: 1, byteLength: 10 }] };

    async function useOwn(): Promise<void> {
      await makeReady();
      const loading = client.data.load({ kind: 'download' });
      await worker().answer('loadDataset', own);
      await worker().answer('keptData', kept);
      await loading;
    }

    it('brings it back in the next visit and in a new worker', async () => {
      await useOwn();
      expect(remembered).toBe(hash);
      client.restart();
      expect(worker().sent.at(-1)).toMatchObject({ body: { source: { kind: 'stored', hash } } });
      client = start();
      expect(worker().sent.at(-1)).toMatchObject({ body: { source: { kind: 'stored', hash } } });
    });

    it('says why when it is gone, and uses the built-in set', async () => {
      remembered = hash;
      client = start();
      await worker().refuse('loadDataset', 'It is no longer saved.');
      await worker().answer('keptData', nothingKept);
      await makeReady();
      expect(client.getState().dataset).toMatchObject({
        info: dataset,
        error: 'It is no longer saved. Built-in is in use instead.',
      });
      expect(remembered).toBeUndefined();
    });

    it('forgets it when it is removed, but goes on using it', async () => {
      await useOwn();
      const removing = client.data.remove(hash);
      await worker().answer('removeData', nothingKept);
      await removing;
      expect(remembered).toBeUndefined();
      expect(client.getState().dataset).toMatchObject({ info: own, kept: nothingKept });
      client.restart();
      expect(worker().sent.at(-1)).toMatchObject({ body: { source: { kind: 'built-in' } } });
    });
  });

  it('shows a cancelled download as no error, and never repeats one by itself', async () => {
    await makeReady();
    const cancelled = client.data.load({ kind: 'download' });
    worker().emit({ type: 'dataset-progress', stage: 'Downloading', done: 5, total: 9, bytesPerSecond: 2 });
    client.data.cancel();
    expect(client.getState().dataset.loading).toMatchObject({ isCancelling: true, bytesPerSecond: 2 });
    expect(worker().sent.at(-1)?.name).toBe('cancelLoading');
    await worker().refuse('loadDataset', 'Loading was cancelled.', 'AbortError');
    await worker().answer('keptData', { ...nothingKept, download: { done: 5, total: 9 } });
    await cancelled;
    expect(client.getState().dataset).toMatchObject({ error: undefined, kept: { download: { done: 5 } } });

    const unkept = client.data.load({ kind: 'download' });
    await worker().answer('loadDataset', { ...dataset, hash: '11' });
    await worker().answer('keptData', nothingKept);
    await unkept;
    client.restart();
    expect(worker().sent.at(-1)).toMatchObject({ body: { source: { kind: 'built-in' } } });
  });

  it('follows a run to its end', async () => {
    await makeReady();
    const id = client.train(defaultExperiment());
    worker().emit({ type: 'run-status', runId: id, status: 'running' });
    worker().emit({ type: 'steps', runId: id, chunk: chunkOf(0, [2, 1]) });
    const row = { epoch: 0, step: 2, trainLoss: 1, validLoss: 1.5, accuracy: 0.5, milliseconds: 10 };
    worker().emit({ type: 'epoch', runId: id, row });
    await worker().answer('train', { status: 'finished' });
    const [run] = client.getState().runs;
    expect(run).toMatchObject({ id, number: 1, kind: 'train', status: 'finished', epochs: [row] });
    expect([...run!.metrics.series('losses')]).toEqual([2, 1]);
  });

  it('keeps one difference to each other run of a race for an epoch, the last that came', async () => {
    await makeReady();
    const id = client.train(defaultExperiment());
    const paired = (epoch: number, baselineRunId: string, mean: number): void =>
      worker().emit({
        type: 'paired-validation',
        runId: id,
        epoch,
        baselineRunId,
        mean,
        standardError: 0.1,
      });
    paired(0, 'a', 1);
    paired(0, 'b', 2);
    paired(1, 'a', 3);
    paired(1, 'b', 4);
    // The first epoch is computed again.
    paired(0, 'a', 5);
    paired(0, 'b', 6);
    const [run] = client.getState().runs;
    expect(run!.kind === 'train' && run!.paired.map(({ epoch, mean }) => [epoch, mean])).toEqual([
      [0, 5],
      [0, 6],
    ]);
  });

  it('keeps a loss that is not a number', async () => {
    await makeReady();
    const id = client.train(defaultExperiment());
    worker().emit({
      type: 'diverged',
      runId: id,
      divergence: { step: 3, loss: Number.NaN, learningRate: 1, reason: 'not-finite' },
    });
    expect(client.getState().runs[0]).toMatchObject({ divergence: { step: 3, loss: Number.NaN } });
    expect(client.getState().connection.status).toBe('ready');
  });

  it('announces steps at most every quarter of a second, and none is lost', async () => {
    await makeReady();
    const id = client.train(defaultExperiment());
    const listener = vi.fn<() => void>();
    client.subscribe(listener);
    for (let step = 0; step < 1_000; step++) {
      worker().emit({ type: 'steps', runId: id, chunk: chunkOf(step, [step]) });
      vi.advanceTimersByTime(1);
    }
    vi.advanceTimersByTime(250);
    expect(listener.mock.calls.length).toBeLessThanOrEqual(5);
    expect(client.getState().metricsVersion).toBe(listener.mock.calls.length);
    expect(client.getState().runs[0]!.metrics.count).toBe(1_000);
  });

  it('shows how far the preparation is, and not more often than charts are drawn', async () => {
    await makeReady();
    const id = client.train(defaultExperiment());
    let calls = 0;
    client.subscribe(() => (calls += 1));
    for (let done = 1; done <= 40; done++) {
      worker().emit({ type: 'preparing', runId: id, stage: 'compiling kernels', done, total: 40 });
    }
    expect(calls).toBe(0);
    vi.advanceTimersByTime(250);
    expect(calls).toBe(1);
    expect(client.getState().runs[0]!.preparation).toEqual({
      stage: 'compiling kernels',
      done: 40,
      total: 40,
    });
  });

  it('drops messages of runs that it does not know', async () => {
    await makeReady();
    const before = client.getState();
    worker().emit({ type: 'steps', runId: 'nobody', chunk: chunkOf(0, [1]) });
    worker().emit({ type: 'run-status', runId: 'nobody', status: 'failed' });
    worker().emit({ type: 'validating', runId: 'nobody', done: 1, total: 2 });
    expect(client.getState().runs).toEqual(before.runs);
    const id = client.train(defaultExperiment());
    client.remove([id]);
    expect(worker().sent.at(-1)).toMatchObject({ name: 'stop', body: { runId: id } });
    worker().emit({ type: 'run-status', runId: id, status: 'stopped' });
    expect(client.getState().runs).toEqual([]);
  });

  it('shows at once what was asked, until the worker confirms', async () => {
    await makeReady();
    const id = client.train(defaultExperiment());
    client.pause(id);
    expect(client.getState().runs[0]!.asked).toBe('pause');
    worker().emit({ type: 'run-status', runId: id, status: 'paused' });
    expect(client.getState().runs[0]).toMatchObject({ asked: undefined, status: 'paused' });
  });

  it('ends a finder with its result', async () => {
    await makeReady();
    client.findLearningRate(defaultExperiment(), { start: 1e-7, end: 10, steps: 10 });
    await worker().answer('findLearningRate', finderResult);
    expect(client.getState().runs[0]).toMatchObject({
      kind: 'finder',
      status: 'finished',
      result: finderResult,
    });
  });

  it('asks for the next run when the worker has written the one that is over', async () => {
    await makeReady();
    const first = client.train(defaultExperiment());
    worker().emit({ type: 'run-status', runId: first, status: 'finished' });
    const second = client.train(defaultExperiment());
    const asked = (): unknown[] => worker().sent.filter(({ name }) => name === 'train');
    await settled();
    expect(asked()).toHaveLength(1);
    expect(client.getState().runs[1]).toMatchObject({ id: second, status: 'preparing' });
    await worker().answer('train', { status: 'finished' });
    expect(asked()).toHaveLength(2);
  });

  it('keeps a failed run with its reason', async () => {
    await makeReady();
    client.train(defaultExperiment());
    await worker().refuse('train', 'Out of GPU memory.');
    expect(client.getState().runs[0]).toMatchObject({ status: 'failed', detail: 'Out of GPU memory.' });
  });

  it('interrupts runs and shows the failure when the worker dies, and recovers by a restart', async () => {
    await makeReady();
    client.train(defaultExperiment());
    const samples = client.data.sampleImages({ half: 'train', offset: 0, count: 1, label: undefined });
    const first = worker();
    first.die('The training worker stopped: out of memory');
    await expect(samples).rejects.toThrow('out of memory');
    await settled();
    expect(first.isTerminated).toBe(true);
    expect(client.getState().connection).toMatchObject({ status: 'failed' });
    expect(client.getState().runs[0]).toMatchObject({
      status: 'interrupted',
      detail: expect.stringContaining('memory'),
    });

    client.restart();
    expect(workers).toHaveLength(2);
    first.emit({ type: 'device-lost', message: 'late' });
    await makeReady();
    expect(client.getState().connection.status).toBe('ready');
    expect(client.getState().runs).toHaveLength(1);
  });

  it('starts again by itself after the first lost device, and asks after the next', async () => {
    await makeReady();
    client.train(defaultExperiment());
    worker().emit({ type: 'device-lost', message: 'The GPU was lost.' });
    await settled();
    expect(workers).toHaveLength(2);
    expect(client.getState().connection.status).toBe('starting');
    expect(client.getState().runs[0]).toMatchObject({ status: 'interrupted', detail: 'The GPU was lost.' });
    await makeReady();
    vi.advanceTimersByTime(60_000);
    worker().emit({ type: 'device-lost', message: 'The GPU was lost.' });
    await settled();
    expect(workers).toHaveLength(2);
    expect(client.getState().connection).toEqual({
      status: 'failed',
      message: 'The GPU was lost.',
      blockedUntil: Date.now() + 120_000,
    });
  });

  describe('after the first lost device', () => {
    /** Loses the device, and lets a new worker have everything that the old one had. */
    async function loseDevice(data = dataset): Promise<void> {
      worker().emit({ type: 'device-lost', message: 'The GPU was lost.' });
      await settled();
      await makeReady(data);
      await worker().answer('keptRuns', { runs: [] });
      await settled();
    }
    const resumed = (): unknown[] => worker().sent.filter(({ name }) => name === 'resumeKept');

    it('goes on by itself with the run that was going, and after the next one waits', async () => {
      await makeReady();
      const id = client.train(defaultExperiment());
      worker().emit({ type: 'run-status', runId: id, status: 'interrupted', detail: 'The GPU was lost.' });
      await loseDevice();
      expect(resumed()).toMatchObject([{ body: { runId: id } }]);
      expect(client.getState().runs[0]).toMatchObject({ status: 'preparing', detail: undefined });
      worker().emit({ type: 'device-lost', message: 'The GPU was lost again.' });
      await settled();
      client.restart();
      await makeReady();
      await worker().answer('keptRuns', { runs: [] });
      expect(resumed()).toEqual([]);
      expect(client.getState().runs[0]).toMatchObject({ status: 'interrupted' });
    });

    it.each([
      ['other data are in use', { ...dataset, hash: 'ff' }, undefined],
      ['it was not kept', dataset, 'Not saved: the storage is full.'],
    ])('leaves the run to the user when %s', async (_, data, notKept) => {
      await makeReady();
      const id = client.train(defaultExperiment());
      if (notKept) worker().emit({ type: 'not-kept', runId: id, message: notKept });
      await loseDevice(data);
      expect(resumed()).toEqual([]);
      expect(client.getState().runs[0]).toMatchObject({ status: 'interrupted', detail: 'The GPU was lost.' });
    });

    it('starts nothing when nothing was going', async () => {
      await makeReady();
      await loseDevice();
      expect(worker().sent.some(({ name }) => /train|resumeKept|race|find/.test(name))).toBe(false);
    });
  });

  it('says until when the browser refuses the GPU, when the new worker finds none after a loss', async () => {
    await makeReady();
    worker().emit({ type: 'device-lost', message: 'The GPU was lost.' });
    await worker().refuse('start', 'There is no adapter.');
    expect(client.getState().connection).toEqual({
      status: 'failed',
      message: 'There is no adapter.',
      blockedUntil: Date.now() + 120_000,
    });
  });

  it('continues a run once, however often it is asked to', async () => {
    await makeReady();
    const id = client.train(defaultExperiment());
    await worker().answer('train', { status: 'stopped' });
    void client.resumeKept(id);
    await worker().answer('keptRuns', { runs: [] });
    await settled();
    void client.resumeKept(id);
    await worker().answer('keptRuns', { runs: [] });
    await settled();
    expect(worker().sent.filter(({ name }) => name === 'resumeKept')).toHaveLength(1);
  });

  it('forks a diverged run from before the step that broke the rule', async () => {
    await makeReady();
    const id = client.train(defaultExperiment());
    const divergence = { step: 7, loss: Number.NaN, learningRate: 1, reason: 'not-finite' } as const;
    worker().emit({ type: 'diverged', runId: id, divergence });
    await worker().answer('train', { status: 'diverged' });
    client.fork(id, defaultExperiment());
    expect(worker().sent.at(-1)).toMatchObject({ name: 'train', body: { forkOf: { runId: id, step: 6 } } });
  });

  it('leaves a run that the worker refuses to continue as it was, and says why', async () => {
    await makeReady();
    const id = client.train(defaultExperiment());
    await worker().answer('train', { status: 'stopped' });
    const resuming = client.resumeKept(id);
    await worker().answer('keptRuns', { runs: [] });
    await settled();
    await worker().refuse('resumeKept', 'This run trains on “Pets”; load that data set.', 'RequestError');
    await resuming;
    expect(client.getState().runs[0]).toMatchObject({
      status: 'stopped',
      detail: 'This run trains on “Pets”; load that data set.',
    });
  });

  it('does not go on with WebGL while the browser blocks the GPU that was lost', async () => {
    await makeReady();
    worker().emit({ type: 'device-lost', message: 'The GPU was lost.' });
    await worker().answer('start', { ...device, backend: 'webgl', reason: 'There is no adapter.' });
    const blockedUntil = Date.now() + 120_000;
    expect(client.getState().connection).toEqual({
      status: 'failed',
      message: 'There is no adapter.',
      blockedUntil,
    });
    vi.advanceTimersByTime(120_000);
    client.restart();
    await worker().answer('start', { ...device, backend: 'webgl' });
    expect(client.getState().connection).toMatchObject({ status: 'ready', device: { backend: 'webgl' } });
  });

  it('passes single steps and options of runs on', async () => {
    await makeReady();
    const options = { stopRule: { kind: 'images', value: 100 } } as const;
    const id = client.train(defaultExperiment(), undefined, { options });
    expect(worker().sent.at(-1)).toMatchObject({ name: 'train', body: { start: { options } } });
    expect(client.getState().runs[0]).toMatchObject({ options });
    client.step(id);
    expect(worker().sent.at(-1)).toMatchObject({ name: 'step', body: { runId: id } });
    expect(client.getState().runs[0]!.asked).toBe('step');
  });

  it('records probes and hidden time, and forgets probes that a run goes back behind', async () => {
    await makeReady();
    const runId = client.train(defaultExperiment());
    const probe = (step: number) => ({ step, count: 1000, validLoss: 1, accuracy: 0.5 });
    for (const step of [100, 200]) worker().emit({ type: 'probe', runId, row: probe(step) });
    worker().emit({ type: 'hidden', runId, span: { fromMs: 1, toMs: 2 } });
    expect(client.getState().runs[0]).toMatchObject({
      probes: [probe(100), probe(200)],
      hidden: [{ fromMs: 1, toMs: 2 }],
    });
    worker().emit({ type: 'continues', runId, step: 150 });
    expect(client.getState().runs[0]).toMatchObject({ probes: [probe(100)] });
  });

  it('tells a worker that starts while the page is hidden', async () => {
    await makeReady();
    client.pageHidden(true);
    client.restart();
    expect(worker().sent.find(({ name }) => name === 'pageHidden')).toMatchObject({
      body: { isHidden: true },
    });
  });

  it('keeps the state of what is going when the page is hidden', async () => {
    await makeReady();
    const id = client.train(defaultExperiment());
    client.pageHidden(true);
    expect(worker().sent.at(-1)).toMatchObject({ name: 'saveState', body: { runId: id } });
  });

  it.each([
    ['no message', 'hello'],
    ['an unknown type', { type: 'surprise' }],
    [
      'an event of wrong shape',
      { type: 'event', event: { type: 'run-status', runId: 1, status: 'running' } },
    ],
    ['an unknown status', { type: 'event', event: { type: 'run-status', runId: 'a', status: 'dancing' } }],
    [
      'series of unequal length',
      {
        type: 'event',
        event: { type: 'steps', runId: 'a', chunk: { ...chunkOf(0, [1]), losses: new Float32Array(2) } },
      },
    ],
  ])('fails visibly on %s', async (_, data) => {
    await makeReady();
    worker().post(data);
    expect(client.getState().connection).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('unexpected'),
    });
  });

  it('fails visibly on an answer of wrong shape', async () => {
    await worker().answer('start', { backend: 'abacus' });
    expect(client.getState().connection).toMatchObject({ status: 'failed' });
  });
});
