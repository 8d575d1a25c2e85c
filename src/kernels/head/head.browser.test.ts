import { describe, expect, it } from 'vitest';
import { expectClose, testGpu, type TestGpu } from '#testing/gpu.ts';
import { mapSize, NARROW_MAPS, WIDE_MAPS, type MapShape } from '../shared/maps.ts';
import { signal } from '../shared/testData.ts';
import { headEvaluation, headTraining } from './kernel.ts';
import { headReference } from './reference.ts';

// Dot products of up to 512 terms of about 1 in a few partial sums, exp and log within a few units of
// 2^-24 (log near 1 within 2^-21): 1e-5 absolute leaves a factor of about ten.
const close = { atol: 1e-5, rtol: 1e-5 };

interface Inputs {
  features: Float32Array;
  weight: Float32Array;
  bias: Float32Array;
  labels: Uint32Array;
}

function inputs(shape: MapShape, classes: number): Inputs {
  const { batch, channels } = shape;
  return {
    features: signal(1, mapSize(shape), 0.4, 1),
    weight: signal(2, channels * classes, 0, 1 / Math.sqrt(channels)),
    bias: signal(3, classes, 0, 1),
    labels: Uint32Array.from({ length: batch }, (_, n) => (n * 7 + 3) % classes),
  };
}

async function train(
  gpu: TestGpu,
  shape: MapShape,
  classes: number,
  data: Inputs,
  step = 0,
  tuning = NARROW_MAPS,
) {
  const { batch, channels } = shape;
  const biasAt = Math.ceil((channels * classes) / 64) * 64;
  const packed = new Float32Array(biasAt + Math.ceil(classes / 64) * 64);
  packed.set(data.weight);
  packed.set(data.bias, biasAt);
  const gradients = gpu.poisoned(packed.length);
  const buffers = {
    pooled: gpu.poisoned(batch * channels),
    logits: gpu.poisoned(batch * classes),
    dLogits: gpu.poisoned(batch * classes),
    results: gpu.poisoned(batch * 2),
    dFeatures: gpu.poisoned(mapSize(shape)),
    ring: gpu.poisoned(8),
  };
  await gpu.executor.run(
    headTraining({
      shape,
      tuning,
      classes,
      features: gpu.f32(data.features),
      parameters: { buffer: gpu.f32(packed), weight: 0, bias: biasAt },
      labels: gpu.u32(data.labels),
      gradients: { buffer: gradients, weight: 0, bias: biasAt },
      counter: gpu.u32([step]),
      ringSize: 4,
      ...buffers,
    }),
  );
  const gradient = await gpu.readF32(gradients);
  return {
    logits: await gpu.readF32(buffers.logits, batch * classes),
    losses: (await gpu.readF32(buffers.results, 2 * batch)).filter((_, i) => i % 2 === 0),
    correct: Array.from((await gpu.readU32(buffers.results, 2 * batch)).filter((_, i) => i % 2 === 1)),
    dFeatures: await gpu.readF32(buffers.dFeatures, mapSize(shape)),
    dWeight: gradient.slice(0, channels * classes),
    dBias: gradient.slice(biasAt, biasAt + classes),
    ringLosses: (await gpu.readF32(buffers.ring)).filter((_, i) => i % 2 === 0),
    ringCorrect: (await gpu.readU32(buffers.ring)).filter((_, i) => i % 2 === 1),
  };
}

