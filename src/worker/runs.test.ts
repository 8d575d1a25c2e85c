import { beforeEach, describe, expect, test } from 'vitest';
import type { KeptRun } from '#domain/keptRun.ts';
import type { WorkerEvent } from '#protocol/messages.ts';
import { RunStore } from '#store/runStore.ts';
import { fakeDataset } from '#testing/fakeEngine.ts';
import { MemoryFiles } from '#testing/memoryFiles.ts';
import { Page, start, training, wireOf } from '#testing/workerPage.ts';
import type { PageOptions } from '#testing/workerPage.ts';
import type { RunLocks } from './runLocks.ts';

/** Locks of one browser, as its tabs see them. */
class Tabs {
  readonly #owners = new Map<string, { tab: number; onLost: () => void }>();

  of(tab: number): RunLocks {
    return {
      acquire: async (runId, { takeOver, onLost }) => {
        const owner = this.#owners.get(runId);
        if (owner && !takeOver) return undefined;
        const own = { tab, onLost };
        this.#owners.set(runId, own);
        owner?.onLost();
        return { release: () => void (this.#owners.get(runId) === own && this.#owners.delete(runId)) };
      },
      elsewhere: async () =>
        new Set([...this.#owners].flatMap(([runId, owner]) => (owner.tab === tab ? [] : [runId]))),
    };
  }

  get held(): number {
    return this.#owners.size;
  }
}

let files: MemoryFiles;
let tabs: Tabs;
let opened = 0;

beforeEach(() => {
  files = new MemoryFiles();
  tabs = new Tabs();
});

/** A page that was just opened, with its data and a device. */
function open(options: PageOptions = {}): Promise<Page> {
  return new Page({ store: new RunStore(files), locks: tabs.of((opened += 1)), ...options }).ready();
}

async function kept(page: Page, runId = 'a'): Promise<KeptRun> {
  const { runs } = await page.request('keptRuns', {});
  return runs.find(({ header }) => header.runId === runId)!;
}

function losses(page: Page, runId = 'a'): number[] {
  return page.events.flatMap((event) =>
    event.type === 'steps' && event.runId === runId ? [...event.chunk.losses] : [],
  );
}

function ofType<Type extends WorkerEvent['type']>(
  page: Page,
  type: Type,
): Extract<WorkerEvent, { type: Type }>[] {
  return page.events.filter((event): event is Extract<WorkerEvent, { type: Type }> => event.type === type);
}

function lost(): Error {
  return Object.assign(new Error('The GPU was lost.'), { name: 'DeviceLostError' });
}

/** Trains a run that is interrupted at `step`, by a device that is lost, after its state was saved before. */
async function interrupted(step = 9, options: PageOptions = {}): Promise<Page> {
  const page: Page = new Page({
    store: new RunStore(files),
    locks: tabs.of((opened += 1)),
    ...options,
    engine: {
      stepMs: 1000,
      beforeStep: (at) => {
        if (at === step) throw lost();
      },
      ...options.engine,
    },
  });
  await page.ready();
  expect(await page.request('train', training('a'))).toEqual({ status: 'interrupted' });
  return page;
}

async function whole(): Promise<{ losses: number[]; epochs: KeptRun['epochs'] }> {
  const page = await new Page({ store: new RunStore(new MemoryFiles()) }).ready();
  await page.request('train', training('a'));
  return { losses: losses(page), epochs: (await kept(page)).epochs };
}

describe('a run is kept', () => {
  test('with all it said, for the next visit', async () => {
    const page = await open();
    await page.request('train', training('a'));
    const next = await open();
    expect(await kept(next)).toMatchObject({
      header: { runId: 'a', kind: 'train', device: { title: 'Fake' }, dataset: { title: 'Fake' } },
      status: 'finished',
      stepCount: 12,
      checkpointStep: 12,
      epochs: ofType(page, 'epoch').map(({ row }) => row),
    });
    expect([...(await next.request('keptSteps', { runId: 'a' })).losses]).toEqual(losses(page));
    expect(ofType(page, 'checkpoint').at(-1)).toEqual({ type: 'checkpoint', runId: 'a', step: 12 });
    expect(ofType(page, 'not-kept')).toEqual([]);
    expect(tabs.held).toBe(0);
  });

  test('and a finder with its result', async () => {
    const page = await open();
    const settings = { start: 1e-4, end: 10, steps: 20 };
    const result = await page.request('findLearningRate', { start: start('f'), settings });
    expect(await kept(await open(), 'f')).toMatchObject({
      header: { kind: 'finder', finder: settings },
      result,
      status: 'finished',
    });
    expect((await wireOf(page.request('resumeKept', { runId: 'f' }))).sentence).toContain('finder');
  });

  test('unless its settings were refused', async () => {
    const page = await open();
    await wireOf(page.request('train', training('a', { batchSize: 512 })));
    expect((await page.request('keptRuns', {})).runs).toEqual([]);
    expect(files.content.size).toBe(0);
    expect(tabs.held).toBe(0);
  });

  test('as far as there is room: it says once what is not kept, and training goes on', async () => {
    files.quota = 3000;
    const page = await open({ engine: { stepMs: 1000 } });
    expect(await page.request('train', training('a'))).toEqual({ status: 'finished' });
    expect(losses(page)).toHaveLength(12);
    expect(ofType(page, 'not-kept')).toHaveLength(1);
    expect(ofType(page, 'not-kept')[0]!.message).toContain('Not saved');
  });

  test('nowhere where the browser keeps no files, which it says once', async () => {
    const page = await new Page().ready();
    expect(await page.request('train', training('a'))).toEqual({ status: 'finished' });
    expect(ofType(page, 'not-kept')).toHaveLength(1);
    expect((await page.request('keptRuns', {})).runs).toEqual([]);
    expect((await wireOf(page.request('keptSteps', { runId: 'a' }))).name).toBe('RequestError');
    // The newest state is in memory, so that the run can still be forked.
    await page.request('train', { start: start('b', { epochs: 3 }), forkOf: { runId: 'a', step: 99 } });
    expect(ofType(page, 'continues')).toEqual([{ type: 'continues', runId: 'b', step: 12 }]);
    expect(losses(page, 'b')).toHaveLength(6);
  });

  test('described, removed and imported', async () => {
    const page = await open();
    await page.request('train', training('a'));
    const notes = { name: 'mine', tags: ['x'], note: 'y' };
    await page.request('describeRun', { runId: 'a', notes });
    const run = await kept(page);
    expect(run.notes).toEqual(notes);
    const steps = await page.request('keptSteps', { runId: 'a' });
    expect(await page.request('importRuns', { runs: [{ run, steps }] })).toEqual({
      added: [],
      skipped: ['a'],
    });
    await page.request('removeRun', { runId: 'a' });
    expect((await page.request('keptRuns', {})).runs).toEqual([]);
    expect(await page.request('importRuns', { runs: [{ run, steps }] })).toEqual({
      added: ['a'],
      skipped: [],
    });
    expect(await page.request('keptSteps', { runId: 'a' })).toEqual(steps);
  });
});

test('a run that is kept stays as it is when another one comes with its id', async () => {
  const page = await open();
  await page.request('train', training('a'));
  const before = await kept(page);
  for (const changes of [{}, { batchSize: 512 }]) {
    expect((await wireOf(page.request('train', training('a', changes)))).sentence).toContain('kept already');
  }
  expect(await kept(page)).toEqual(before);
  expect(tabs.held).toBe(0);
});

test('a checkpoint is taken in only for a run that is kept and not going', async () => {
  const page = await open();
  await page.request('train', training('a'));
  const { bytes } = await page.request('checkpoint', { runId: 'a' });
  page.onEvent = (event) => {
    if (event.type === 'run-status' && event.status === 'running') {
      going = wireOf(page.request('importCheckpoint', { runId: 'b', bytes: bytes! }));
    }
  };
  let going: Promise<{ sentence: string }> | undefined;
  await page.request('train', training('b'));
  expect((await going!).sentence).toContain('stop it first');
  expect(await page.request('importCheckpoint', { runId: 'a', bytes: bytes! })).toEqual({
    runId: 'a',
    step: 12,
  });
  await page.request('removeRun', { runId: 'a' });
  const wire = await wireOf(page.request('importCheckpoint', { runId: 'a', bytes: bytes! }));
  expect(wire.sentence).toContain('not kept');
  expect([...files.content.keys()]).toEqual(['run-b']);
});

describe('an interrupted run', () => {
  test('goes on from its checkpoint to where it would have come', async () => {
    const first = await interrupted();
    expect(await kept(first)).toMatchObject({
      status: 'interrupted',
      detail: 'The GPU was lost.',
      stepCount: 9,
    });
    const page = await open();
    const { checkpointStep } = await kept(page);
    expect(checkpointStep).toBeGreaterThan(3);
    expect(await page.request('resumeKept', { runId: 'a' })).toEqual({ status: 'finished' });
    expect(ofType(page, 'continues')).toEqual([{ type: 'continues', runId: 'a', step: checkpointStep }]);
    const expected = await whole();
    expect([...(await page.request('keptSteps', { runId: 'a' })).losses]).toEqual(expected.losses);
    const run = await kept(page);
    expect(run).toMatchObject({ status: 'finished', stepCount: 12, detail: undefined });
    expect(run.epochs.map(({ trainLoss, validLoss }) => [trainLoss, validLoss])).toEqual(
      expected.epochs.map(({ trainLoss, validLoss }) => [trainLoss, validLoss]),
    );
    expect((await wireOf(page.request('resumeKept', { runId: 'a' }))).sentence).toContain('finished');
  });

  test('goes on from its start where no state was kept', async () => {
    await interrupted(1);
    const page = await open();
    expect(await page.request('resumeKept', { runId: 'a' })).toEqual({ status: 'finished' });
    expect(losses(page)).toEqual((await whole()).losses);
  });

  test('is marked when it goes on with another device', async () => {
    await interrupted();
    const page = await open({ device: 'Another GPU' });
    await page.request('resumeKept', { runId: 'a' });
    expect((await kept(page)).detail).toBe('Resumed on different hardware.');
  });

  test('says when it goes on with other tiles, and nothing when they are the same or not known', async () => {
    const goOn = async (before: string | undefined, after: string): Promise<string | undefined> => {
      files = new MemoryFiles();
      await interrupted(9, { engine: before === undefined ? {} : { tilesHash: before } });
      const page = await open({ engine: { tilesHash: after } });
      expect((await kept(page)).plan?.tilesHash).toBe(before);
      await page.request('resumeKept', { runId: 'a' });
      const run = await kept(page);
      expect(run.plan?.tilesHash).toBe(after);
      return run.detail;
    };
    expect(await goOn('0a', '0b')).toBe('Resumed with other kernel tiles, which round differently.');
    expect(await goOn('0a', '0a')).toBeUndefined();
    expect(await goOn(undefined, '0a')).toBeUndefined();
  });

  test('asks for its own data', async () => {
    await interrupted();
    const page = await open();
    const other = fakeDataset(100, 40);
    page.load = async () => ({ ...other, info: { ...other.info, hash: '1'.repeat(64) } });
    await page.request('loadDataset', { source: { kind: 'built-in' } });
    expect(await wireOf(page.request('resumeKept', { runId: 'a' }))).toMatchObject({ code: 'other-data' });
    expect((await kept(page)).status).toBe('interrupted');
  });

  test('keeps its state when the page is hidden', async () => {
    const page = await open({ engine: { stepMs: 1 } });
    page.onEvent = (event) => {
      if (event.type === 'run-status' && event.status === 'running')
        void page.request('saveState', { runId: 'a' });
    };
    await page.request('train', training('a'));
    expect(ofType(page, 'checkpoint').map(({ step }) => step)).toEqual([expect.any(Number), 12]);
    expect(ofType(page, 'checkpoint')[0]!.step).toBeLessThan(6);
  });
});

describe('two tabs', () => {
  async function goingRun(): Promise<{ page: Page; end: Promise<unknown> }> {
    const page: Page = await open({ engine: { stepMs: 1000 } });
    const paused = new Promise<void>((resolve) => {
      page.onEvent = (event) => {
        if (event.type === 'steps' && losses(page).length === 4) void page.request('pause', { runId: 'a' });
        if (event.type === 'run-status' && event.status === 'paused') resolve();
      };
    });
    const end = page.request('train', training('a'));
    await paused;
    return { page, end };
  }

  test('a second one sees that the run is going, and cannot remove or resume it', async () => {
    const { page, end } = await goingRun();
    const other = await open();
    expect(await kept(other)).toMatchObject({ isElsewhere: true, status: 'paused' });
    expect(await wireOf(other.request('resumeKept', { runId: 'a' }))).toMatchObject({ code: 'elsewhere' });
    expect(await wireOf(other.request('removeRun', { runId: 'a' }))).toMatchObject({ code: 'elsewhere' });
    expect((await wireOf(page.request('removeRun', { runId: 'a' }))).sentence).toContain('stop it first');
    await page.request('resume', { runId: 'a' });
    expect(await end).toEqual({ status: 'finished' });
    expect(await kept(other)).not.toHaveProperty('isElsewhere');
  });

  test('a second one takes the run over, and the first tells of an interruption', async () => {
    const { page, end } = await goingRun();
    const other = await open({ engine: { stepMs: 1000 } });
    expect(await other.request('resumeKept', { runId: 'a', takeOver: true })).toEqual({ status: 'finished' });
    expect(await end).toEqual({ status: 'interrupted' });
    expect(ofType(page, 'run-status').at(-1)).toMatchObject({
      status: 'interrupted',
      detail: 'Taken over by another tab.',
    });
    expect(await kept(other)).toMatchObject({ status: 'finished', stepCount: 12 });
    expect([...(await other.request('keptSteps', { runId: 'a' })).losses]).toEqual((await whole()).losses);
  });
});

describe('what is asked of a run that is still being set up', () => {
  /** A page whose run 'a' has been asked for, and waits for its lock. */
  async function settingUp(): Promise<{ page: Page; end: Promise<unknown>; goOn: () => void }> {
    let goOn: () => void = () => undefined;
    const lock = new Promise<void>((resolve) => (goOn = resolve));
    const locks = tabs.of((opened += 1));
    const acquire: RunLocks['acquire'] = async (...request) => {
      await lock;
      return locks.acquire(...request);
    };
    const page = await open({ locks: { acquire, elsewhere: () => locks.elsewhere() } });
    const end = page.request('train', training('a'));
    for (let i = 0; i < 20; i++) await Promise.resolve();
    return { page, end, goOn };
  }

  test('a stop ends it before its first step', async () => {
    const { page, end, goOn } = await settingUp();
    await page.request('stop', { runId: 'a' });
    goOn();
    expect(await end).toEqual({ status: 'stopped' });
    expect(losses(page)).toEqual([]);
  });

  test('a pause holds it at its start', async () => {
    const { page, end, goOn } = await settingUp();
    page.onEvent = (event) => {
      if (event.type !== 'run-status' || event.status !== 'paused') return;
      expect(losses(page)).toEqual([]);
      void page.request('resume', { runId: 'a' });
    };
    await page.request('pause', { runId: 'a' });
    goOn();
    expect(await end).toEqual({ status: 'finished' });
    expect(page.statuses()).toContain('paused');
  });
});

test('two tabs that take the same run over at once do not both go on', async () => {
  await interrupted();
  const locks = tabs.of((opened += 1));
  const store = new RunStore(files);
  const page = await open({ locks, store });
  const other = await open();
  // The other tab takes it while this one still reads what was kept.
  const { steps } = store;
  let second: Promise<unknown> = Promise.resolve();
  store.steps = async (runId) => {
    store.steps = steps;
    second = other.request('resumeKept', { runId: 'a', takeOver: true });
    for (let i = 0; i < 20; i++) await Promise.resolve();
    return steps.call(store, runId);
  };
  expect(await wireOf(page.request('resumeKept', { runId: 'a', takeOver: true }))).toMatchObject({
    code: 'elsewhere',
  });
  expect(await second).toEqual({ status: 'finished' });
  expect(losses(page)).toEqual([]);
  expect(await kept(other)).toMatchObject({ status: 'finished', stepCount: 12 });
});

describe('races and forks', () => {
  test('a race keeps each run, compares all that are still going and stops one by its id', async () => {
    const page = await open({ engine: { stepMs: 1000 } });
    page.onEvent = (event) => {
      if (event.type === 'epoch' && event.runId === 'c') void page.request('stop', { runId: 'b' });
    };
    const starts = [start('a'), start('b'), start('c', { norm: 'gn' })];
    expect(await page.request('race', { starts })).toEqual({
      statuses: ['finished', 'stopped', 'finished'],
    });
    expect(
      ofType(page, 'paired-validation').map(({ epoch, runId, baselineRunId }) => [
        epoch,
        runId,
        baselineRunId,
      ]),
    ).toEqual([
      [0, 'b', 'a'],
      [0, 'c', 'a'],
      [0, 'c', 'b'],
      [1, 'c', 'a'],
    ]);
    const { runs } = await page.request('keptRuns', {});
    expect(runs.map(({ header, status }) => [header.runId, status])).toEqual([
      ['a', 'finished'],
      ['b', 'stopped'],
      ['c', 'finished'],
    ]);
    // One that was stopped can go on alone.
    expect(await page.request('resumeKept', { runId: 'b' })).toEqual({ status: 'finished' });
    expect(tabs.held).toBe(0);
  });

  describe('an interrupted race', () => {
    const starts = [start('a'), start('b', { norm: 'gn', maxLearningRate: 0.3 })];

    async function interruptedRace(step = 9): Promise<void> {
      const page = await open({
        engine: {
          stepMs: 1000,
          beforeStep: (at) => {
            if (at === step) throw lost();
          },
        },
      });
      expect(await page.request('race', { starts })).toEqual({ statuses: ['interrupted', 'interrupted'] });
    }

    test('goes on as a race from a step that both have kept, to where it would have come', async () => {
      await interruptedRace();
      const page = await open();
      const steps = [await kept(page), await kept(page, 'b')].map(({ checkpointStep }) => checkpointStep);
      expect(steps[0]).toBeGreaterThan(3);
      expect(steps[1]).toBe(steps[0]);
      expect(await page.request('resumeRace', { runIds: ['a', 'b'] })).toEqual({
        statuses: ['finished', 'finished'],
      });
      const expected = await wholeRace();
      for (const runId of ['a', 'b']) {
        const run = await kept(page, runId);
        expect([...(await page.request('keptSteps', { runId })).losses]).toEqual(losses(expected, runId));
        expect(run.epochs.map(({ epoch, validLoss }) => [epoch, validLoss])).toEqual(
          ofType(expected, 'epoch').flatMap((event) =>
            event.runId === runId ? [[event.row.epoch, event.row.validLoss]] : [],
          ),
        );
      }
      expect((await kept(page, 'b')).paired).toEqual(
        ofType(expected, 'paired-validation').map(({ type: _, ...pair }) => pair),
      );
      expect(tabs.held).toBe(0);
    });

    test('begins again where nothing was kept', async () => {
      await interruptedRace(1);
      const page = await open();
      await page.request('resumeRace', { runIds: ['a', 'b'] });
      expect(losses(page, 'b')).toEqual(losses(await wholeRace(), 'b'));
    });

    test('takes an older step where the newest state of one is damaged', async () => {
      await interruptedRace(11);
      const [older, newest] = checkpoints('b');
      for (const name of checkpoints('a')) expect(checkpoints('b')).toContain(name);
      files.content.get('run-b')!.set(newest!, new Uint8Array(20));
      const page = await open();
      await page.request('resumeRace', { runIds: ['a', 'b'] });
      expect(new Set(ofType(page, 'continues').map(({ step }) => step))).toEqual(new Set([stepOf(older!)]));
      expect([...(await page.request('keptSteps', { runId: 'a' })).losses]).toEqual(
        losses(await wholeRace(), 'a'),
      );
    });

    test('is refused where that would give up what was kept, and leaves both as they were', async () => {
      await interruptedRace();
      for (const name of checkpoints('b')) files.content.get('run-b')!.delete(name);
      const page = await open();
      const before = await kept(page);
      expect(await wireOf(page.request('resumeRace', { runIds: ['a', 'b'] }))).toMatchObject({
        code: 'no-common-state',
      });
      expect(await kept(page)).toEqual(before);
      expect(tabs.held).toBe(0);
      expect(await page.request('resumeKept', { runId: 'a' })).toEqual({ status: 'finished' });
    });

    test('is refused while another tab trains one of its runs', async () => {
      await interruptedRace();
      const [page, other] = [await open(), await open({ engine: { stepMs: 1000 } })];
      let isAsked = false;
      let wire: Promise<unknown> = Promise.resolve();
      other.onEvent = (event) => {
        if (event.type !== 'steps' || isAsked) return;
        isAsked = true;
        wire = wireOf(page.request('resumeRace', { runIds: ['a', 'b'] }));
      };
      await other.request('resumeKept', { runId: 'b' });
      expect(await wire).toMatchObject({ code: 'elsewhere' });
      expect((await kept(page)).status).toBe('interrupted');
      expect(tabs.held).toBe(0);
    });

    test('leaves every run as it was when one of them cannot go on', async () => {
      await interruptedRace(11);
      const store = new RunStore(files);
      const page = await open({ store });
      const { reopen } = store;
      store.reopen = (runId, ...rest) =>
        runId === 'b' ? Promise.reject(new Error('It cannot be read.')) : reopen.call(store, runId, ...rest);
      const before = structuredClone(files.content);
      await wireOf(page.request('resumeRace', { runIds: ['a', 'b'] }));
      for (let i = 0; i < 100; i++) await Promise.resolve();
      expect(files.content).toEqual(before);
      expect(tabs.held).toBe(0);
    });

    test('writes nothing into a run that another tab takes over meanwhile', async () => {
      await interruptedRace(11);
      const store = new RunStore(files);
      const [page, other] = [await open({ store }), await open({ engine: { stepMs: 1000 } })];
      const { reopen } = store;
      let taken: Promise<unknown> = Promise.resolve();
      store.reopen = async (runId, ...rest) => {
        if (runId === 'b') {
          taken = other.request('resumeKept', { runId: 'a', takeOver: true });
          for (let i = 0; i < 50; i++) await Promise.resolve();
        }
        return reopen.call(store, runId, ...rest);
      };
      expect(await wireOf(page.request('resumeRace', { runIds: ['a', 'b'] }))).toMatchObject({
        code: 'elsewhere',
      });
      expect(await taken).toEqual({ status: 'finished' });
      expect(losses(page, 'a')).toEqual([]);
      expect([...(await other.request('keptSteps', { runId: 'a' })).losses]).toEqual(
        losses(await wholeRace(), 'a'),
      );
      expect((await kept(other, 'b')).status).toBe('interrupted');
      expect(tabs.held).toBe(0);
    });

    /** Names of the files with the states of a run, oldest first. */
    function checkpoints(runId: string): string[] {
      return [...files.content.get(`run-${runId}`)!.keys()]
        .filter((name) => name.startsWith('checkpoint'))
        .sort((one, other) => stepOf(one) - stepOf(other));
    }

    function stepOf(name: string): number {
      return Number(/checkpoint-(\d+)/.exec(name)![1]);
    }

    async function wholeRace(): Promise<Page> {
      const page = await new Page({ engine: { stepMs: 1000 } }).ready();
      await page.request('race', { starts });
      return page;
    }
  });

  test('a race that is refused leaves nothing behind', async () => {
    const page = await open();
    const wire = await wireOf(page.request('race', { starts: [start('a'), start('b', { seed: 1 })] }));
    expect(wire).toMatchObject({ name: 'SetupError' });
    expect(files.content.size).toBe(0);
    expect(page.events).toEqual([]);
  });

  test('a fork continues the last state before the divergence, and can be resumed itself', async () => {
    const page = await open({
      engine: { stepMs: 1000, loss: (step, computed) => (step === 9 ? Number.NaN : computed) },
    });
    expect(await page.request('train', training('a'))).toEqual({ status: 'diverged' });
    expect((await wireOf(page.request('resumeKept', { runId: 'a' }))).sentence).toContain('fork it');
    const { checkpointStep } = await kept(page);
    const next = await interruptedFork(checkpointStep!);
    expect(await next.request('resumeKept', { runId: 'b' })).toEqual({ status: 'finished' });
    const run = await kept(next, 'b');
    expect(run).toMatchObject({
      header: { forkOf: { runId: 'a', step: checkpointStep } },
      status: 'finished',
      stepCount: 12 - checkpointStep!,
    });
    expect((await next.request('keptSteps', { runId: 'b' })).firstStep).toBe(checkpointStep);
    expect(run.epochs.map(({ epoch }) => epoch)).toEqual(checkpointStep! < 6 ? [0, 1] : [1]);
  });

  test('a fork is refused where the state is gone, and on other data', async () => {
    const page = await open({ engine: { stepMs: 1000 } });
    await page.request('train', training('a'));
    const { steps } = await page.request('checkpointSteps', { runId: 'a' });
    expect(steps.at(-1)).toBe(12);
    const fork = (runId: string, step: number): ReturnType<typeof training> => ({
      start: start('b', { epochs: 3 }),
      forkOf: { runId, step, number: 7 },
    });
    const gone = await wireOf(page.request('train', fork('a', steps[0]! - 1)));
    expect(gone.sentence).toContain('No state of run 7 up to step');
    const data = fakeDataset(100, 40);
    const other = new Page({ store: new RunStore(files), locks: tabs.of((opened += 1)) });
    other.load = async () => ({ ...data, info: { ...data.info, hash: '1'.repeat(64) } });
    await other.ready();
    const wire = await wireOf(other.request('train', fork('a', 12)));
    expect(wire).toMatchObject({
      sentence: 'Run 7 trains on “Fake”; load them to fork it.',
      code: 'other-data',
    });
    expect((await page.request('keptRuns', {})).runs).toHaveLength(1);
  });

  test('a fork that was opened from files in another browser goes on as it would have here', async () => {
    const page = await open({
      engine: { stepMs: 1000, loss: (step, computed) => (step === 9 ? Number.NaN : computed) },
    });
    await page.request('train', training('a'));
    const { checkpointStep: begin } = await kept(page);
    const here = await interruptedFork(begin!, { stepMs: 1000 }, 5);
    const { bytes } = await here.request('checkpoint', { runId: 'b' });
    const run = { ...(await kept(here, 'b')), checkpointStep: undefined };
    const own = await here.request('keptSteps', { runId: 'b' });
    await here.request('resumeKept', { runId: 'b' });
    const smoothed = (one: Page): number[] =>
      ofType(one, 'steps').flatMap(({ chunk }) => [...chunk.smoothed]);
    // Files of before had steps that the fork never took.
    const padded = (values: Float32Array): Float32Array => Float32Array.of(...gap(begin!), ...values);
    const old = {
      firstStep: 0,
      losses: padded(own.losses),
      smoothed: padded(own.smoothed),
      learningRates: padded(own.learningRates),
      momenta: padded(own.momenta),
      elapsedMs: padded(own.elapsedMs),
    };
    for (const steps of [own, old]) {
      const there = await new Page({
        store: new RunStore(new MemoryFiles()),
        engine: { stepMs: 1000 },
      }).ready();
      await there.request('importRuns', {
        runs: [{ run: { ...run, stepCount: steps.losses.length }, steps }],
      });
      const { step } = await there.request('importCheckpoint', { bytes: bytes!.slice() });
      expect(step).toBeGreaterThan(begin!);
      expect(await kept(there, 'b')).toMatchObject({ stepCount: run.stepCount, checkpointStep: step });
      expect(await there.request('resumeKept', { runId: 'b' })).toEqual({ status: 'finished' });
      expect(ofType(there, 'continues')).toEqual([{ type: 'continues', runId: 'b', step }]);
      expect(smoothed(there)).toEqual(smoothed(here));
      expect((await kept(there, 'b')).stepCount).toBe(12 - begin!);
    }
  });

  /** As many steps that were not recorded. */
  function gap(count: number): number[] {
    return Array.from({ length: count }, () => Number.NaN);
  }

  /** Forks run 'a' as 'b', which loses its device a few steps later. */
  async function interruptedFork(step: number, engine: PageOptions['engine'] = {}, taken = 2): Promise<Page> {
    const page = await open({
      engine: {
        ...engine,
        beforeStep: (at) => {
          if (at === step + taken) throw Object.assign(new Error('lost'), { name: 'DeviceLostError' });
        },
      },
    });
    const request = { start: start('b', { maxLearningRate: 0.01 }), forkOf: { runId: 'a', step: 99 } };
    expect(await page.request('train', request)).toEqual({ status: 'interrupted' });
    expect(ofType(page, 'continues')).toEqual([{ type: 'continues', runId: 'b', step }]);
    return open({ engine });
  }
});

test('says which weights it lacks', async () => {
  const page = await open();
  expect((await wireOf(page.request('weights', { runId: 'a', which: 'last' }))).sentence).toContain(
    'not kept',
  );
  await interrupted(1);
  expect((await wireOf(page.request('weights', { runId: 'a', which: 'last' }))).sentence).toContain(
    'No weights of this run',
  );
  // The fake network is none of torchvision's: the first tensor that is missing is named.
  expect((await wireOf(page.request('weights', { runId: 'a', which: 'initial' }))).sentence).toContain(
    'conv1.weight is missing',
  );
});

describe('what a run does besides its steps', () => {
  const rule = { stopRule: { kind: 'images', value: 16 * 5 } } as const;

  test('its stop rule is kept with it, ends it, and lets it go on when it is resumed', async () => {
    const page = await open();
    const body = { ...training('a'), start: { ...start('a'), options: rule } };
    expect(await page.request('train', body)).toEqual({ status: 'stopped' });
    const run = await kept(page);
    const ended = { status: 'stopped', detail: 'Reached 80 images at step 5.', endedBy: 'rule' };
    expect(run).toMatchObject({ ...ended, stepCount: 5 });
    expect(ofType(page, 'run-status').at(-1)).toMatchObject(ended);
    expect(run.header.options).toEqual(rule);
    expect(run.probes).toMatchObject([{ step: 5, count: 40 }]);
    const again = await open();
    expect(await again.request('resumeKept', { runId: 'a' })).toEqual({ status: 'finished' });
    const whole = await kept(again);
    expect(whole).toMatchObject({ status: 'finished', stepCount: 12, checkpointStep: 12 });
    expect(whole.probes).toHaveLength(1);
    expect(whole.endedBy).toBeUndefined();
  });

  test('the loss that a stop was for is known again when the run goes on', async () => {
    const page = await open();
    const options = { stopRule: { kind: 'valid-loss', value: 100 } } as const;
    await page.request('train', { ...training('a'), start: { ...start('a'), options } });
    expect(await kept(page)).toMatchObject({ status: 'stopped', stepCount: 6 });
    expect(await page.request('resumeKept', { runId: 'a' })).toEqual({ status: 'finished' });
  });

  test('time in which nobody sees the page is noted, also when the run ends in it', async () => {
    const page = await open({ engine: { stepMs: 1000 } });
    page.onEvent = (event) => {
      if (event.type !== 'steps') return;
      if (event.chunk.firstStep === 2) void page.request('pageHidden', { isHidden: true });
      if (event.chunk.firstStep === 4) void page.request('pageHidden', { isHidden: false });
      if (event.chunk.firstStep === 8) void page.request('pageHidden', { isHidden: true });
    };
    await page.request('train', training('a'));
    const { hidden = [] } = await kept(page);
    expect(hidden).toHaveLength(2);
    for (const { fromMs, toMs } of hidden) expect(toMs).toBeGreaterThan(fromMs);
    expect(hidden[1]!.fromMs).toBeGreaterThanOrEqual(hidden[0]!.toMs);
    expect(ofType(page, 'hidden').map(({ span }) => span)).toEqual(hidden);
    // The next run begins unseen.
    page.onEvent = () => undefined;
    await page.request('train', training('b'));
    expect((await kept(page, 'b')).hidden).toMatchObject([{ fromMs: 0 }]);
  });

  test('a paused run takes one step when asked to', async () => {
    const page: Page = await open({
      engine: { beforeStep: (step) => step === 2 && void page.request('pause', { runId: 'a' }) },
    });
    let stepped = 0;
    page.onEvent = (event) => {
      if (event.type === 'run-status' && event.status === 'paused') {
        stepped = losses(page).length;
        void page.request('step', { runId: 'a' });
      } else if (event.type === 'steps' && stepped > 0) {
        expect(event.chunk.losses).toHaveLength(1);
        stepped = 0;
        page.onEvent = () => undefined;
        void page.request('resume', { runId: 'a' });
      }
    };
    expect(await page.request('train', training('a'))).toEqual({ status: 'finished' });
    expect(losses(page)).toHaveLength(12);
  });
});
