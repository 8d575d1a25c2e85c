import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { StepChunk } from '#domain/run.ts';
import { metricsOf, trainRun } from './runRecord.fixtures.ts';
import type { TrainRecord } from './runRecord.ts';
import { Runs } from './runs.ts';
import { SPARE_RUNS, StepCache } from './stepCache.ts';

const LOSSES = Float32Array.of(3, 2, 1);
const ELAPSED = [10, 30, 50];
const chunk = (count: number): StepChunk => {
  const part = LOSSES.subarray(0, count);
  const rest = { smoothed: part, learningRates: part, momenta: part, elapsedMs: part };
  return { firstStep: 0, losses: part, ...rest };
};

const runs = new Runs(() => undefined);
let read: (runId: string) => Promise<StepChunk>;

function add(count: number, change: (index: number) => Partial<TrainRecord> = () => ({})): readonly string[] {
  const records = Array.from({ length: count }, (_, i) =>
    trainRun({
      id: `r${i}`,
      startedAt: i,
      status: 'finished',
      stepsLoaded: 'loaded',
      metrics: metricsOf(LOSSES, { elapsedMs: ELAPSED }),
      ...change(i),
    }),
  );
  runs.add(records);
  return records.map(({ id }) => id);
}

const absent = (): readonly string[] =>
  runs.state.runs.filter(({ stepsLoaded }) => stepsLoaded === 'absent').map(({ id }) => id);

beforeEach(() => {
  vi.useFakeTimers();
  runs.drop(runs.state.runs.map(({ id }) => id));
  read = () => Promise.resolve(chunk(3));
});
afterEach(() => vi.useRealTimers());

it('drops the steps of runs that nothing shows, those that were let go of first', async () => {
  const cache = new StepCache(runs, (runId) => read(runId));
  const ids = add(SPARE_RUNS + 5);
  const release = cache.hold(ids);
  const still = cache.hold([ids[0]!]);
  release();
  await vi.runAllTimersAsync();
  // One is held, and of the others as many stay as are spared; those that were let go of last.
  expect(absent()).toEqual(ids.slice(1, 5));
  expect(runs.get(ids[1]!)).toMatchObject({ stepCount: 3, stepTime: { steps: 2, milliseconds: 40 } });
  expect(runs.get(ids[1]!)!.metrics.count).toBe(0);
  still();
  await vi.runAllTimersAsync();
  expect(absent()).toEqual(ids.slice(1, 6));
});

it('keeps what is shown again at once', async () => {
  const cache = new StepCache(runs, (runId) => read(runId));
  const ids = add(SPARE_RUNS + 5);
  cache.hold(ids)();
  cache.hold(ids);
  await vi.runAllTimersAsync();
  expect(absent()).toEqual([]);
});

it('keeps what could not be read again: what goes, is not kept, or has not reached the disk', async () => {
  const cache = new StepCache(runs, (runId) => read(runId));
  const kinds: readonly Partial<TrainRecord>[] = [
    { status: 'running', stepsLoaded: 'live' },
    { notKept: 'The disk is full.' },
    { stepsLoaded: 'live' },
    { id: 'whole', stepsLoaded: 'live' },
    { id: 'gone', stepsLoaded: 'live' },
  ];
  const ids = add(SPARE_RUNS + kinds.length, (i) => kinds[i] ?? {});
  read = (runId) =>
    runId === 'gone'
      ? Promise.reject(new Error('no such run'))
      : Promise.resolve(chunk(runId === 'whole' ? 3 : 2));
  cache.hold(ids)();
  // The newest are spared.
  for (const id of ids.slice(kinds.length)) cache.hold([id])();
  await vi.runAllTimersAsync();
  expect(absent()).toEqual(['whole']);
});

it('forgets runs that are gone', async () => {
  const cache = new StepCache(runs, (runId) => read(runId));
  const ids = add(4);
  const release = cache.hold(ids);
  runs.drop(ids.slice(1));
  release();
  await vi.runAllTimersAsync();
  expect(cache.known).toEqual([ids[0]]);
});
