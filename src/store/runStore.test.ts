import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { KeptRun } from '#domain/keptRun.ts';
import { sampleCheckpoint, sampleHeader, sampleLayers, sampleRun, sampleSteps } from '#testing/keptRuns.ts';
import { MemoryFiles, type Fault } from '#testing/memoryFiles.ts';
import { StorageError } from '#lib/files/storageError.ts';
import type { RunLog } from './runLog.ts';
import { RunStore } from './runStore.ts';

const FAULTS: readonly Fault[] = ['throw', 'torn', 'miscounted', 'truncated'];

let files: MemoryFiles;
let store: RunStore;
let time: number;
let failures: string[];

beforeEach(() => {
  files = new MemoryFiles();
  time = 0;
  failures = [];
  store = new RunStore(files, () => time);
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});

const onFailure = (sentence: string): void => void failures.push(sentence);
/** The store as the page finds it after a reload. */
const reloaded = (): RunStore => new RunStore(files, () => time);
const create = (runId = 'run-a'): Promise<RunLog> => store.create(sampleHeader({ runId }), onFailure);
const only = async (from = reloaded()): Promise<KeptRun | undefined> => (await from.list())[0];

/** Everything that `sampleRun` says, as a worker would report it. */
function report(log: RunLog, run: KeptRun): void {
  log.status('preparing');
  log.plan(run.plan!);
  log.status('running');
  log.steps(sampleSteps(0, 20));
  log.epoch(run.epochs[0]!);
  log.steps(sampleSteps(20, 20, Number.NaN));
  log.epoch(run.epochs[1]!);
  log.diverged(run.divergence!);
  log.layers(run.layers!);
  for (const row of run.paired!) log.paired(row);
  log.stepTime({ steps: 1, milliseconds: 1 });
  // The last one counts.
  log.stepTime(run.stepTime!);
  log.status('diverged', run.detail);
}

test('a run is the same after a reload', async () => {
  const run = sampleRun();
  const log = await store.create(run.header, onFailure);
  report(log, run);
  await log.close();
  await store.describe('run-a', run.notes);
  expect(await reloaded().list()).toStrictEqual([run]);
  expect(await reloaded().read('run-a')).toStrictEqual(run);
  const steps = await reloaded().steps('run-a');
  expect(steps.firstStep).toBe(0);
  expect(steps.losses.slice(20)).toEqual(sampleSteps(20, 20, Number.NaN).losses);
  expect(steps.elapsedMs).toEqual(sampleSteps(0, 40).elapsedMs);
  expect(steps.wallMs).toEqual(sampleSteps(0, 40).wallMs);
  expect(failures).toEqual([]);
});

test('paired differences of epochs that are computed again are dropped', async () => {
  const log = await create();
  report(log, sampleRun());
  await log.close();
  await (await reloaded().reopen('run-a', 25))(onFailure).close();
  expect((await only())?.paired).toEqual(sampleRun().paired!.slice(0, 1));
});

test('the file of weights that a run was started from is kept with it', async () => {
  const log = await create();
  await log.flush();
  await store.keepGivenWeights('run-a', Uint8Array.of(1, 2, 3));
  await log.close();
  expect(await reloaded().givenWeights('run-a')).toEqual(Uint8Array.of(1, 2, 3));
  expect(await store.givenWeights('run-b')).toBeUndefined();
  files.quota = files.usage() + 2;
  await expect(store.keepGivenWeights('run-a', new Uint8Array(100))).rejects.toThrow(StorageError);
  await store.remove('run-a');
  expect(await store.givenWeights('run-a')).toBeUndefined();
});

test('a finder keeps its result', async () => {
  const settings = { start: 1e-7, end: 10, steps: 100 };
  const header = sampleHeader({ kind: 'finder', finder: settings });
  const result = {
    stoppedAt: 80,
    reason: 'loss-exploded',
    suggestions: [
      { rule: 'valley', learningRate: 1e-3, index: 40 },
      { rule: 'v1', learningRate: undefined, index: undefined, note: 'Not enough points.' },
    ],
    disagree: false,
  } as const;
  const log = await store.create(header, onFailure);
  log.result(result);
  log.status('finished');
  await log.close();
  expect(await only()).toMatchObject({ header, result, status: 'finished', stepCount: 0 });
});

