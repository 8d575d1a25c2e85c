import { beforeAll, describe, expect, it } from 'vitest';
import type { Norm } from '#domain/experiment.ts';
import { parameterTable, resnet18 } from '#domain/resnet.ts';
import { useWebGpuBackend, type WebGpuTensors } from '#gpu/backend.ts';
import * as tf from '#gpu/tf.ts';
import { normals } from '#lib/randomStream.ts';
import { expectClose, testGpu } from '#testing/gpu.ts';
import { initialWeights } from './init.ts';
import { crossEntropy, forward } from './resnet.ts';

const network = resnet18({ width: 8, stemPadding: 1, classes: 10 });
const images = normals(1, 99, 0, 4 * 32 * 32 * 3);

let gpu: WebGpuTensors;

beforeAll(async () => {
  const { context, cache } = await testGpu();
  gpu = await useWebGpuBackend(context, cache);
});

/** Training-mode logits. */
async function logits(
  arm: { norm: Norm; ws: boolean },
  weights: ReadonlyMap<string, Float32Array>,
): Promise<Float32Array> {
  const before = tf.memory().numTensors;
  const result = tf.tidy(() => {
    const parameters = new Map(
      parameterTable(network, arm.norm).tensors.map(({ name, shape }) => [
        name,
        tf.tensor(weights.get(name)!, [...shape]),
      ]),
    );
    return forward({ network, ...arm }, parameters, tf.tensor4d(images, [4, 32, 32, 3]), {
      kind: 'training',
    });
  });
  const values = await gpu.read(result);
  result.dispose();
  expect(tf.memory().numTensors).toBe(before);
  return values;
}

/** The same weights with zero mean per output channel of every filter. */
function centred(weights: ReadonlyMap<string, Float32Array>, norm: Norm): Map<string, Float32Array> {
  const out = new Map(weights);
  for (const { name, kind, shape } of parameterTable(network, norm).tensors) {
    if (kind !== 'filter') continue;
    const outChannels = shape[3]!;
    const filter = weights.get(name)!;
    const fanIn = filter.length / outChannels;
    const means = new Float64Array(outChannels);
    filter.forEach((value, i) => (means[i % outChannels]! += value / fanIn));
    out.set(
      name,
      filter.map((value, i) => value - means[i % outChannels]!),
    );
  }
  return out;
}

const largestDifference = (a: Float32Array, b: Float32Array): number =>
  a.reduce((max, value, i) => Math.max(max, Math.abs(value - b[i]!)), 0);

describe('Weight Standardization', () => {
  it('before BN is BN of centred weights: BN undoes the division', async () => {
    const weights = initialWeights(network, 'bn', 5);
    const standardized = await logits({ norm: 'bn', ws: true }, weights);
    const plain = await logits({ norm: 'bn', ws: false }, centred(weights, 'bn'));
    // Not exact, for BN adds its epsilon to variances of different size.
    expectClose(standardized, plain, { atol: 1e-4, rtol: 0, label: 'logit' });
    expect(largestDifference(standardized, await logits({ norm: 'bn', ws: false }, weights))).toBeGreaterThan(
      0.01,
    );
  });

  it('before GN is something else: a group mixes filters of different norm', async () => {
    const weights = initialWeights(network, 'gn', 5);
    const standardized = await logits({ norm: 'gn', ws: true }, weights);
    const plain = await logits({ norm: 'gn', ws: false }, centred(weights, 'gn'));
    expect(largestDifference(standardized, plain)).toBeGreaterThan(0.01);
  });
});

describe('crossEntropy', () => {
  it('stays finite and exact where a probability underflows', async () => {
    const losses = tf.tidy(() =>
      crossEntropy(
        tf.tensor2d([
          [0, 200],
          [1, 1],
        ]),
        tf.tensor2d([
          [1, 0],
          [0, 1],
        ]),
      ),
    );
    expectClose(await gpu.read(losses), [200, Math.log(2)], { atol: 1e-6, rtol: 1e-6 });
    losses.dispose();
  });
});
