import { expect, it } from 'vitest';
import { benchConv } from './benchConv.ts';
import { multiplyAdds } from './shape.ts';
import { shapeOf } from './testShapes.ts';
import { softwareVariants } from './variants.ts';

it('benchConv gives a row to every candidate of every pass, in operations that the shape needs', async () => {
  const shape = shapeOf(2, 4, 8, 3, 2, 1, 8);
  const sizes: number[] = [];
  const gpu = {
    buffer(count: number) {
      sizes.push(count);
      return {} as GPUBuffer;
    },
    time: () => Promise.resolve(0.5),
  };
  const rows = await benchConv(gpu, [shape], softwareVariants);
  expect(rows.map(({ pass }) => pass)).toEqual([
    'forward',
    'forward',
    'inputGradient',
    'inputGradient',
    'filterGradient',
    'filterGradient',
  ]);
  // 2 images of 4x4 pixels by 9 taps, 4 and 8 channels; two operations each in half a millisecond.
  expect(multiplyAdds(shape)).toBe(2 * 16 * 9 * 4 * 8);
  for (const { gigaflops } of rows) expect(gigaflops).toBeCloseTo((2 * 9216) / 0.5e-3 / 1e9, 12);
  expect(sizes.slice(0, 3)).toEqual([2 * 64 * 4, 2 * 16 * 8, 9 * 4 * 8]);
});
