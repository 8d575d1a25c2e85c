import { expect, test } from 'vitest';
import { storageText } from './storageText.ts';

const silent = {
  runBytes: 1_200_000,
  usage: undefined,
  quota: undefined,
  isPersistent: undefined,
  problems: [],
};

test('says what the browser says, and no more', () => {
  expect(storageText(silent, 1)).toBe('1 run, 1.2 MB. ');
  expect(storageText({ ...silent, usage: 45e6, quota: 2e9, isPersistent: false }, 1200)).toBe(
    '1,200 runs, 1.2 MB; this site uses 45.0 MB of 2.0 GB. Protected from clean-up: no. ',
  );
});
