import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KeptRun } from '#domain/keptRun.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import type { StepChunk } from '#domain/run.ts';
import { FakeWorker, settled } from './fakeWorker.fixtures.ts';
import { KeptRuns, UNDO_MS } from './keptRuns.ts';
import type { PendingRemoval, RemovalMemory } from './removalMemory.ts';
import { recordOfKept } from './runRecord.ts';
import { Runs } from './runs.ts';
import { WorkerLink } from './workerLink.ts';

function kept(runId: string, number: number): KeptRun {
  return {
    header: {
      runId,
      number,
      experiment: defaultExperiment(),
      origin: undefined,
      kind: 'train',
      finder: undefined,
      forkOf: undefined,
      startedAt: number,
      dataset: { title: 'Built-in', hash: 'ab'.repeat(32) },
      device: { title: 'Test GPU', backend: 'webgpu' },
      version: '0.1.0',
    },
    notes: { name: '', tags: [], note: '' },
    status: 'finished',
    detail: undefined,
    plan: undefined,
    epochs: [],
    divergence: undefined,
    layers: undefined,
    result: undefined,
    stepCount: 3,
    checkpointStep: undefined,
  };
}

const values = Float32Array.of(3, 2, 1);
const steps: StepChunk = {
  firstStep: 0,
  losses: values,
  smoothed: values,
  learningRates: values,
  momenta: values,
  elapsedMs: values,
};

