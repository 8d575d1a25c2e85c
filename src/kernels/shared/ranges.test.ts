import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { workgroupRanges } from './ranges.ts';

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