test('a run that was going reads as interrupted, unless a tab owns it', async () => {
  const log = await create();
  log.status('running');
  await log.flush();
  expect((await only(store))?.status).toBe('running');
  expect(await only()).toMatchObject({ status: 'interrupted', detail: 'The page was closed or reloaded.' });
  const [owned] = await reloaded().list({ isOwned: (runId) => runId === 'run-a' });
  expect(owned).toMatchObject({ status: 'running', detail: undefined });
  await log.close();
  expect((await only(store))?.status).toBe('interrupted');
});

test('tells a run that its rule has ended, also where an earlier version has only said so', async () => {
  const detail = 'Reached 80 images at step 5.';
  for (const endedBy of ['rule', undefined] as const) {
    const log = await create();
    log.status('stopped', detail, endedBy);
    await log.close();
    expect(await only()).toMatchObject({ status: 'stopped', detail, endedBy: 'rule' });
    const again = (await reloaded().reopen('run-a', 0))(onFailure);
    again.status('stopped');
    await again.close();
    expect(await only()).not.toHaveProperty('endedBy');
    await store.remove('run-a');
  }
});

test('lists the oldest first', async () => {
  for (const [runId, startedAt] of [
    ['b', 2],
    ['c', 3],
    ['a', 1],
  ] as const)
    await (await store.create(sampleHeader({ runId, startedAt }), onFailure)).close();
  expect((await store.list()).map(({ header }) => header.runId)).toEqual(['a', 'b', 'c']);
});

describe('writing', () => {
  /** Steps in the file, whatever waits to be written. */
  const written = async (): Promise<number> => {
    // Only promises that are settled already stand between a report and the file.
    for (let i = 0; i < 50; i++) await Promise.resolve();
    return (await reloaded().steps('run-a')).losses.length;
  };

  test('waits until a second has passed at a report, or 64 kB are there', async () => {
    const log = await create();
    await log.flush();
    log.steps(sampleSteps(0, 10));
    expect(await written()).toBe(0);
    time += 1000;
    log.steps(sampleSteps(10, 1));
    expect(await written()).toBe(11);
    log.steps(sampleSteps(11, 3000));
    expect(await written()).toBe(3011);
    log.steps(sampleSteps(3011, 1));
    log.status('paused');
    expect(await written()).toBe(3012);
  });

  test('copies what it is given', async () => {
    const log = await create();
    const chunk = sampleSteps(0, 4);
    log.steps(chunk);
    chunk.losses.fill(0);
    await log.close();
    expect((await reloaded().steps('run-a')).losses).toEqual(sampleSteps(0, 4).losses);
  });

  test('leaves out steps that it has, and says when some are missing', async () => {
    const log = await create();
    log.steps(sampleSteps(0, 10));
    log.steps(sampleSteps(5, 10));
    log.steps(sampleSteps(3, 2));
    log.steps(sampleSteps(20, 5));
    await log.close();
    expect((await reloaded().steps('run-a')).losses).toEqual(sampleSteps(0, 15).losses);
    expect(failures).toEqual(['Not saved: steps 15 to 19 are missing.']);
  });

  test('an id is for one run', async () => {
    const first = await create();
    first.steps(sampleSteps(0, 3));
    await first.close();
    const second = await create();
    second.steps(sampleSteps(0, 9));
    await second.close();
    expect(failures).toEqual(['Not saved: a run with the same id is kept already.']);
    expect((await only())?.stepCount).toBe(3);
  });
});

