import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KeptRun } from '#domain/keptRun.ts';
import type { StepChunk } from '#domain/run.ts';
import { sampleSteps } from '#testing/keptRuns.ts';
import type { RunsRequest } from '#testing/runs.worker.ts';

const workers = new Set<Worker>();

/** Asks a fresh worker, as after a reload. It lives on until the end of the test only where it is to be ended. */
async function ask<Answer>(request: RunsRequest, end: 'at once' | 'later' = 'at once'): Promise<Answer> {
  const worker = new Worker(new URL('../testing/runs.worker.ts', import.meta.url), { type: 'module' });
  workers.add(worker);
  const answer = await new Promise<Answer>((resolve, reject) => {
    worker.addEventListener('message', ({ data }: MessageEvent<{ value: Answer; error?: string }>) => {
      if (data.error === undefined) resolve(data.value);
      else reject(new Error(data.error));
    });
    worker.postMessage(request);
  });
  if (end === 'at once') worker.terminate();
  return answer;
}

const list = (): Promise<{ runs: KeptRun[]; milliseconds: number }> => ask({ action: 'list' });

async function clear(): Promise<void> {
  for (const worker of workers) worker.terminate();
  workers.clear();
  await ask({ action: 'clear' });
}

beforeEach(clear);
afterEach(clear);

test('a run whose worker is ended while it writes is there, interrupted, and goes on', async () => {
  expect(await ask({ action: 'write', runId: 'a', steps: 500 }, 'later')).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (const worker of workers) worker.terminate();
  const [before] = (await list()).runs;
  expect(before).toMatchObject({ status: 'interrupted', checkpointStep: 500 });
  expect(before!.stepCount).toBeGreaterThanOrEqual(500);
  // The ended worker's handle may not be given back yet: writing waits for it.
  expect(await ask({ action: 'go on', runId: 'a', from: 500, steps: 100 })).toEqual([]);
  expect((await list()).runs).toMatchObject([
    { status: 'finished', stepCount: 600, notes: { name: 'Went on' }, checkpointStep: 500 },
  ]);
  expect(await ask<StepChunk>({ action: 'steps', runId: 'a' })).toEqual(sampleSteps(0, 600));
});

test('many runs are listed quickly', async () => {
  await ask({ action: 'fill', count: 40, steps: 1000 });
  const { runs, milliseconds } = await list();
  expect(runs.map(({ stepCount }) => stepCount)).toEqual(Array.from({ length: 40 }, () => 1000));
  // A fifth of what 200 may take.
  expect(milliseconds).toBeLessThan(400);
});
