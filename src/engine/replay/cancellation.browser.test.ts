import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { initialWeights } from '#nn/init.ts';
import { testGpu } from '#testing/gpu.ts';
import { tinyConfig, tinyDataset, tinySchedule } from '#testing/tinyRun.ts';
import type { EngineConfig, EngineState } from '../engine.ts';
import { createReplayEngine } from './createReplayEngine.ts';
import type { ReplayEngine } from './replayEngine.ts';

const open: ReplayEngine[] = [];

// A clock by which every piece takes a minute, so that steps are cut as finely as they can be.
let slowNow = 0;
beforeEach(() => void vi.spyOn(performance, 'now').mockImplementation(() => (slowNow += 60_000)));
afterEach(() => {
  vi.restoreAllMocks();
  for (const engine of open.splice(0)) engine.dispose();
});

async function started(config: EngineConfig, isGentle = true): Promise<ReplayEngine> {
  const { context } = await testGpu();
  const engine = await createReplayEngine(context, config, { isGentle });
  open.push(engine);
  await engine.initialize(initialWeights(config.network, config.norm, 1));
  engine.setSchedule(tinySchedule(16));
  engine.setOrder(
    Uint32Array.from({ length: 24 }, (_, i) => (i * 5) % 24),
    0,
  );
  return engine;
}

/** Resolves when at least so many more submissions were made. */
async function submissions(count: number): Promise<void> {
  const { context } = await testGpu();
  const submit = vi.spyOn(context.device.queue, 'submit');
  while (submit.mock.calls.length < count) await context.device.queue.onSubmittedWorkDone();
  submit.mockRestore();
}

/** Losses of an undisturbed run, and its state after each step. */
async function undisturbed(config: EngineConfig, steps: number): Promise<Story> {
  const engine = await started(config, false);
  const states = [await engine.snapshot()];
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    losses.push(...(await engine.advance(1)).losses);
    states.push(await engine.snapshot());
  }
  return { engine, states, losses };
}

interface Story {
  readonly engine: ReplayEngine;
  readonly states: readonly EngineState[];
  readonly losses: readonly number[];
}

describe('cancelling', () => {
  it.each([
    { norm: 'bn', ws: true, optimizer: 'adamw' },
    { norm: 'gn', ws: false, optimizer: 'sgd' },
    { norm: 'bn', ws: true, optimizer: 'sgd', gradientClip: 0.5 },
  ] as const)('goes back to the last whole step, bit for bit: $norm, ws $ws, $optimizer', async (arm) => {
    const config = tinyConfig({ ...arm, batchSize: 1, layerSampleEvery: 2 });
    const { engine: whole, states, losses } = await undisturbed(config, 5);
    const engine = await started(config);

    // Within the first, sampled step, with the running statistics of half the network updated.
    const dropped = Promise.allSettled([engine.advance(4), engine.advance(1), engine.snapshot()]);
    await submissions(6);
    engine.cancel();
    const abortError = { status: 'rejected', reason: { name: 'AbortError' } };
    expect(await dropped).toMatchObject([abortError, abortError, abortError]);
    expect(await engine.snapshot()).toEqual(states[0]);

    // Later, with whole steps before.
    const later = engine.advance(4);
    await submissions(150);
    engine.cancel();
    const results = await later;
    const done = results.losses.length;
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(4);
    expect(results).toMatchObject({ firstStep: 0 });
    expect([...results.losses]).toEqual(losses.slice(0, done));
    expect(await engine.snapshot()).toEqual(states[done]);

    vi.restoreAllMocks();
    const { losses: rest } = await engine.advance(5 - done);
    expect([...rest]).toEqual(losses.slice(done));
    expect(await engine.snapshot()).toEqual(states[5]);
    expect(await engine.layerHistory()).toEqual(await whole.layerHistory());
    engine.cancel();
    expect(await engine.snapshot()).toEqual(states[5]);
  });

  it('keeps calls in order behind steps in pieces', async () => {
    const config = tinyConfig({ batchSize: 2 });
    const reference = await started(config, false);
    const engine = await started(config);
    const run = async (one: ReplayEngine): Promise<unknown> => {
      const before = one.advance(1);
      const middle = one.snapshot();
      one.setOrder(
        Uint32Array.from({ length: 24 }, (_, i) => 23 - i),
        1,
      );
      const after = one.advance(1);
      return Promise.all([before, middle, after, one.evaluate('valid', 10)]);
    };
    expect(await run(engine)).toEqual(await run(reference));
  });

  it('drops the steps of one engine only', async () => {
    const config = tinyConfig({ batchSize: 1 });
    const [one, other] = [await started(config), await started(config)];
    const dropped = one.advance(1);
    const kept = other.advance(1);
    one.cancel();
    await expect(dropped).rejects.toMatchObject({ name: 'AbortError' });
    const { losses } = await kept;
    expect([...(await one.advance(1)).losses]).toEqual([...losses]);
  });

  it('rejects what waits when the engine is disposed', async () => {
    const engine = await started(tinyConfig({ batchSize: 1 }));
    const pending = Promise.allSettled([engine.advance(1), engine.snapshot()]);
    engine.dispose();
    const disposed = { status: 'rejected', reason: { message: 'The engine was disposed' } };
    expect(await pending).toMatchObject([disposed, disposed]);
  });
});

it('aborts an evaluation within a batch, and evaluates anew', async () => {
  const engine = await started(tinyConfig({ dataset: tinyDataset(24, 70) }));
  const expected = await engine.evaluate('valid', 70);
  const abort = new AbortController();
  const aborted = engine.evaluate('valid', 70, abort.signal);
  await submissions(4);
  abort.abort();
  await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
  expect(await engine.evaluate('valid', 70)).toEqual(expected);
});
