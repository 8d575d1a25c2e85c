import { expect, test } from 'vitest';
import { offScaleText } from './OffScaleNote.tsx';

test('says how many values lie off the axis on either side, and the farthest', () => {
  const none = { above: 0, below: 0, highest: 3, lowest: 0, gaps: 0 };
  expect(offScaleText(none)).toBe('');
  expect(offScaleText({ ...none, above: 1, highest: 12.4 })).toBe('1 point above, up to 12.4');
  expect(offScaleText({ ...none, above: 1200, highest: 40, below: 2, lowest: -0.5 })).toBe(
    '1,200 points above, up to 40.0; 2 points below, down to -0.500',
  );
  expect(offScaleText({ ...none, below: 2 }, true)).toBe(
    '2 points below, down to 0.000; a logarithmic axis has no place for zero and less',
  );
});
