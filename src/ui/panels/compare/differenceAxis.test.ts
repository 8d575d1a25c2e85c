import { expect, test } from 'vitest';
import { symmetricAxis } from './differenceAxis.ts';

test('has zero in its middle, and leaves out an explosion unless all is asked for', () => {
  const points = Array.from({ length: 200 }, (_, x) => ({ x, y: x === 150 ? 40 : x % 2 === 0 ? -0.3 : 0.3 }));
  expect(symmetricAxis([points], false).domain).toEqual([-0.4, 0.4]);
  expect(symmetricAxis([points], true).domain).toEqual([-40, 40]);
  expect(symmetricAxis([[{ x: 0, y: null }]], true).domain).toEqual([-0.1, 0.1]);
});
