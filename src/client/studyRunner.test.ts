import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaultExperiment } from '#domain/parameters.ts';
import type { Study } from '#domain/study.ts';
import { dataset, device, FakeWorker, nothingKept, settled } from './fakeWorker.fixtures.ts';
import { parseKeptQueue } from './studyMemory.ts';
import type { KeptQueue } from './studyMemory.ts';
import { TrainingClient } from './trainingClient.ts';

const bn = defaultExperiment();
/** What the worker tells of a run that a reload has cut off. */
const kept = {
  header: {
    kind: 'train',
    finder: undefined,
    origin: undefined,
    forkOf: undefined,
    startedAt: 1,
    dataset: { title: 'Built-in', hash: '' },
    device: { title: 'Test GPU', backend: 'webgpu' },
    version: '0.1.0',
  },
  notes: { name: '', tags: [], note: '' },
  status: 'interrupted',
  epochs: [],
  stepCount: 0,
};
const none = new Float32Array(0);
const noSteps = {
  firstStep: 0,
  losses: none,
  smoothed: none,
  learningRates: none,
  momenta: none,
  elapsedMs: none,
};
const study: Study = {
  id: 's',
  title: 'BN or GN',
  kind: 'train',
  mode: 'queue',
  arms: [bn, { ...bn, norm: 'gn' }],
  seeds: [4],
  finder: undefined,
  question: undefined,
};

