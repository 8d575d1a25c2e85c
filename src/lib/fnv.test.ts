import { describe, expect, it } from 'vitest';
import { Fnv1a } from './fnv.ts';

describe('Fnv1a', () => {
  // From the authors' test vectors.
  it.each([
    ['', '811c9dc5'],
    ['a', 'e40c292c'],
    ['foobar', 'bf9cf968'],
  ])('of %j is %s', (text, expected) => {
    expect(new Fnv1a().update(new TextEncoder().encode(text)).hex()).toBe(expected);
  });

  it('does not depend on how the bytes are cut', () => {
    expect(new Fnv1a().update([102, 111]).update([111, 98, 97, 114]).hex()).toBe('bf9cf968');
  });
});