describe('KeptRuns', () => {
  let worker: FakeWorker;
  let runs: Runs;
  let keptRuns: KeptRuns;
  let pending: readonly PendingRemoval[];
  const removals: RemovalMemory = {
    read: () => pending,
    write: (list) => (pending = list),
  };

  beforeEach(async () => {
    vi.useFakeTimers();
    worker = new FakeWorker();
    const link = new WorkerLink(worker, { event: () => undefined, lost: () => undefined });
    runs = new Runs(() => undefined);
    pending = [];
    keptRuns = new KeptRuns(runs, () => link, { removals, changed: () => undefined });
    const reading = keptRuns.begin(link);
    await worker.answer('keptRuns', { runs: [kept('a', 1), kept('b', 4)] });
    await reading;
  });
  afterEach(() => vi.useRealTimers());

  const ids = (): string[] => runs.state.runs.map((run) => run.id);
  const sent = (name: string): unknown[] => worker.sent.filter((one) => one.name === name);

  it('reads again what another tab has recorded of a run since, before it goes on', async () => {
    const preparing = keptRuns.prepare('a');
    const row = { epoch: 0, step: 4, trainLoss: 1, validLoss: 1, accuracy: 1, milliseconds: 1 };
    await worker.answer('keptRuns', {
      runs: [{ ...kept('a', 1), stepCount: 4, epochs: [row], checkpointStep: 4 }],
    });
    await worker.answer('keptSteps', steps);
    await preparing;
    expect(runs.get('a')).toMatchObject({ stepsLoaded: 'loaded', epochs: [row], checkpointStep: 4 });
  });

  it('keeps what it has of a run when no other tab went on with it', async () => {
    const preparing = keptRuns.prepare('a');
    await worker.answer('keptRuns', { runs: [{ ...kept('a', 1), checkpointStep: 9 }] });
    await worker.answer('keptSteps', steps);
    await preparing;
    expect(runs.get('a')).toMatchObject({ stepsLoaded: 'loaded', checkpointStep: undefined });
  });

  it('sees that another tab has ended a run', async () => {
    runs.add([recordOfKept({ ...kept('c', 9), status: 'running', isElsewhere: true })]);
    const preparing = keptRuns.prepare('c');
    await worker.answer('keptRuns', { runs: [kept('c', 9)] });
    await worker.answer('keptSteps', steps);
    await preparing;
    expect(runs.get('c')).toMatchObject({ status: 'finished', detail: undefined, stepsLoaded: 'loaded' });
  });

  it('knows the runs of earlier visits, and numbers go on from theirs', () => {
    expect(keptRuns.state.isRead).toBe(true);
    expect(runs.get('a')).toMatchObject({ stepsLoaded: 'absent', stepCount: 3, status: 'finished' });
    const wanted = { experiment: defaultExperiment(), origin: undefined };
    expect(runs.nextStart('train', wanted).number).toBe(5);
    expect(runs.nextStart('finder', wanted).number).toBe(1);
  });

  it('counts as read when nothing could be read, and says why', async () => {
    const link = new WorkerLink(worker, { event: () => undefined, lost: () => undefined });
    const other = new KeptRuns(runs, () => link, { removals, changed: () => undefined });
    const reading = other.begin(link);
    await worker.refuse('keptRuns', 'This browser keeps no files.');
    await reading;
    expect(other.state).toMatchObject({ isRead: true, problem: 'This browser keeps no files.' });
  });

  it('reads the steps of a run once, when they are asked for', async () => {
    const loading = keptRuns.loadSteps(['a']);
    void keptRuns.loadSteps(['a']);
    expect(runs.get('a')!.stepsLoaded).toBe('loading');
    await worker.answer('keptSteps', steps);
    await loading;
    expect(sent('keptSteps')).toHaveLength(1);
    expect(runs.get('a')).toMatchObject({ stepsLoaded: 'loaded' });
    expect([...runs.get('a')!.metrics.series('losses')]).toEqual([3, 2, 1]);
  });

  it('waits for steps that are being read already', async () => {
    void keptRuns.loadSteps(['a']);
    let isLoaded = false;
    const second = keptRuns.loadSteps(['a']).then(() => (isLoaded = true));
    await settled();
    expect(isLoaded).toBe(false);
    await worker.answer('keptSteps', steps);
    await second;
    expect(runs.get('a')!.metrics.count).toBe(3);
  });

  it('says why steps could not be read, and asks again later', async () => {
    const loading = keptRuns.loadSteps(['a']);
    await worker.refuse('keptSteps', 'The disk has errors.');
    await loading;
    expect(keptRuns.state.problem).toBe('The disk has errors.');
    expect(runs.get('a')!.stepsLoaded).toBe('absent');
  });

  it('hides what is removed at once, brings it back, and deletes it only after the time for that', async () => {
    keptRuns.remove(['a']);
    expect(ids()).toEqual(['b']);
    expect(keptRuns.state.removed).toHaveLength(1);
    vi.advanceTimersByTime(UNDO_MS - 1);
    keptRuns.undoRemove();
    expect(ids()).toEqual(['a', 'b']);
    vi.advanceTimersByTime(2 * UNDO_MS);
    expect(sent('removeRun')).toEqual([]);

    keptRuns.remove(['b']);
    vi.advanceTimersByTime(UNDO_MS);
    expect(worker.sent.at(-1)).toMatchObject({ name: 'removeRun', body: { runId: 'b' } });
    expect(keptRuns.state.removed).toEqual([]);
  });

  it('deletes what was removed before for good when something else is removed', async () => {
    keptRuns.remove(['a']);
    keptRuns.remove(['b']);
    await settled();
    expect(sent('removeRun')).toMatchObject([{ body: { runId: 'a' } }]);
    expect(keptRuns.state.removed.map((run) => run.id)).toEqual(['b']);
  });

  it('brings back what could not be deleted', async () => {
    keptRuns.remove(['a', 'b']);
    vi.advanceTimersByTime(UNDO_MS);
    await worker.refuse('removeRun', 'This run is going on in another tab.');
    await worker.answer('removeRun', {});
    expect(ids()).toEqual(['a']);
    expect(keptRuns.state.problem).toBe('This run is going on in another tab.');
  });

  it('ends at the next visit what the page was closed before', async () => {
    keptRuns.remove(['a']);
    keptRuns.leave();
    expect(sent('removeRun')).toMatchObject([{ body: { runId: 'a' } }]);
    // The page is gone before its worker has answered.
    const next = new FakeWorker();
    const link = new WorkerLink(next, { event: () => undefined, lost: () => undefined });
    const visit = new Runs(() => undefined);
    const kept2 = new KeptRuns(visit, () => link, { removals, changed: () => undefined });
    const reading = kept2.begin(link);
    await next.answer('keptRuns', { runs: [kept('a', 1), kept('b', 4)] });
    expect(visit.state.runs.map(({ id }) => id)).toEqual(['b']);
    expect(next.sent.at(-1)).toMatchObject({ name: 'removeRun', body: { runId: 'a' } });
    await next.answer('removeRun', {});
    await reading;
    expect(pending).toEqual([]);
  });

  it('leaves what another tab can still bring back', async () => {
    pending = [{ runId: 'a', dueAt: Date.now() + 1 }];
    const link = new WorkerLink(worker, { event: () => undefined, lost: () => undefined });
    const reading = keptRuns.begin(link);
    await worker.answer('keptRuns', { runs: [kept('a', 1)] });
    await reading;
    expect(ids()).toContain('a');
    expect(sent('removeRun')).toEqual([]);
  });

  it('has nothing left to end once a removal was undone or carried out', async () => {
    keptRuns.remove(['a']);
    expect(pending).toEqual([{ runId: 'a', dueAt: Date.now() + UNDO_MS }]);
    keptRuns.undoRemove();
    expect(pending).toEqual([]);
    keptRuns.remove(['b']);
    vi.advanceTimersByTime(UNDO_MS);
    await worker.answer('removeRun', {});
    expect(pending).toEqual([]);
  });

  it('deletes a run that was removed before it is imported again', async () => {
    keptRuns.remove(['a']);
    const importing = keptRuns.import([{ run: kept('a', 1), steps }]);
    expect(sent('importRuns')).toEqual([]);
    await worker.answer('removeRun', {});
    await worker.answer('importRuns', { added: ['a'], skipped: [] });
    await importing;
    vi.advanceTimersByTime(2 * UNDO_MS);
    expect(sent('removeRun')).toHaveLength(1);
    expect(ids()).toEqual(['a', 'b']);
  });

  it('counts the steps of a fork from where it began', async () => {
    const forkOf = { runId: 'a', step: 100 };
    const fork = kept('c', 9);
    runs.add([recordOfKept({ ...fork, header: { ...fork.header, forkOf } })]);
    expect(runs.get('c')!.stepCount).toBe(103);
    const loading = keptRuns.loadSteps(['c']);
    await worker.answer('keptSteps', { ...steps, firstStep: 100 });
    await loading;
    expect(runs.get('c')!.metrics.count).toBe(103);
  });

  it('shows imported runs with their steps, and leaves out what was there', async () => {
    const importing = keptRuns.import([
      { run: kept('a', 1), steps },
      { run: kept('c', 9), steps },
    ]);
    await worker.answer('importRuns', { added: ['c'], skipped: ['a'] });
    expect(await importing).toEqual({ added: ['c'], skipped: ['a'] });
    expect(runs.get('c')).toMatchObject({ stepsLoaded: 'loaded', metrics: { count: 3 } });
    expect(runs.get('a')!.stepsLoaded).toBe('absent');
  });

  it('writes what people say about a run', async () => {
    const notes = { name: 'best', tags: ['x'], note: '' };
    const writing = keptRuns.describe('a', notes);
    expect(runs.get('a')!.notes).toEqual(notes);
    expect(worker.sent.at(-1)).toMatchObject({ name: 'describeRun', body: { runId: 'a', notes } });
    await worker.answer('describeRun', {});
    await writing;
  });
});
