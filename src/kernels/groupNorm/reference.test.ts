import { describe, expect, it } from 'vitest';
import { expectClose } from '#testing/gpu.ts';
import { centralDifferences } from '../shared/centralDifference.ts';
import { signal } from '../shared/testData.ts';
import { groupNormBackwardReference, groupNormReference } from './reference.ts';

describe('groupNormReference', () => {
  it('gives hand-worked numbers', () => {
    // One image of two pixels, four channels in two groups: 0, 2, 2, 4 and 10, 10, 10, 10.
    const x = [0, 2, 10, 10, 2, 4, 10, 10];
    const inputs = { x, gamma: [1, 1, 1, 3], beta: [0, 1, 0, 5], relu: false, eps: 1e-12 };
    const { y, mean, variance } = groupNormReference({ batch: 1, pixels: 2, channels: 4 }, 2, inputs);
    expect([...mean]).toEqual([2, 10]);
    expect([...variance]).toEqual([2, 0]);
    const unit = 2 / Math.SQRT2;
    expectClose(y, [-unit, 1, 0, 5, 0, 1 + unit, 0, 5], { atol: 1e-9, rtol: 0 });
  });

  it('keeps images apart', () => {
    const one = { x: [1, 2], gamma: [1, 1], beta: [0, 0], relu: false, eps: 1e-5 };
    const alone = groupNormReference({ batch: 1, pixels: 1, channels: 2 }, 1, one).y;
    const both = groupNormReference({ batch: 2, pixels: 1, channels: 2 }, 1, { ...one, x: [1, 2, 50, -9] }).y;
    expect(both.slice(0, 2)).toEqual(alone);
  });

  it.each([true, false])('has the gradients of central differences (ReLU %s)', (relu) => {
    const shape = { batch: 2, pixels: 2, channels: 6 };
    const x = Float64Array.from(signal(1, 24, 0.5, 2));
    const gamma = Float64Array.from(signal(4, 6, 1, 0.5));
    const beta = Float64Array.from(signal(5, 6, 0, 0.5));
    const residual = Float64Array.from(signal(2, 24, 0, 1));
    const dy = signal(3, 24, 0, 1);
    const eps = 1e-5;
    const loss = (changed: Partial<Record<'x' | 'gamma' | 'beta' | 'residual', Float64Array>>) =>
      groupNormReference(shape, 2, { x, gamma, beta, residual, relu, eps, ...changed }).y.reduce(
        (sum, value, i) => sum + value * dy[i]!,
        0,
      );
    const { y } = groupNormReference(shape, 2, { x, gamma, beta, residual, relu, eps });
    const { dx, dz, dGamma, dBeta } = groupNormBackwardReference(shape, 2, { dy, y, x, gamma, relu, eps });
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
