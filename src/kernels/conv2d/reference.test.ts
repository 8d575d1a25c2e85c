import { describe, expect, it } from 'vitest';
import { expectClose } from '#testing/gpu.ts';
import { filterGradientReference, forwardReference, inputGradientReference } from './reference.ts';
import { filterSize } from './shape.ts';
import { noise, shapeOf } from './testShapes.ts';

describe('the convolution reference', () => {
  it('sums the neighbourhood of each pixel, with zeros around the map', () => {
    const shape = shapeOf(1, 1, 1, 3, 1, 1, 3);
    const input = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect([...forwardReference(shape, input, Array(9).fill(1))]).toEqual([
      12, 21, 16, 27, 45, 33, 24, 39, 28,
    ]);
  });

  it('does not turn the filter: its first tap meets the pixel above and left', () => {
    const shape = shapeOf(1, 1, 1, 3, 1, 1, 3);
    const output = forwardReference(shape, [1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect([...output]).toEqual([0, 0, 0, 0, 1, 2, 0, 4, 5]);
  });

  it('pads stride 2 on the left and drops what does not fit, as torch does', () => {
    const shape = shapeOf(1, 1, 1, 3, 2, 1, 4);
    const input = Array.from({ length: 16 }, (_, i) => i);
    // Windows start at -1 and 1 in both directions.
    expect([...forwardReference(shape, input, Array(9).fill(1))]).toEqual([10, 24, 51, 90]);
  });

  it('mixes channels by [kH, kW, inC, outC]', () => {
    const shape = shapeOf(1, 2, 3, 1, 1, 0, 1);
    expect([...forwardReference(shape, [10, 1], [1, 2, 3, 4, 5, 6])]).toEqual([14, 25, 36]);
  });

  it.each([
    ['3x3, stride 1', shapeOf(2, 2, 3, 3, 1, 1, 4)],
    ['3x3, stride 2, odd size', shapeOf(1, 3, 2, 3, 2, 1, 5)],
    ['3x3, stride 2, no padding', shapeOf(1, 2, 2, 3, 2, 0, 6)],
    ['1x1, stride 2', shapeOf(2, 3, 2, 1, 2, 0, 4)],
  ])('has gradients that central differences confirm: %s', (_, shape) => {
    const input = noise(shape.batch * shape.inSize ** 2 * shape.inChannels, 1);
    const filter = noise(filterSize(shape), 2);
    const dy = noise(shape.batch * shape.outSize ** 2 * shape.outChannels, 3);
    const loss = (x: ArrayLike<number>, w: ArrayLike<number>) =>
      forwardReference(shape, x, w).reduce((sum, y, i) => sum + y * dy[i]!, 0);
    const differences = (at: Float32Array, lossAt: (values: Float64Array) => number) =>
      Array.from(at, (_value, i) => {
        const shifted = (by: number) => lossAt(Float64Array.from(at, (v, j) => (j === i ? v + by : v)));
        return (shifted(0.5) - shifted(-0.5)) / 1;
      });
    // The loss is linear in each argument: differences are exact up to double rounding.
    const tolerance = { atol: 1e-12, rtol: 1e-12 };
    expectClose(
      inputGradientReference(shape, dy, filter),
      differences(input, (x) => loss(x, filter)),
      tolerance,
    );
    expectClose(
      filterGradientReference(shape, input, dy),
      differences(filter, (w) => loss(input, w)),
      tolerance,
    );
  });
});