describe('going on', () => {
  test('drops what was recorded from the step on, and appends after it', async () => {
    const run = sampleRun();
    const log = await create();
    report(log, run);
    await log.close();
    const again = (await reloaded().reopen('run-a', 25))(onFailure);
    await again.close();
    expect(await only()).toMatchObject({
      status: 'interrupted',
      plan: run.plan,
      epochs: [run.epochs[0]],
      divergence: undefined,
      layers: sampleLayers(),
      stepCount: 25,
    });
    const third = (await reloaded().reopen('run-a', 25))(onFailure);
    third.steps(sampleSteps(25, 15));
    third.epoch(run.epochs[1]!);
    third.status('finished');
    await third.close();
    expect(await only()).toMatchObject({ status: 'finished', epochs: run.epochs, stepCount: 40 });
    expect((await reloaded().steps('run-a')).losses).toEqual(sampleSteps(0, 40).losses);
    expect(failures).toEqual([]);
  });

  test('a fork begins where it left the other run', async () => {
    const header = sampleHeader({ forkOf: { runId: 'run-b', step: 100 } });
    const log = await store.create(header, onFailure);
    log.steps(sampleSteps(100, 10));
    await store.checkpoints.save(sampleCheckpoint(105));
    await log.close();
    expect(await only()).toMatchObject({ stepCount: 10, checkpointStep: 105 });
    const again = (await reloaded().reopen('run-a', 105))(onFailure);
    again.steps(sampleSteps(105, 1));
    await again.close();
    expect(await reloaded().steps('run-a')).toEqual(sampleSteps(100, 6));
  });

  test('is refused after steps that were never saved, and of a run that is gone', async () => {
    const log = await create();
    log.steps(sampleSteps(0, 10));
    await log.close();
    await expect(store.reopen('run-a', 11)).rejects.toThrow(/only 10 of its steps were saved/);
    await expect(store.reopen('run-b', 0)).rejects.toThrow(/not saved in this browser any more/);
  });

  test('offers no checkpoint beyond the recorded steps', async () => {
    const log = await create();
    log.steps(sampleSteps(0, 10));
    await store.checkpoints.save(sampleCheckpoint(10));
    await store.checkpoints.save(sampleCheckpoint(12));
    await log.close();
    expect((await only())?.checkpointStep).toBe(10);
    expect((await store.checkpoints.newest('run-a', 10))?.step).toBe(10);
  });
});

describe('damage', () => {
  async function keep(): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
    const log = await create();
    report(log, sampleRun());
    await log.close();
    return files.content.get('run-run-a')!;
  }

  test('a log that was cut anywhere is read up to the cut, and goes on from there', async () => {
    const folder = await keep();
    const events = folder.get('events.log')!;
    const steps = folder.get('steps.log')!;
    for (let cut = events.length - 1; cut > 1000; cut -= 97) {
      folder.set('events.log', events.slice(0, cut));
      folder.set('steps.log', steps.slice(0, steps.length - (cut % 200)));
      const torn = await only();
      expect(torn).toMatchObject({ header: sampleHeader(), status: 'interrupted' });
      const log = (await reloaded().reopen('run-a', torn!.stepCount))(onFailure);
      log.steps(sampleSteps(torn!.stepCount, 3));
      log.status('stopped');
      await log.close();
      expect(await only()).toMatchObject({ status: 'stopped', stepCount: torn!.stepCount + 3 });
    }
    expect(failures).toEqual([]);
  });

  test('a run whose header is damaged is named, and only removed when asked', async () => {
    const folder = await keep();
    folder.get('events.log')![20]! ^= 1;
    expect(await store.list()).toEqual([]);
    expect(await store.problems()).toEqual([
      {
        runId: 'run-a',
        sentence: 'A saved run cannot be read: its first record is damaged. It is left as it is.',
      },
    ]);
    await expect(store.reopen('run-a', 0)).rejects.toThrow(/its first record is damaged/);
    await store.remove('run-a');
    expect(files.content.size).toBe(0);
  });
});

