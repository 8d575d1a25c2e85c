import { describe, expect, it } from 'vitest';
import { expectClose } from '#testing/gpu.ts';
import { noise } from '../conv2d/testShapes.ts';
import { standardizeGradientReference, standardizeReference } from './reference.ts';
import { scaledGain } from './table.ts';

describe('the Weight Standardization reference', () => {
  it('divides by the unbiased deviation plus eps, each output channel by its own', () => {
    // Channel 0: 1, 2, 3 (mean 2, deviation 1); channel 1: 0, 0, 6 (mean 2, deviation sqrt(12)).
    const { standardized, deviation } = standardizeReference([1, 0, 2, 0, 3, 6], 3, 2, 0.5);
    expectClose(deviation, [1, Math.sqrt(12)], { atol: 0, rtol: 1e-15 });
    const b = 1 / (Math.sqrt(12) + 0.5);
    expectClose(standardized, [-1 / 1.5, -2 * b, 0, -2 * b, 1 / 1.5, 4 * b], { atol: 1e-15, rtol: 1e-15 });
  });

  it('gives zeros for a constant filter and for a single weight', () => {
    expect([...standardizeReference([3, 3, 3], 3, 1, 1e-5).standardized]).toEqual([0, 0, 0]);
    expect([...standardizeReference([3], 1, 1, 1e-5).standardized]).toEqual([0]);
  });

  it('has the deviation of Scaled WS where asked for', () => {
    // PyTorch: sqrt(2 / (1 - 1 / pi)) / 6 times w = (1, 2, 3) standardized.
    expect(scaledGain(36)).toBeCloseTo(0.2854764250749438, 12);
    const { standardized } = standardizeReference([1, 2, 3], 3, 1, 0, scaledGain(36));
    expectClose(standardized, [-0.2854764250749438, 0, 0.2854764250749438], { atol: 0, rtol: 1e-12 });
  });

  it.each([1, 0.3])('has the gradient that central differences find, gain %s', (gain) => {
    const [fanIn, outChannels, eps] = [7, 3, 1e-2];
    const filter = Float64Array.from(noise(fanIn * outChannels, 1));
    const upstream = noise(fanIn * outChannels, 2);
    const loss = (w: Float64Array) =>
      standardizeReference(w, fanIn, outChannels, eps, gain).standardized.reduce(
        (sum, x, i) => sum + x * upstream[i]!,
        0,
      );
    const step = 1e-5;
    const differences = filter.map((_, i) => {
      const shifted = (by: number) => loss(filter.map((w, j) => (j === i ? w + by : w)));
      return (shifted(step) - shifted(-step)) / (2 * step);
    });
    // Truncation is of order step^2, rounding of order 1e-16 / step.
    expectClose(standardizeGradientReference(filter, upstream, fanIn, outChannels, eps, gain), differences, {
      atol: 1e-9,
      rtol: 1e-8,
    });
  });

  it('has a gradient that sums to zero over each filter: a shift of the weights changes nothing', () => {
    const gradient = standardizeGradientReference(noise(18, 1), noise(18, 2), 9, 2, 1e-5);
    for (const o of [0, 1]) {
      let sum = 0;
      for (let i = 0; i < 9; i++) sum += gradient[i * 2 + o]!;
      expect(Math.abs(sum)).toBeLessThan(1e-13);
    }
  });
});
