import { expect, it } from 'vitest';
import type { Experiment } from '#domain/experiment.ts';
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

/** Everything that a run in a new worker reported: losses as bits, then validation loss and accuracy. */
async function trainInFreshWorker(): Promise<{ losses: number[]; validation: number[] }> {
  const worker = new Worker(new URL('./train.worker.ts', import.meta.url), { type: 'module' });
  const losses: number[] = [];
  const validation: number[] = [];
  let nextId = 1;
  const waiting = new Map<number, { resolve(body: unknown): void; reject(error: Error): void }>();
  worker.addEventListener('message', ({ data }: MessageEvent<WorkerMessage>) => {
    if (data.type === 'response') {
      const request = waiting.get(data.id);
      if (data.ok) request?.resolve(data.body);
      else request?.reject(new Error(data.error.sentence));
    } else if (data.event.type === 'steps') {
      losses.push(...new Uint32Array(data.event.chunk.losses.slice().buffer));
    } else if (data.event.type === 'epoch') {
      validation.push(data.event.row.validLoss, data.event.row.accuracy);
    }
  });
  const request = (name: string, body: object): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = nextId++;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ type: 'request', id, name, body });
    });
  try {
    await request('start', {});
    await request('loadDataset', { source: { kind: 'built-in' } });
    const start = { runId: crypto.randomUUID(), number: 1, experiment: EXPERIMENT, origin: undefined };
    expect(await request('train', { start, forkOf: undefined })).toEqual({ status: 'finished' });
    return { losses, validation };
  } finally {
    worker.terminate();
  }
}

it('trains to the same bits twice, each time in a fresh worker', async () => {
  const first = await trainInFreshWorker();
  expect(first.losses).toHaveLength(4);
  expect(first.validation).toHaveLength(2);
  expect(await trainInFreshWorker()).toEqual(first);
});
