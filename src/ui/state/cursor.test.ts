import { beforeEach, expect, test } from 'vitest';
import { cursorActions, useCursor } from './cursor.ts';

beforeEach(() => cursorActions.clear());

const at = (): unknown => {
  const { group, x, owner, isPinned } = useCursor.getState();
  return group && { group, x, owner, isPinned };
};

test('the cursor follows the pointer and leaves with it', () => {
  cursorActions.move('train', 3, 'a');
  expect(at()).toEqual({ group: 'train', x: 3, owner: 'a', isPinned: false });
  cursorActions.leave('b');
  expect(at()).toBeDefined();
  cursorActions.leave('a');
  expect(at()).toBeUndefined();
});

test('a pinned cursor stays until it is let go, and only keys move it', () => {
  cursorActions.togglePin('train', 5, 'a');
  cursorActions.move('compare', 9, 'b');
  cursorActions.leave('a');
  expect(at()).toEqual({ group: 'train', x: 5, owner: 'a', isPinned: true });
  cursorActions.place('train', 6, 'a');
  expect(at()).toEqual({ group: 'train', x: 6, owner: 'a', isPinned: true });
  cursorActions.togglePin('train', 7, 'a');
  cursorActions.move('train', 8, 'a');
  expect(at()).toEqual({ group: 'train', x: 8, owner: 'a', isPinned: false });
});
