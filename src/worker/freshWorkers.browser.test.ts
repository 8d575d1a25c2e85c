import { expect, it } from 'vitest';
import type { Experiment } from '#domain/experiment.ts';
import { decodeSafetensors } from '#export/safetensors.ts';
import type { WorkerMessage } from '#protocol/messages.ts';

const EXPERIMENT: Experiment = {
  norm: 'bn',
  ws: true,
  batchSize: 4,
  width: 8,
  stemPadding: 1,
  optimizer: 'adamw',
  schedule: 'one-cycle',
  maxLearningRate: 1e-3,
  weightDecay: 0.01,
  momentum: 0.9,
  epochs: 1,
  seed: 5,
  augmentation: 'crop-flip',
  trainLimit: 16,
  validLimit: 8,
};

/** Each worker compiles all pipelines anew, which takes half a minute on a busy machine without a GPU. */
const TIMEOUT_MS = 300_000;

interface Story {
  /** Losses as bits. */
  readonly losses: number[];
  /** Validation loss and accuracy of each epoch. */
  readonly validation: number[];
  /** Steps done at the states that were kept. */
  readonly checkpoints: number[];
}

type Ask = (name: string, body: object) => Promise<unknown>;

/** Does something in a new worker, with the built-in data, and ends the worker at once afterwards. */
async function inFreshWorker(work: (ask: Ask) => Promise<void>): Promise<Story> {
  const worker = new Worker(new URL('./train.worker.ts', import.meta.url), { type: 'module' });
  const story: Story = { losses: [], validation: [], checkpoints: [] };
  let nextId = 1;
  const waiting = new Map<number, { resolve(body: unknown): void; reject(error: Error): void }>();
  worker.addEventListener('message', ({ data }: MessageEvent<WorkerMessage>) => {
    if (data.type === 'response') {
      const request = waiting.get(data.id);
      if (data.ok) request?.resolve(data.body);
      else request?.reject(new Error(data.error.sentence));
    } else if (data.event.type === 'steps') {
      story.losses.push(...new Uint32Array(data.event.chunk.losses.slice().buffer));
    } else if (data.event.type === 'epoch') {
      story.validation.push(data.event.row.validLoss, data.event.row.accuracy);
    } else if (data.event.type === 'checkpoint') {
      story.checkpoints.push(data.event.step);
    }
  });
  const ask: Ask = (name, body) =>
    new Promise((resolve, reject) => {
      const id = nextId++;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ type: 'request', id, name, body });
    });
  try {
    await ask('start', {});
    await ask('loadDataset', { source: { kind: 'built-in' } });
    await work(ask);
    return story;
  } finally {
    worker.terminate();
  }
}

function training(runId: string): object {
  return { start: { runId, number: 1, experiment: EXPERIMENT, origin: undefined }, forkOf: undefined };
}

it(
  'trains to the same bits in a fresh worker, in one go as well as with a reload in the middle',
  async () => {
    const [whole, half] = [crypto.randomUUID(), crypto.randomUUID()];
    const first = await inFreshWorker(async (ask) => {
      expect(await ask('train', training(whole))).toEqual({ status: 'finished' });
    });
    expect(first.losses).toHaveLength(4);
    expect(first.validation).toHaveLength(2);
    expect(first.checkpoints.at(-1)).toBe(4);
    const before = await inFreshWorker(async (ask) => {
      expect(await ask('train', { ...training(half), stopAfter: 2 })).toEqual({ status: 'stopped' });
    });
    expect(before.checkpoints.at(-1)).toBe(2);
    let kept: unknown;
    const after = await inFreshWorker(async (ask) => {
      expect(await ask('resumeKept', { runId: half })).toEqual({ status: 'finished' });
      kept = await ask('keptRuns', {});
      expect(await ask('keptSteps', { runId: half })).toEqual({
        ...((await ask('keptSteps', { runId: whole })) as object),
        elapsedMs: expect.any(Float32Array) as unknown,
        wallMs: expect.any(Float32Array) as unknown,
      });
      const { bytes } = (await ask('weights', { runId: half, which: 'last' })) as { bytes: Uint8Array };
      const { tensors, metadata } = decodeSafetensors(bytes);
      expect(tensors.get('conv1.weight')?.shape).toEqual([8, 3, 3, 3]);
      expect(metadata).toMatchObject({ format: 'pt', step: '4', experiment: JSON.stringify(EXPERIMENT) });
      const initial = (await ask('weights', { runId: half, which: 'initial' })) as { bytes: Uint8Array };
      expect(decodeSafetensors(initial.bytes).tensors.get('conv1.weight')?.data).not.toEqual(
        tensors.get('conv1.weight')?.data,
      );
      for (const runId of [whole, half]) await ask('removeRun', { runId });
    });
    expect([...before.losses, ...after.losses]).toEqual(first.losses);
    expect(after.validation).toEqual(first.validation);
    expect(kept).toMatchObject({
      runs: [
        { header: { runId: whole }, status: 'finished' },
        { header: { runId: half }, status: 'finished', stepCount: 4, checkpointStep: 4 },
      ],
    });
  },
  TIMEOUT_MS,
);