describe('a disk that is full', () => {
  test.each(FAULTS)('whichever write fails (%s), it is told once and made good later', async (how) => {
    for (let operation = 0; ; operation++) {
      files = new MemoryFiles();
      failures = [];
      time = 0;
      store = new RunStore(files, () => time);
      files.failAt(operation, how);
      const log = await create();
      await log.flush();
      log.steps(sampleSteps(0, 20));
      log.epoch(sampleRun().epochs[0]!);
      await log.flush();
      log.steps(sampleSteps(20, 20));
      log.status('finished');
      await log.flush();
      const hasStruck = files.hasFailed;
      await log.close();
      expect(failures.length).toBeLessThanOrEqual(1);
      for (const sentence of failures)
        expect(sentence).toMatch(/^Not saved: the browser’s storage is full or cannot be written\./);
      expect(await only()).toMatchObject({ status: 'finished', stepCount: 40, epochs: [{ step: 20 }] });
      expect((await reloaded().steps('run-a')).losses).toEqual(sampleSteps(0, 40).losses);
      if (!hasStruck) {
        expect(operation).toBeGreaterThan(5);
        break;
      }
    }
  });

  test('the sentence says how full, and what was kept stays readable', async () => {
    files.quota = 6000;
    const log = await create();
    log.steps(sampleSteps(0, 100));
    await log.flush();
    log.steps(sampleSteps(100, 200));
    await log.flush();
    log.steps(sampleSteps(300, 200));
    await log.flush();
    expect(failures).toEqual([
      'Not saved: the browser’s storage is full (4 kB of 6 kB used). Free space, or download what you want to keep; the run goes on.',
    ]);
    expect((await only())?.stepCount).toBe(100);
    files.quota = 100_000;
    await log.close();
    expect((await only())?.stepCount).toBe(500);
  });

  test('nothing is left of a run that could not even begin', async () => {
    files.quota = 100;
    const log = await create();
    log.steps(sampleSteps(0, 10));
    await log.close();
    expect(failures).toHaveLength(1);
    expect(files.content.size).toBe(0);
  });

  test('asks again only after ten seconds', async () => {
    const log = await create();
    await log.flush();
    files.failAt(0, 'throw');
    time = 1000;
    log.steps(sampleSteps(0, 10));
    await log.flush();
    const append = vi.spyOn(files, 'append');
    time = 9000;
    log.status('paused');
    await Promise.resolve();
    expect(append).not.toHaveBeenCalled();
    time = 20_000;
    log.status('running');
    await log.close();
    expect(append).toHaveBeenCalled();
    expect((await only())?.stepCount).toBe(10);
  });
});

describe('notes', () => {
  test('replace each other, one file at a time, and fail without a trace', async () => {
    await (await create()).close();
    await store.describe('run-a', { name: 'One', tags: [], note: '' });
    await store.describe('run-a', { name: 'Two', tags: ['a'], note: '' });
    expect((await files.look('run-run-a')).names.filter((name) => name.startsWith('notes'))).toHaveLength(1);
    for (const how of FAULTS) {
      files.failAt(0, how);
      await expect(store.describe('run-a', { name: 'Three', tags: [], note: '' })).rejects.toThrow(
        /^Not saved/,
      );
      expect((await only())?.notes).toEqual({ name: 'Two', tags: ['a'], note: '' });
    }
    await store.describe('run-a', { name: 'Three', tags: [], note: '' });
    expect((await only())?.notes.name).toBe('Three');
    expect((await files.look('run-run-a')).names.filter((name) => name.startsWith('notes'))).toHaveLength(1);
  });

  test('are of runs that are kept', async () => {
    await expect(store.describe('run-x', { name: '', tags: [], note: '' })).rejects.toThrow(/not saved/);
    expect(files.content.size).toBe(0);
  });
});

describe('import', () => {
  test('keeps a run once', async () => {
    const run = sampleRun();
    expect(await store.import(run, sampleSteps(0, 40))).toBe('added');
    expect(await store.import(run, sampleSteps(0, 40))).toBe('skipped');
    expect(await reloaded().list()).toStrictEqual([run]);
    expect(await reloaded().steps('run-a')).toEqual(sampleSteps(0, 40));
  });

  test.each(FAULTS)('whichever write fails (%s), the run is there whole or not at all', async (how) => {
    for (let operation = 0; ; operation++) {
      files.failAt(operation, how);
      const outcome = await store.import(sampleRun(), sampleSteps(0, 40)).catch((error: unknown) => error);
      if (outcome === 'added') {
        expect(operation).toBe(3);
        expect(await only()).toStrictEqual(sampleRun());
        break;
      }
      expect(outcome).toMatchObject({ name: 'StorageError', sentence: expect.stringMatching(/^Not saved/) });
      expect(files.content.size).toBe(0);
    }
  });
});

