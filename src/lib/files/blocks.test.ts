import fc from 'fast-check';
import { expect, it } from 'vitest';
import { blocksOf } from './blocks.ts';

it('gives all bytes in order, in full blocks and a rest, however they are cut into parts', async () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 20 }));
  await fc.assert(
    fc.asyncProperty(parts, fc.integer({ min: 1, max: 9 }), async (given, size) => {
      const blocks: number[][] = [];
      for await (const block of blocksOf(given, size)) blocks.push([...block]);
      expect(blocks.flat()).toEqual(given.flatMap((part) => [...part]));
      expect(blocks.slice(0, -1).every((block) => block.length === size)).toBe(true);
      expect(blocks.every((block) => block.length > 0)).toBe(true);
    }),
  );
});
