import { beforeAll, describe, expect, it } from 'vitest';
import type { OptimizerName } from '#domain/experiment.ts';
import { useWebGpuBackend } from '#gpu/backend.ts';
import type { TensorBackend } from '#gpu/tensorBackend.ts';
import * as tf from '#gpu/tf.ts';
import type { Tensor1D } from '#gpu/tf.ts';
import { clipReference } from '#kernels/gradientClip/reference.ts';
import { signal } from '#kernels/shared/testData.ts';
import { expectClose, testGpu } from '#testing/gpu.ts';
import { clipGradient, MOMENT_COUNT, update } from './optimizer.ts';

let backend: TensorBackend;

beforeAll(async () => {
  const { context, cache } = await testGpu();
  backend = await useWebGpuBackend(context, cache);
});

interface Step {
  readonly learningRate: number;
  readonly momentum: number;
  readonly gradient: number;
}

/** The parameter after each step, from 1. */
async function trace(
  optimizer: OptimizerName,
  weightDecay: number,
  steps: readonly Step[],
): Promise<number[]> {
  const before = tf.memory().numTensors;
  let parameters = tf.tensor1d([1]);
  let moments: readonly Tensor1D[] = Array.from({ length: MOMENT_COUNT[optimizer] }, () => tf.tensor1d([0]));
  const values: number[] = [];
  for (const [i, { learningRate, momentum, gradient }] of steps.entries()) {
    const settings = { t: i + 1, learningRate, momentum, weightDecay };
    const old = [parameters, ...moments];
    const slope = tf.tensor1d([gradient]);
    ({ parameters, moments } = update(optimizer, parameters, slope, moments, settings));
    slope.dispose();
    tf.dispose(old);
    values.push((await backend.read(parameters))[0]!);
  }
  tf.dispose([parameters, ...moments]);
  expect(tf.memory().numTensors).toBe(before);
  return values;
}

// One unit in the last place of a number near one is 6e-8; three steps of a handful of operations.
const tolerance = { atol: 5e-7, rtol: 0 };

describe('update', () => {
  it('gives fastai v1 AdamW with a cycled first beta, in the current torch form', async () => {
    const values = await trace('adamw', 0.01, [
      { learningRate: 0.02, momentum: 0.95, gradient: 0.1 },
      { learningRate: 0.03, momentum: 0.94, gradient: -0.2 },
      { learningRate: 0.04, momentum: 0.93, gradient: 0.05 },
    ]);
    expectClose(values, [0.979800002, 0.991387455307, 0.996077847073], tolerance);
  });

  it('gives torch SGD: decay in the gradient, no dampening', async () => {
    const values = await trace('sgd', 0.1, [
      { learningRate: 0.1, momentum: 0.9, gradient: 0.5 },
      { learningRate: 0.2, momentum: 0.8, gradient: -0.3 },
    ]);
    // b1 = 0.5 + 0.1 = 0.6, p1 = 1 - 0.06; b2 = 0.8 * 0.6 - 0.3 + 0.1 * 0.94 = 0.274, p2 = 0.94 - 0.0548
    expectClose(values, [0.94, 0.8852], tolerance);
  });
});

describe('clipGradient', () => {
  async function clipped(gradient: Float32Array, largest: number): Promise<Float32Array> {
    const before = tf.memory().numTensors;
    const source = tf.tensor1d(gradient);
    const result = clipGradient(source, largest);
    const values = await backend.read(result);
    tf.dispose([source, result]);
    expect(tf.memory().numTensors).toBe(before);
    return values;
  }

  it.each([1, 1e30])('shrinks gradients of about %s to the norm that torch would', async (deviation) => {
    const gradient = signal(1, 3000, 0, deviation);
    const norm = Math.hypot(...gradient);
    for (const share of [0.1, 3]) {
      const coefficient = clipReference(gradient, norm * share);
      const expected = Float64Array.from(gradient, (value) => value * coefficient);
      // A sum of thousands of squares in f32.
      expectClose(await clipped(gradient, norm * share), expected, { atol: 0, rtol: 1e-5 });
    }
  });

  it('leaves zeros and small gradients as they are, and makes NaN of what has no finite norm', async () => {
    expect(await clipped(new Float32Array(8), 1)).toEqual(new Float32Array(8));
    const small = signal(1, 8, 0, 1e-3);
    expect(await clipped(small, 1)).toEqual(small);
    for (const values of [
      [1, NaN],
      [1, Infinity],
      [3e38, 3e38],
    ]) {
      expect([...(await clipped(Float32Array.from(values), 1))]).toEqual([NaN, NaN]);
    }
  });
});
