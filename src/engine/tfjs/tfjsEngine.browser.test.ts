import { beforeAll, describe, expect, it } from 'vitest';
import { IMAGE_BYTES, type Dataset, type ImageSet } from '#domain/dataset.ts';
import { resnet18 } from '#domain/resnet.ts';
import { useWebGpuBackend } from '#gpu/backend.ts';
import { requestGpu } from '#gpu/device.ts';
import { DeviceLostError } from '#gpu/errors.ts';
import { PipelineCache } from '#gpu/pipelines.ts';
import type { TensorBackend } from '#gpu/tensorBackend.ts';
import { initialWeights, weightsHash } from '#nn/init.ts';
import { testGpu } from '#testing/gpu.ts';
import type { EngineConfig, EngineState, TrainingEngine } from '../engine.ts';
import { createTfjsEngine } from './tfjsEngine.ts';

const STEPS = 8;
const BATCH = 2;

function imageSet(count: number, salt: number): ImageSet {
  return {
    count,
    images: Uint8Array.from({ length: count * IMAGE_BYTES }, (_, i) => (i * (salt + 31) + (i >> 9)) % 256),
    labels: Uint8Array.from({ length: count }, (_, i) => (i * 7) % 10),
  };
}

const train = imageSet(6, 1);
const valid = imageSet(40, 2);
const info = { mean: [0.5, 0.5, 0.5], deviation: [0.25, 0.25, 0.25] };
const dataset = { info, train, valid } as unknown as Dataset;
const network = resnet18({ width: 8, stemPadding: 1, classes: 10 });
const config: EngineConfig = {
  network,
  norm: 'bn',
  ws: true,
  batchSize: BATCH,
  optimizer: 'adamw',
  weightDecay: 0.01,
  augmentation: 'crop-flip',
  seed: 11,
  dataset,
};
const weights = initialWeights(network, 'bn', 11);
const order = Uint32Array.from({ length: STEPS * BATCH }, (_, i) => (i * 5) % train.count);
const schedule = {
  learningRate: Float64Array.from({ length: STEPS }, (_, i) => 1e-3 * (i + 1)),
  momentum: Float64Array.from({ length: STEPS }, (_, i) => 0.95 - 0.01 * i),
};

let backend: TensorBackend;

beforeAll(async () => {
  const { context, cache } = await testGpu();
  backend = await useWebGpuBackend(context, cache);
});

/** An engine at step 0 with order and schedule. */
async function startedEngine(changes: Partial<EngineConfig> = {}): Promise<TrainingEngine> {
  const engine = await createTfjsEngine({ ...config, ...changes }, backend);
  await engine.initialize(weights);
  engine.setSchedule(schedule);
  engine.setOrder(order, 0);
  return engine;
}

function stateHash(state: EngineState): string {
  return [state.parameters, state.buffers, ...state.moments].map(weightsHash).join(' ');
}