describe('head in training', () => {
  it.each([
    { shape: { batch: 1, pixels: 1, channels: 4 }, classes: 2 },
    { shape: { batch: 7, pixels: 16, channels: 33 }, classes: 10 },
    { shape: { batch: 130, pixels: 9, channels: 12 }, classes: 3 },
    // A software adapter compiles wide workgroups slowly: one case stands for graphics cards.
    { shape: { batch: 3, pixels: 16, channels: 512 }, classes: 10, tuning: WIDE_MAPS },
    { shape: { batch: 2, pixels: 4, channels: 8 }, classes: 128 },
  ])(
    'agrees with the reference: $shape.batch images, $shape.channels channels, $classes classes',
    async ({ shape, classes, tuning }) => {
      const gpu = await testGpu();
      const data = inputs(shape, classes);
      const actual = await train(gpu, shape, classes, data, 6, tuning);
      const expected = headReference(shape, classes, data);
      expectClose(actual.logits, expected.logits, { ...close, label: 'logits' });
      expectClose(actual.losses, expected.losses, { ...close, label: 'losses' });
      expect(actual.correct).toEqual(expected.correct);
      expectClose(actual.dFeatures, expected.dFeatures, { atol: 1e-6, rtol: 1e-5, label: 'dFeatures' });
      expectClose(actual.dWeight, expected.dWeight, { atol: 1e-6, rtol: 1e-5, label: 'dWeight' });
      expectClose(actual.dBias, expected.dBias, { atol: 1e-6, rtol: 1e-5, label: 'dBias' });
      const mean = expected.losses.reduce((sum, loss) => sum + loss, 0) / shape.batch;
      // Slot 6 % 4 alone is written.
      expectClose(actual.ringLosses, [NaN, NaN, mean, NaN], { ...close, label: 'ring' });
      expect(actual.ringCorrect[2]).toBe(expected.correct.reduce((sum, one) => sum + one, 0));
      expect(gpu.context.failure).toBeUndefined();
    },
  );

  it('gives the same bits twice', async () => {
    const gpu = await testGpu();
    const shape = { batch: 70, pixels: 4, channels: 20 };
    const data = inputs(shape, 10);
    expect(await train(gpu, shape, 10, data)).toEqual(await train(gpu, shape, 10, data));
  });

  // One pixel, one channel with weight 0: the logits are the biases.
  const logitsOf = (bias: readonly number[], label: number) => ({
    features: Float32Array.of(0),
    weight: new Float32Array(bias.length),
    bias: Float32Array.from(bias),
    labels: Uint32Array.of(label),
  });
  const one = { batch: 1, pixels: 1, channels: 1 };

  it('stays exact for logits whose exponentials overflow or vanish', async () => {
    const gpu = await testGpu();
    const large = await train(gpu, one, 3, logitsOf([1000, 990, -1000], 1));
    expectClose(large.losses, [10 + Math.log1p(Math.exp(-10))], { atol: 0, rtol: 1e-6 });
    const hopeless = await train(gpu, one, 3, logitsOf([1000, 0, 0], 2));
    expectClose(hopeless.losses, [1000], { atol: 0, rtol: 1e-6 });
    expectClose(hopeless.dBias, [1, 0, -1], { atol: 0, rtol: 1e-6 });
  });

  it('gives a tie to the lowest class', async () => {
    const gpu = await testGpu();
    expect((await train(gpu, one, 4, logitsOf([1, 5, 5, 5], 1))).correct).toEqual([1]);
    expect((await train(gpu, one, 4, logitsOf([1, 5, 5, 5], 2))).correct).toEqual([0]);
  });

  it.each([
    [NaN, 0],
    [NaN, 1],
    [Infinity, 1],
  ])('reports logit %d as a NaN loss that is wrong whatever the label (%d)', async (logit, label) => {
    const gpu = await testGpu();
    const { losses, correct, dBias, ringLosses } = await train(gpu, one, 3, logitsOf([0, logit, 1], label));
    expect(losses[0]).toBeNaN();
    expect(ringLosses[0]).toBeNaN();
    expect(correct).toEqual([0]);
    for (const gradient of dBias) expect(gradient).toBeNaN();
  });
});

describe('head in evaluation', () => {
  it('writes at the cursor and drops the rows that pad the last batch', async () => {
    const gpu = await testGpu();
    const shape = { batch: 4, pixels: 4, channels: 6 };
    const data = inputs(shape, 5);
    const packed = new Float32Array(128);
    packed.set(data.weight);
    packed.set(data.bias, 64);
    const logits = gpu.poisoned(20);
    const results = gpu.poisoned(2 * 8);
    await gpu.executor.run(
      headEvaluation({
        shape,
        tuning: NARROW_MAPS,
        classes: 5,
        features: gpu.f32(data.features),
        parameters: { buffer: gpu.f32(packed), weight: 0, bias: 64 },
        labels: gpu.u32(data.labels),
        cursor: gpu.u32([3, 6]),
        logits,
        results,
      }),
    );
    const expected = headReference(shape, 5, data);
    expectClose(await gpu.readF32(logits), expected.logits, close);
    const losses = (await gpu.readF32(results)).filter((_, i) => i % 2 === 0);
    expectClose(losses, [NaN, NaN, NaN, ...expected.losses.slice(0, 3), NaN, NaN], close);
    const correct = Array.from((await gpu.readU32(results)).filter((_, i) => i % 2 === 1));
    expect(correct.slice(3, 6)).toEqual(expected.correct.slice(0, 3));
  });
});
