import { describe, expect, it } from 'vitest';
import { expectClose } from '#testing/gpu.ts';
import { centralDifferences } from '../shared/centralDifference.ts';
import { signal } from '../shared/testData.ts';
import { headReference } from './reference.ts';

describe('headReference', () => {
  it('gives hand-worked numbers', () => {
    // One image, two pixels, one channel of mean 2; logits 2 and 0.
    const { logits, losses, correct, dLogits } = headReference({ batch: 1, pixels: 2, channels: 1 }, 2, {
      features: [1, 3],
      weight: [1, -1],
      bias: [0, 2],
      labels: [1],
    });
    expect([...logits]).toEqual([2, 0]);
    const wrong = 1 / (1 + Math.exp(-2));
    expectClose(losses, [Math.log(1 + Math.exp(2))], { atol: 1e-12, rtol: 0 });
    expectClose(dLogits, [wrong, -wrong], { atol: 1e-12, rtol: 0 });
    expect(correct).toEqual([0]);
  });

  it('has the gradients of central differences of the mean loss', () => {
    const shape = { batch: 3, pixels: 2, channels: 4 };
    const inputs = {
      features: Float64Array.from(signal(1, 24, 0, 1)),
      weight: Float64Array.from(signal(2, 20, 0, 1)),
      bias: Float64Array.from(signal(3, 5, 0, 1)),
      labels: [4, 0, 2],
    };
    const loss = (changed: Partial<typeof inputs>) =>
      headReference(shape, 5, { ...inputs, ...changed }).losses.reduce((sum, value) => sum + value / 3, 0);
    const { dFeatures, dWeight, dBias } = headReference(shape, 5, inputs);
    const close = { atol: 1e-9, rtol: 1e-6 };
    expectClose(
      dFeatures,
      centralDifferences(inputs.features, (features) => loss({ features })),
      close,
    );
    expectClose(
      dWeight,
      centralDifferences(inputs.weight, (weight) => loss({ weight })),
      close,
    );
    expectClose(
      dBias,
      centralDifferences(inputs.bias, (bias) => loss({ bias })),
      close,
    );
  });
});
