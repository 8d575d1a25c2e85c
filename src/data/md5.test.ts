import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Md5 } from './md5.ts';

test('agrees with the standard for any message in any pieces', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (pieces) => {
      const md5 = new Md5();
      const expected = createHash('md5');
      for (const piece of pieces) {
        md5.update(piece);
        expected.update(piece);
      }
      expect(md5.hex()).toBe(expected.digest('hex'));
    }),
  );
});