describe('the tfjs engine', () => {
  it('leaks neither tensors nor GPU bytes over an epoch, nor after dispose', async () => {
    const empty = backend.memory();
    const engine = await startedEngine();
    const epoch = async (): Promise<void> => {
      await engine.advance(3);
      await engine.evaluate('valid', 5);
      await engine.snapshot();
    };
    await epoch();
    const before = engine.memory();
    await epoch();
    expect(engine.memory()).toEqual(before);
    expect(before.objects).toBeGreaterThan(empty.tensors);
    engine.dispose();
    expect(backend.memory()).toEqual(empty);
  });

  it('resumes from a snapshot with the same bits, crops and flips included', async () => {
    const through = await startedEngine();
    await through.advance(2);
    const halfway = await through.snapshot();
    expect(halfway.step).toBe(2);
    const { losses } = await through.advance(2);
    const expected = await through.snapshot();
    through.dispose();
    const resumed = await createTfjsEngine(config, backend);
    await resumed.restore(halfway);
    resumed.setSchedule(schedule);
    resumed.setOrder(order, 0);
    const results = await resumed.advance(2);
    expect(results.firstStep).toBe(2);
    expect(results.losses).toEqual(losses);
    expect(stateHash(await resumed.snapshot())).toBe(stateHash(expected));
    resumed.dispose();
  });

  it('evaluates without changing anything, padded batches and all', async () => {
    const engine = await startedEngine();
    await engine.advance(1);
    const before = stateHash(await engine.snapshot());
    // Batches of 32, so the second has 8 images and 24 of padding.
    const padded = await engine.evaluate('valid', 40);
    expect(padded.count).toBe(40);
    expect(stateHash(await engine.snapshot())).toBe(before);
    const state = await engine.snapshot();
    engine.dispose();
    const whole = await createTfjsEngine({ ...config, batchSize: 40 }, backend);
    await whole.restore(state);
    const unpadded = await whole.evaluate('valid', 40);
    expect(unpadded.accuracy).toBe(padded.accuracy);
    expect(Math.abs(unpadded.loss / padded.loss - 1)).toBeLessThan(1e-5);
    whole.dispose();
  });

  it('issues steps in order while earlier ones are pending, each with the order of its time', async () => {
    const serial = await startedEngine();
    const first = await serial.advance(1);
    serial.setOrder(order.slice().reverse(), 1);
    const second = await serial.advance(2);
    const expected = stateHash(await serial.snapshot());
    serial.dispose();
    const engine = await startedEngine();
    const pending = [engine.advance(1)];
    engine.setOrder(order.slice().reverse(), 1);
    pending.push(engine.advance(2));
    const snapshot = engine.snapshot();
    // Issued after the snapshot was asked for, so it must not show in it.
    pending.push(engine.advance(1));
    const [a, b] = await Promise.all(pending);
    expect(a).toEqual(first);
    expect(b).toEqual(second);
    expect(stateHash(await snapshot)).toBe(expected);
    engine.dispose();
  });

  it('counts right answers', async () => {
    const engine = await startedEngine({ augmentation: 'none' });
    const { correct } = await engine.advance(2);
    expect([...correct].every((count) => count <= BATCH)).toBe(true);
    engine.dispose();
  });

  it('says what is missing or wrong', async () => {
    const engine = await createTfjsEngine(config, backend);
    await expect(engine.evaluate('valid', 5)).rejects.toThrow(/no weights yet/);
    await expect(engine.advance(1)).rejects.toThrow(/schedule ends before step 0/);
    engine.setSchedule(schedule);
    await expect(engine.advance(1)).rejects.toThrow(/No order was set for step 0/);
    engine.setOrder(order, 0);
    await expect(engine.advance(STEPS + 1)).rejects.toThrow(/schedule ends before step 8 \(8 steps\)/);
    await expect(engine.initialize(new Map())).rejects.toThrow(/conv1\.weight is missing/);
    await expect(engine.evaluate('valid', 41)).rejects.toThrow(/41 of 40 images/);
    await engine.initialize(weights);
    const state = await engine.snapshot();
    await expect(engine.restore({ ...state, moments: [] })).rejects.toThrow(/0 moments/);
    await expect(engine.evaluate('valid', 5, AbortSignal.abort())).rejects.toThrow(/abort/);
    engine.dispose();
  });

  it('rejects what is pending and what comes after dispose', async () => {
    const engine = await startedEngine();
    const pending = engine.advance(1);
    engine.dispose();
    await expect(pending).rejects.toThrow('The engine was disposed');
    await expect(engine.advance(1)).rejects.toThrow('The engine was disposed');
    await expect(engine.snapshot()).rejects.toThrow('The engine was disposed');
  });

  it('rejects with the loss of the device instead of giving numbers', async () => {
    const context = await requestGpu();
    backend = await useWebGpuBackend(context, new PipelineCache(context));
    const engine = await startedEngine();
    const pending = engine.snapshot();
    context.device.destroy();
    await expect(pending).rejects.toThrow(DeviceLostError);
    await expect(engine.evaluate('valid', 5)).rejects.toThrow(DeviceLostError);
    engine.dispose();
  });
});