test('removes a run that is being written', async () => {
  const log = await create();
  log.steps(sampleSteps(0, 10));
  await store.checkpoints.save(sampleCheckpoint(10));
  const removed = store.remove('run-a');
  log.steps(sampleSteps(10, 10));
  log.status('stopped');
  await removed;
  await log.close();
  expect(files.content.size).toBe(0);
  expect(failures).toEqual([]);
});

test('tells the room that runs take', async () => {
  files.quota = 1e6;
  await store.import(sampleRun(), sampleSteps(0, 40));
  const bytes = files.usage();
  await files.write('other', 'file', [new Uint8Array(1000)]);
  expect(await store.usage()).toEqual({
    runBytes: bytes,
    usage: bytes + 1000,
    quota: 1e6,
    isPersistent: undefined,
  });
});

describe('a run that another tab writes while it is listed', () => {
  /** Makes the checkpoint of 'run-b' change under the hands of so many readers. */
  async function changing(times: number): Promise<RunStore> {
    for (const runId of ['run-a', 'run-b']) {
      const log = await create(runId);
      log.steps(sampleSteps(0, 40));
      await store.checkpoints.save(sampleCheckpoint(20, runId));
      await log.close();
    }
    const read = files.read.bind(files);
    vi.spyOn(files, 'read').mockImplementation(async (folder, name) => {
      const file = await read(folder, name);
      if (folder !== 'run-run-b' || !name.startsWith('checkpoint') || times-- <= 0) return file;
      const gone = Promise.reject(new DOMException('The file was changed.', 'NotReadableError'));
      gone.catch(() => undefined);
      return Object.assign(file!, { slice: () => ({ arrayBuffer: () => gone }) });
    });
    return reloaded();
  }

  test('is read once more', async () => {
    const runs = await (await changing(1)).list();
    expect(runs.map(({ header, checkpointStep }) => [header.runId, checkpointStep])).toEqual([
      ['run-a', 20],
      ['run-b', 20],
    ]);
  });

  test('hides none of the others', async () => {
    const runs = await (await changing(Number.POSITIVE_INFINITY)).list();
    expect(runs.map(({ header }) => header.runId)).toEqual(['run-a']);
  });
});

test('folders that are no runs are let be', async () => {
  await files.write('elsewhere', 'events.log', [new Uint8Array(9)]);
  await files.write('run-begun', 'steps.log', [new Uint8Array(9)]);
  expect(await store.list()).toEqual([]);
  expect(await store.problems()).toEqual([]);
  expect([...files.content.keys()]).toEqual(['elsewhere', 'run-begun']);
});

test('lists 200 runs of 25,000 steps in less than two seconds', async () => {
  const count = 200;
  const steps = sampleSteps(0, 25_000);
  const epochs = Array.from({ length: 30 }, (_, epoch) => ({ ...sampleRun().epochs[0]!, epoch }));
  await store.import(sampleRun({ epochs }), steps);
  // The others have the same bytes but for their own header, as quick to read and much quicker to make.
  const stepBytes = files.content.get('run-run-a')!.get('steps.log')!;
  for (let i = 1; i < count; i++) {
    const runId = `run-${i}`;
    await store.import(
      sampleRun({ header: sampleHeader({ runId, number: i + 1 }), epochs }),
      sampleSteps(0, 1),
    );
    files.content.get(`run-${runId}`)!.set('steps.log', stepBytes);
  }
  const fresh = reloaded();
  const started = performance.now();
  const runs = await fresh.list();
  expect(performance.now() - started).toBeLessThan(2000);
  expect(runs).toHaveLength(count);
  expect(runs.every(({ stepCount, epochs }) => stepCount === 25_000 && epochs.length === 30)).toBe(true);
  expect((await fresh.steps('run-150')).losses).toHaveLength(25_000);
});