describe('a study in the client', () => {
  let worker: FakeWorker;
  let left: string | undefined;
  let client: TrainingClient;

  function open(): TrainingClient {
    const study = {
      open: () => Promise.resolve(left === undefined ? undefined : parseKeptQueue(left)),
      write: (kept: KeptQueue | undefined) => (left = kept && JSON.stringify(kept)),
    };
    const dataset = { read: () => undefined, write: () => undefined };
    const memory = { dataset, study, removals: { read: () => [], write: () => undefined } };
    return new TrainingClient(() => (worker = new FakeWorker()), memory);
  }

  async function makeReady(set = dataset): Promise<void> {
    await worker.answer('start', device);
    await worker.answer('keptRuns', { runs: [] });
    await worker.answer('loadDataset', set);
    await worker.answer('keptData', nothingKept);
  }

  const states = (): string[] => client.getState().queue.entries.map((entry) => entry.state);
  const sent = (name: string): unknown[] => worker.sent.filter((one) => one.name === name);

  beforeEach(async () => {
    vi.useFakeTimers();
    left = undefined;
    client = open();
    await makeReady();
  });
  afterEach(() => vi.useRealTimers());

  it('runs one after another, and a failed run stops nothing', async () => {
    client.startStudy(study);
    expect(sent('train')).toHaveLength(1);
    expect(client.getState().runs[0]).toMatchObject({
      experiment: { norm: 'bn', seed: 4 },
      origin: { studyId: 's', arm: 0 },
    });
    await worker.refuse('train', 'Out of GPU memory.');
    expect(states()).toEqual(['done', 'going']);
    await worker.answer('train', { status: 'diverged' });
    expect(states()).toEqual(['done', 'done']);
    expect(left).toBeUndefined();
  });

  it('waits with the run that was interrupted: its device is failing, or another tab has taken it', async () => {
    client.startStudy(study);
    const runId = client.getState().runs[0]!.id;
    worker.emit({ type: 'run-status', runId, status: 'interrupted', detail: 'The mapping was aborted.' });
    await worker.answer('train', { status: 'interrupted' });
    expect(sent('train')).toHaveLength(1);
    expect(states()).toEqual(['waiting', 'waiting']);
    expect(client.getState().queue.pauseReason).toBe('The mapping was aborted.');
    client.queueActions.resume();
    await settled();
    expect(worker.sent.at(-1)).toMatchObject({ name: 'resumeKept', body: { runId } });
  });

  it('keeps what the others of a race have come to when one is interrupted', async () => {
    client.startStudy({ ...study, mode: 'race' });
    await worker.answer('race', { statuses: ['finished', 'interrupted'] });
    expect(states()).toEqual(['done', 'waiting']);
    expect(client.getState().queue.isPaused).toBe(true);
  });

  describe('an interrupted race', () => {
    let runIds: readonly string[];
    beforeEach(async () => {
      client.startStudy({ ...study, mode: 'race' });
      runIds = client.getState().runs.map(({ id }) => id);
      await worker.answer('race', { statuses: ['interrupted', 'interrupted'] });
      client.queueActions.resume();
      await settled();
    });

    it('goes on in one request', async () => {
      expect(worker.sent.at(-1)).toMatchObject({ name: 'resumeRace', body: { runIds } });
      expect(states()).toEqual(['going', 'going']);
      await worker.answer('resumeRace', { statuses: ['finished', 'diverged'] });
      expect(states()).toEqual(['done', 'done']);
    });

    it('goes on one by one where its runs have no state in common', async () => {
      await worker.refuse('resumeRace', 'No state in common.', 'RequestError', 'no-common-state');
      await settled();
      expect(worker.sent.at(-1)).toMatchObject({ name: 'resumeKept', body: { runId: runIds[0] } });
      expect(client.getState().runs.map(({ status, detail }) => [status, detail])).toEqual([
        ['preparing', undefined],
        ['interrupted', undefined],
      ]);
      expect(parseKeptQueue(left!)?.queue.entries.map(({ isAlone }) => isAlone)).toEqual([true, true]);
      await worker.answer('resumeKept', { status: 'finished' });
      await settled();
      expect(worker.sent.at(-1)).toMatchObject({ name: 'resumeKept', body: { runId: runIds[1] } });
      await worker.answer('resumeKept', { status: 'finished' });
      expect(states()).toEqual(['done', 'done']);
      expect(sent('resumeRace')).toHaveLength(1);
    });

    it('goes on together with those that can, before one that was removed begins anew', async () => {
      client.queueActions.stop();
      await worker.answer('resumeRace', { statuses: ['interrupted', 'interrupted'] });
      client.startStudy({ ...study, id: 't', mode: 'race', arms: [...study.arms, { ...bn, ws: true }] });
      const three = client
        .getState()
        .runs.slice(-3)
        .map(({ id }) => id);
      await worker.answer('race', { statuses: ['interrupted', 'interrupted', 'interrupted'] });
      client.remove([three[0]!]);
      client.queueActions.resume();
      await settled();
      expect(worker.sent.at(-1)).toMatchObject({ name: 'resumeRace', body: { runIds: three.slice(1) } });
      await worker.answer('resumeRace', { statuses: ['finished', 'finished'] });
      await settled();
      expect(worker.sent.at(-1)).toMatchObject({ name: 'train' });
    });

    it('waits and says why when it is refused', async () => {
      await worker.refuse('resumeRace', 'This run is going on in another tab.', 'RequestError', 'elsewhere');
      expect(states()).toEqual(['waiting', 'waiting']);
      expect(client.getState().queue).toMatchObject({
        isPaused: true,
        pauseReason: 'This run is going on in another tab.',
      });
    });
  });

  it('waits for a run that was started alone', async () => {
    client.train(bn);
    client.startStudy(study);
    expect(states()).toEqual(['waiting', 'waiting']);
    await worker.answer('train', { status: 'finished' });
    expect(states()).toEqual(['going', 'waiting']);
  });

  it('waits for the end of a run that was removed while it was going', async () => {
    const removed = client.train(bn);
    client.remove([removed]);
    client.startStudy(study);
    expect(sent('train')).toHaveLength(1);
    await worker.answer('train', { status: 'stopped' });
    client.undoRemove();
    expect(sent('train')).toHaveLength(2);
  });

  it('races all arms of a seed in one request', async () => {
    client.startStudy({ ...study, mode: 'race', seeds: [4, 5] });
    expect(worker.sent.at(-1)).toMatchObject({ name: 'race', body: { starts: { length: 2 } } });
    await worker.answer('race', { statuses: ['finished', 'diverged'] });
    expect(sent('race')).toHaveLength(2);
    expect(client.getState().runs.map((run) => run.status)).toEqual([
      'finished',
      'diverged',
      'preparing',
      'preparing',
    ]);
  });

  it('runs finders with their ramp', () => {
    const finder = { start: 1e-6, end: 1, steps: 200 };
    client.startStudy({ ...study, kind: 'finder', finder });
    expect(worker.sent.at(-1)).toMatchObject({ name: 'findLearningRate', body: { settings: finder } });
  });

  it('pauses and resumes the run that goes, and stops it when it is skipped', async () => {
    client.startStudy(study);
    const runId = client.getState().runs[0]!.id;
    client.queueActions.pause();
    expect(worker.sent.at(-1)).toMatchObject({ name: 'pause', body: { runId } });
    worker.emit({ type: 'run-status', runId, status: 'paused' });
    client.queueActions.resume();
    expect(worker.sent.at(-1)).toMatchObject({ name: 'resume', body: { runId } });
    client.queueActions.skip('s/0/4');
    expect(worker.sent.at(-1)).toMatchObject({ name: 'stop', body: { runId } });
    expect(sent('train')).toHaveLength(1);
    await worker.answer('train', { status: 'stopped' });
    expect(states()).toEqual(['skipped', 'going']);
  });

  it('goes on by itself with the interrupted run after a lost device, and waits after the next', async () => {
    client.startStudy(study);
    const runId = client.getState().runs[0]!.id;
    worker.emit({ type: 'device-lost', message: 'The GPU was lost.' });
    await settled();
    await makeReady();
    await settled();
    expect(worker.sent.at(-1)).toMatchObject({ name: 'resumeKept', body: { runId } });
    expect(client.getState().queue).toMatchObject({ isPaused: false, pauseReason: undefined });

    worker.emit({ type: 'device-lost', message: 'The GPU was lost.' });
    await settled();
    client.restart();
    await makeReady();
    expect(client.getState().queue).toMatchObject({ isPaused: true, pauseReason: 'The GPU was lost.' });
    expect(sent('train')).toEqual([]);
    client.queueActions.resume();
    await settled();
    expect(worker.sent.at(-1)).toMatchObject({ name: 'resumeKept', body: { runId } });
    worker.emit({ type: 'continues', runId, step: 0 });
    await worker.answer('resumeKept', { status: 'finished' });
    expect(states()).toEqual(['done', 'going']);
  });

  describe('while the steps of a run that goes on are read', () => {
    beforeEach(async () => {
      client.startStudy(study);
      const { id } = client.getState().runs[0]!;
      const { experiment, number } = client.getState().runs[0]!;
      client = open();
      await worker.answer('start', device);
      await worker.answer('keptRuns', {
        runs: [{ ...kept, header: { ...kept.header, runId: id, experiment, number } }],
      });
      await worker.answer('loadDataset', dataset);
      await worker.answer('keptData', nothingKept);
      client.queueActions.resume();
    });

    it.each([
      ['stop', ['skipped', 'skipped']],
      ['skip', ['skipped', 'going']],
    ] as const)('%s keeps it from starting', async (action, expected) => {
      client.queueActions[action]('s/0/4');
      await worker.answer('keptSteps', noSteps);
      await settled();
      expect(sent('resumeKept')).toEqual([]);
      expect(states()).toEqual(expected);
    });

    it('a pause holds for it too', async () => {
      client.queueActions.pause();
      await worker.answer('keptSteps', noSteps);
      await settled();
      expect(sent('resumeKept')).toEqual([]);
      expect(states()).toEqual(['waiting', 'waiting']);
      client.queueActions.resume();
      await settled();
      expect(sent('resumeKept')).toHaveLength(1);
    });
  });

  it('offers after a reload what is left, never starts it by itself, and only on its own data', async () => {
    client.startStudy(study);
    await worker.answer('train', { status: 'finished' });
    client = open();
    await makeReady({ ...dataset, hash: '11' });
    expect(states()).toEqual(['done', 'waiting']);
    expect(client.getState().queue.isPaused).toBe(true);
    expect(sent('train')).toEqual([]);
    client.queueActions.resume();
    expect(client.getState().queue.pauseReason).toContain('load that data set');
    void client.data.load({ kind: 'built-in' });
    await worker.answer('loadDataset', dataset);
    await worker.answer('keptData', nothingKept);
    client.queueActions.resume();
    expect(sent('train')).toHaveLength(1);
  });
});

