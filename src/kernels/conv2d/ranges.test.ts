import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { convNorms, resnet18 } from '#domain/resnet.ts';
import { filterGradient, forward, inputGradient } from './kernel.ts';
import { cardDispatches, softwareDispatches, workgroupRanges } from './ranges.ts';
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

describe('ranges of workgroups', () => {
  test('cover all of them once, in order, nearly equal and none too long', () => {
    const counts = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 65_000, max: 300_000 }));
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 40 }), fc.constantFrom(1, 4), (count, wanted, grain) => {
        const ranges = workgroupRanges(count, wanted, grain);
        let next = 0;
        for (const { first, count: length } of ranges) {
          expect(first).toBe(next);
          expect(first % grain).toBe(0);
          expect(length).toBeGreaterThan(0);
          expect(length).toBeLessThanOrEqual(65_535);
          next = first + length;
        }
        expect(next).toBe(count);
        const lengths = ranges.slice(0, -1).map(({ count: length }) => length);
        if (lengths.length > 0)
          expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(grain);
        const fit = Math.ceil(count / grain);
        if (count <= 65_532) expect(ranges).toHaveLength(Math.min(wanted, fit));
      }),
    );
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
