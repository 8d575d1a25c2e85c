import { beforeAll, describe, expect, it } from 'vitest';
import { useWebGpuBackend, type WebGpuTensors } from '#gpu/backend.ts';
import * as tf from '#gpu/tf.ts';
import type { Tensor4D } from '#gpu/tf.ts';
import { expectClose, testGpu } from '#testing/gpu.ts';
import { batchNorm, batchNormEvaluation, blendStatistics, groupNorm } from './normalization.ts';

const BATCH = 2;
const SIZE = 3;
const CHANNELS = 4;
const COUNT = BATCH * SIZE * SIZE * CHANNELS;
const SHAPE: [number, number, number, number] = [BATCH, SIZE, SIZE, CHANNELS];
const EPSILON = 1e-5;

/** Numbers in [-1, 1) that look random and are the same everywhere. */
function noise(count: number, salt: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    const x = Math.sin((i + 1) * 12.9898 + salt * 78.233) * 43758.5453;
    return 2 * (x - Math.floor(x)) - 1;
  });
}

/** Which values share statistics with element `i` of `[N, H, W, C]`. */
type Part = (i: number) => string;
const byChannel: Part = (i) => String(i % CHANNELS);
const byGroup =
  (groups: number): Part =>
  (i) =>
    `${Math.floor(i / (SIZE * SIZE * CHANNELS))} ${Math.floor((i % CHANNELS) / (CHANNELS / groups))}`;

/** Normalization in double precision, straight from the definition. */
function reference(x: ArrayLike<number>, part: Part, scale: Float32Array, shift: Float32Array): number[] {
  const parts = new Map<string, number[]>();
  for (let i = 0; i < x.length; i++) {
    const values = parts.get(part(i)) ?? [];
    values.push(x[i]!);
    parts.set(part(i), values);
  }
  return Array.from(x, (value, i) => {
    const values = parts.get(part(i))!;
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
    return ((value - mean) / Math.sqrt(variance + EPSILON)) * scale[i % CHANNELS]! + shift[i % CHANNELS]!;
  });
}

let gpu: WebGpuTensors;

beforeAll(async () => {
  const { context, cache } = await testGpu();
  gpu = await useWebGpuBackend(context, cache);
});

const scale = Float32Array.of(1, 2, -0.5, 0.25);
const shift = Float32Array.of(0, 1, -1, 3);
const weights = noise(COUNT, 2);

const LAYERS: Record<string, { part: Part; layer: typeof batchNorm }> = {
  'batch norm': { part: byChannel, layer: (x, a, b) => batchNorm(x, a, b) },
  'group norm, 2 groups': { part: byGroup(2), layer: (x, a, b) => groupNorm(x, 2, a, b) },
  'group norm, one group': { part: byGroup(1), layer: (x, a, b) => groupNorm(x, 1, a, b) },
  'group norm, a group per channel': { part: byGroup(4), layer: (x, a, b) => groupNorm(x, 4, a, b) },
};

describe.each(Object.entries(LAYERS))('%s', (_, { part, layer }) => {
  it.each([0, 30])('equals the definition for values around %d', async (mean) => {
    const x = noise(COUNT, 1).map((value) => mean + value);
    const before = tf.memory().numTensors;
    const [y, dx, dScale, dShift] = tf.tidy(() => {
      const inputs = [tf.tensor4d(x, SHAPE), tf.tensor1d(scale), tf.tensor1d(shift)];
      const operation = (a: tf.Tensor, b: tf.Tensor, c: tf.Tensor): Tensor4D => layer(a as Tensor4D, b, c);
      const gradients = tf.grads(operation)(inputs, tf.tensor4d(weights, SHAPE));
      return [operation(inputs[0]!, inputs[1]!, inputs[2]!), ...gradients] as const;
    });
    // Values near 30 are known to 2e-6, which division by their deviation of 0.6 leaves at about 1e-5.
    const atol = 2e-6 + mean * 1e-6;
    const close = async (tensor: tf.Tensor, expected: ArrayLike<number>, label: string): Promise<void> => {
      expectClose(await gpu.read(tensor), expected, { atol, rtol: 1e-5, label });
      tensor.dispose();
    };
    await close(y, reference(x, part, scale, shift), 'y');
    const loss = (values: ArrayLike<number>): number =>
      reference(values, part, scale, shift).reduce((sum, value, i) => sum + value * weights[i]!, 0);
    const values = Float64Array.from(x);
    const numeric = Float64Array.from(x, (value, i) => {
      values[i] = value + 1e-4;
      const above = loss(values);
      values[i] = value - 1e-4;
      const below = loss(values);
      values[i] = value;
      return (above - below) / 2e-4;
    });
    await close(dx!, numeric, 'dx');
    const standard = reference(x, part, new Float32Array(CHANNELS).fill(1), new Float32Array(CHANNELS));
    const sums = (of: (i: number) => number): number[] =>
      Array.from({ length: CHANNELS }, (_, c) =>
        standard.reduce((sum, _value, i) => (i % CHANNELS === c ? sum + of(i) : sum), 0),
      );
    // Sums over 18 values.
    await close(
      dScale!,
      sums((i) => standard[i]! * weights[i]!),
      'dScale',
    );
    await close(
      dShift!,
      sums((i) => weights[i]!),
      'dShift',
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('running statistics', () => {
  it('take a tenth of the new batch, with its variance unbiased', async () => {
    const result = tf.tidy(() =>
      blendStatistics(tf.tensor1d([1, 2]), tf.tensor1d([3, 4]), tf.tensor1d([1, 1.5])),
    );
    // 0.9 * 1 + 0.1 * 3; 0.9 * 2 + 0.1 * 4 * 1.5
    expectClose(await gpu.read(result), [1.2, 2.4], { atol: 1e-6, rtol: 0 });
    result.dispose();
  });

  it('normalize in evaluation mode', async () => {
    const x = noise(COUNT, 4);
    const mean = [0.1, -0.2, 0.3, 0];
    const variance = [1, 4, 0.25, 0.01];
    const y = tf.tidy(() =>
      batchNormEvaluation(
        tf.tensor4d(x, SHAPE),
        tf.tensor1d(scale),
        tf.tensor1d(shift),
        tf.tensor1d(mean),
        tf.tensor1d(variance),
      ),
    );
    const expected = Array.from(x, (value, i) => {
      const c = i % CHANNELS;
      return ((value - mean[c]!) / Math.sqrt(variance[c]! + EPSILON)) * scale[c]! + shift[c]!;
    });
    expectClose(await gpu.read(y), expected, { atol: 2e-6, rtol: 2e-6 });
    y.dispose();
  });
});

describe('groupNorm', () => {
  it('refuses groups that do not divide the channels', () => {
    const x = tf.zeros<tf.Rank.R4>([1, 2, 2, 4]);
    const ones = tf.ones([4]);
    expect(() => groupNorm(x, 3, ones, ones)).toThrow('channels (4) must be divisible by groups (3)');
    tf.dispose([x, ones]);
  });
});