it('tells why the rate of an arm is what it is, and no finder does', async () => {
  const memory = {
    dataset: { read: () => undefined, write: () => undefined },
    study: { open: () => Promise.resolve(undefined), write: () => undefined },
    removals: { read: () => [], write: () => undefined },
  };
  let worker!: FakeWorker;
  const client = new TrainingClient(() => (worker = new FakeWorker()), memory);
  await worker.answer('start', device);
  await worker.answer('keptRuns', { runs: [] });
  await worker.answer('loadDataset', dataset);
  await worker.answer('keptData', nothingKept);
  client.startStudy({ ...study, rateReasons: ['valley'] });
  await worker.answer('train', { status: 'finished' });
  await worker.answer('train', { status: 'finished' });
  expect(client.getState().runs.map(({ rateReason }) => rateReason)).toEqual(['valley', undefined]);
  client.startStudy({
    ...study,
    rateReasons: ['valley'],
    kind: 'finder',
    finder: { start: 1e-7, end: 1, steps: 9 },
  });
  expect(client.getState().runs.at(-1)).not.toHaveProperty('rateReason');
});

describe('a fork in the client', () => {
  let worker: FakeWorker;
  let client: TrainingClient;
  let left: string | undefined;
  beforeEach(async () => {
    vi.useFakeTimers();
    left = undefined;
    const memory = {
      dataset: { read: () => undefined, write: () => undefined },
      study: {
        open: () => Promise.resolve(undefined),
        write: (kept: KeptQueue | undefined) => (left = kept && JSON.stringify(kept)),
      },
      removals: { read: () => [], write: () => undefined },
    };
    client = new TrainingClient(() => (worker = new FakeWorker()), memory);
    await worker.answer('start', device);
    await worker.answer('keptRuns', { runs: [] });
    await worker.answer('loadDataset', dataset);
    await worker.answer('keptData', nothingKept);
  });
  afterEach(() => vi.useRealTimers());

  const sent = (name: string): unknown[] => worker.sent.filter((one) => one.name === name);
  /** The first run of a study, with 100 recorded steps, and all others of it at their end. */
  async function studyDone(change: Partial<Study> = {}): Promise<string> {
    client.startStudy({ ...study, ...change });
    const runId = client.getState().runs[0]!.id;
    const steps = new Float32Array(100);
    const chunk = { ...noSteps, losses: steps, smoothed: steps, learningRates: steps };
    worker.emit({ type: 'steps', runId, chunk: { ...chunk, momenta: steps, elapsedMs: steps } });
    if (change.mode === 'race') await worker.answer('race', { statuses: ['finished', 'finished'] });
    else {
      await worker.answer('train', { status: 'finished' });
      await worker.answer('train', { status: 'finished' });
    }
    return runId;
  }

  it('is an arm of the study of its run while that stands in the queue', async () => {
    const runId = await studyDone();
    client.fork(runId, { ...bn, seed: 4, ws: true }, 40);
    const { queue, runs } = client.getState();
    expect(queue.studies).toHaveLength(1);
    expect(queue.studies[0]).toMatchObject({
      arms: [{ norm: 'bn', ws: false }, { norm: 'gn' }, { norm: 'bn', ws: true }],
      forks: [{ arm: 2, of: { runId, step: 40, number: 1 } }],
    });
    expect(runs.at(-1)).toMatchObject({
      origin: { studyId: 's', arm: 2, question: undefined },
      forkOf: { runId, step: 40, number: 1 },
    });
    expect(worker.sent.at(-1)).toMatchObject({ body: { forkOf: { runId, step: 40, number: 1 } } });
    await worker.answer('train', { status: 'finished' });
    expect(client.getState().queue.entries.map(({ state }) => state)).toEqual(['done', 'done', 'done']);
  });

  it('goes alone, whatever its study is', async () => {
    const runId = await studyDone({ mode: 'race' });
    client.fork(runId, { ...bn, seed: 4, ws: true }, 40);
    client.fork(runId, { ...bn, seed: 4, norm: 'none' }, 40);
    expect(sent('train')).toHaveLength(1);
    expect(client.getState().runs.at(-1)).toMatchObject({ origin: { mode: 'queue' } });
    await worker.answer('train', { status: 'finished' });
    expect(sent('train')).toHaveLength(2);
    expect(sent('race')).toHaveLength(1);
  });

  it('waits behind a run that goes, can be left out, and outlives the page', async () => {
    const first = client.train(bn);
    await worker.answer('train', { status: 'finished' });
    client.train(bn);
    client.fork(first, { ...bn, norm: 'gn' });
    client.fork(first, { ...bn, ws: true });
    expect(sent('train')).toHaveLength(2);
    const { entries, studies } = client.getState().queue;
    expect(entries.map(({ state }) => state)).toEqual(['waiting', 'waiting']);
    expect(studies.map(({ title }) => title)).toEqual(['Fork of run 1', 'Fork of run 1']);
    expect(parseKeptQueue(left!)?.queue).toMatchObject({ entries, studies });
    client.queueActions.skip(entries[0]!.key);
    await worker.answer('train', { status: 'finished' });
    expect(worker.sent.at(-1)).toMatchObject({
      name: 'train',
      body: { start: { experiment: { ws: true } }, forkOf: { runId: first } },
    });
  });

  it('of a run that begins again is an arm of its study too, alone, unless that has it already', async () => {
    const options = { stopRule: { kind: 'images', value: 100 } } as const;
    const runId = await studyDone({ mode: 'race', options });
    expect(client.startAgain(runId, { ...bn, seed: 4, norm: 'gn' })).toBe(false);
    expect(client.startAgain(runId, { ...bn, seed: 4, maxLearningRate: 1e-5 })).toBe(true);
    expect(client.startAgain(runId, { ...bn, seed: 4, maxLearningRate: 1e-5 })).toBe(false);
    expect(client.startAgain(runId, { ...bn, seed: 4, ws: true })).toBe(true);
    const { queue, runs } = client.getState();
    expect(queue.studies[0]!.arms).toHaveLength(4);
    expect(queue.studies[0]).not.toHaveProperty('forks');
    expect(parseKeptQueue(left!)?.queue).toMatchObject({ entries: queue.entries });
    expect(sent('train')).toHaveLength(1);
    expect(runs.at(-1)).toMatchObject({
      origin: { studyId: 's', arm: 2, mode: 'queue', question: undefined },
      options,
      forkOf: undefined,
    });
    expect(worker.sent.at(-1)).toMatchObject({ body: { start: { experiment: { seed: 4 } } } });
    expect(worker.sent.at(-1)).toMatchObject({ body: { forkOf: undefined } });
    await worker.answer('train', { status: 'finished' });
    expect(sent('train')).toHaveLength(2);
    expect(sent('race')).toHaveLength(1);
  });

  it('of a run that begins again outside of a study takes its options along, at once or queued', async () => {
    const options = { stopRule: { kind: 'images', value: 100 } } as const;
    const first = client.train(bn, undefined, { options, rateReason: 'valley' });
    await worker.answer('train', { status: 'diverged' });
    client.startAgain(first, { ...bn, ws: true });
    expect(client.getState().queue.entries).toEqual([]);
    expect(client.getState().runs.at(-1)).toMatchObject({ options, origin: undefined, rateReason: 'valley' });
    client.startAgain(first, { ...bn, norm: 'gn' });
    client.fork(first, { ...bn, norm: 'gn' });
    const { studies, entries } = client.getState().queue;
    expect(studies).toMatchObject([
      { title: 'Run 1 again', options },
      { title: 'Fork of run 1', options },
    ]);
    expect(entries).toMatchObject([{ state: 'waiting', isAgain: true }, { state: 'waiting' }]);
  });

  it('starts at once, of no study, where nothing goes', async () => {
    const runId = client.train(bn);
    await worker.answer('train', { status: 'finished' });
    client.fork(runId, { ...bn, norm: 'gn' });
    expect(client.getState().queue.entries).toEqual([]);
    expect(client.getState().runs.at(-1)).toMatchObject({ origin: undefined, forkOf: { number: 1 } });
  });
});

describe('parseKeptQueue', () => {
  it('refuses runs of arms that its study has not', () => {
    const entry = {
      key: 'k',
      studyId: 's',
      kind: 'train',
      arm: 1,
      experiment: bn,
      state: 'waiting',
    } as const;
    const text = (arm: number): string =>
      JSON.stringify({
        queue: { studies: [study], entries: [{ ...entry, arm }], isPaused: true },
        dataset: { title: '', hash: '' },
      });
    expect(parseKeptQueue(text(1))).toBeDefined();
    expect(parseKeptQueue(text(2))).toBeUndefined();
  });

  it.each(['', '{}', '{"queue":{"studies":[],"entries":[{}],"isPaused":true},"dataset":{}}'])(
    'refuses what is damaged: %s',
    (text) => expect(parseKeptQueue(text)).toBeUndefined(),
  );
});
