import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Sha256 } from './sha256.ts';

test('agrees with the standard for any message in any pieces', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.array(fc.nat(300), { maxLength: 5 }),
      (message, cuts) => {
        const sha = new Sha256();
        let at = 0;
        for (const cut of cuts.filter((cut) => cut <= message.length).sort((a, b) => a - b)) {
          sha.update(message.subarray(at, cut));
          at = Math.max(at, cut);
        }
        sha.update(message.subarray(at));
        expect(sha.hex()).toBe(createHash('sha256').update(message).digest('hex'));
      },
    ),
  );
});

test('starts afresh after a reset', () => {
  const sha = new Sha256();
  sha.update(new Uint8Array(100)).hex();
  expect(sha.reset().hex()).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});
