import { describe, expect, it } from 'vitest';
import { expectClose } from '#testing/gpu.ts';
import { centralDifferences } from '../shared/centralDifference.ts';
import { signal } from '../shared/testData.ts';
import { batchNormBackwardReference, batchNormReference, runningReference } from './reference.ts';

describe('batchNormReference', () => {
  it('gives hand-worked numbers', () => {
    // Two channels over two images of two pixels: channel 0 is 1, 3, 5, 7 and channel 1 constant.
    const shape = { batch: 2, pixels: 2, channels: 2 };
    const inputs = { x: [1, 9, 3, 9, 5, 9, 7, 9], gamma: [2, 1], beta: [1, -4], eps: 0 };
    const { y, mean, variance } = batchNormReference(shape, { ...inputs, relu: true, eps: 1e-12 });
    expect([...mean]).toEqual([4, 9]);
    expect([...variance]).toEqual([5, 0]);
    const z = (x: number) => (2 * (x - 4)) / Math.sqrt(5) + 1;
    expectClose(y, [0, 0, z(3), 0, z(5), 0, z(7), 0], { atol: 1e-9, rtol: 0 });
  });

  it('updates running statistics with a tenth of the batch, the variance unbiased', () => {
    const after = runningReference({ mean: [1], variance: [2] }, { mean: [4], variance: [3], count: 4 }, 0.1);
    expectClose(after.mean, [1.3], { atol: 1e-12, rtol: 0 });
    expectClose(after.variance, [1.8 + 0.4], { atol: 1e-12, rtol: 0 });
  });

  it.each([true, false])('has the gradients of central differences (ReLU %s)', (relu) => {
    const shape = { batch: 2, pixels: 3, channels: 2 };
    const x = Float64Array.from(signal(1, 12, 0.5, 2));
    const gamma = Float64Array.of(1.5, -0.7);
    const beta = Float64Array.of(0.2, 0.3);
    const residual = Float64Array.from(signal(2, 12, 0, 1));
    const dy = signal(3, 12, 0, 1);
    const eps = 1e-5;
    const loss = (changed: Partial<Record<'x' | 'gamma' | 'beta' | 'residual', Float64Array>>) =>
      batchNormReference(shape, { x, gamma, beta, residual, relu, eps, ...changed }).y.reduce(
        (sum, value, i) => sum + value * dy[i]!,
        0,
      );
    const { y } = batchNormReference(shape, { x, gamma, beta, residual, relu, eps });
    const { dx, dz, dGamma, dBeta } = batchNormBackwardReference(shape, { dy, y, x, gamma, relu, eps });
    const close = { atol: 1e-8, rtol: 1e-6 };
    expectClose(
      dx,
      centralDifferences(x, (x) => loss({ x })),
      close,
    );
    expectClose(
      dGamma,
      centralDifferences(gamma, (gamma) => loss({ gamma })),
      close,
    );
    expectClose(
      dBeta,
      centralDifferences(beta, (beta) => loss({ beta })),
      close,
    );
    expectClose(
      dz,
      centralDifferences(residual, (residual) => loss({ residual })),
      close,
    );
  });
});
