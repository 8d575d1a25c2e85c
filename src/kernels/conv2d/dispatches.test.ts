import { describe, expect, test } from 'vitest';
import { convNorms, resnet18 } from '#domain/resnet.ts';
import { cardDispatches, softwareDispatches } from './dispatches.ts';
import { filterGradient, forward, inputGradient } from './kernel.ts';
import { convShape, multiplyAdds, type ConvShape } from './shape.ts';
import { defaultVariant, type ConvPass } from './variants.ts';

/** Shapes of ResNet-18. */
function shapes(width: number, batch: number): ConvShape[] {
  const network = resnet18({ width, stemPadding: 1, classes: 10 });
  return convNorms(network).map(({ conv }) => convShape(conv, batch));
}

/** Dispatches of the convolution with the most. */
const most = (width: number, batch: number, dispatches: (shape: ConvShape) => number): number =>
  Math.max(...shapes(width, batch).map(dispatches));

describe('a pass is cut into', () => {
  test.each([
    [8, 64],
    [16, 16],
    [64, 2],
  ])('one dispatch on a software adapter at width %i, batch %i', (width, batch) => {
    expect(most(width, batch, softwareDispatches)).toBe(1);
  });

  test('dispatches of less than 50 ms at 4 GFLOP/s on a software adapter', () => {
    expect(most(16, 64, softwareDispatches)).toBe(2);
    expect(most(64, 16, softwareDispatches)).toBe(8);
    for (const shape of shapes(64, 256)) {
      expect((2 * multiplyAdds(shape)) / softwareDispatches(shape) / 4e6).toBeLessThan(50);
    }
  });

  test('one dispatch on a card but for the largest batches of the real network', () => {
    expect(most(64, 128, cardDispatches)).toBe(1);
    expect(most(32, 512, cardDispatches)).toBe(1);
    expect(most(64, 256, cardDispatches)).toBe(2);
    expect(most(64, 512, cardDispatches)).toBe(4);
  });
});

/** Building dispatches touches no GPU: any object serves as a buffer. */
const slice = { buffer: {} as GPUBuffer };

test.each([
  ['a software adapter', true, 16],
  ['a card', false, 512],
])('every convolution has the workgroups for its dispatches on %s', (_, isFallback, batch) => {
  for (const shape of shapes(64, batch)) {
    const wanted = isFallback ? softwareDispatches(shape) : cardDispatches(shape);
    const variant = (pass: ConvPass) => defaultVariant(pass, shape, isFallback);
    const passes = [
      forward(shape, { input: slice, filter: slice, output: slice }, variant('forward'), wanted),
      inputGradient(
        shape,
        { outputGradient: slice, filter: slice, inputGradient: slice },
        { accumulate: false },
        variant('inputGradient'),
        wanted,
      ),
      filterGradient(
        shape,
        { input: slice, outputGradient: slice, partials: slice },
        variant('filterGradient'),
        wanted,
      ),
    ];
    for (const dispatches of passes) {
      expect(dispatches).toHaveLength(wanted);
      // Compiled once for all of them.
      expect(new Set(dispatches.map(({ shader }) => shader)).size).toBe(1);
    }
  }
});
