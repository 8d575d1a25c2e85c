import { expect, test } from 'vitest';
import { defaultExperiment } from '#domain/parameters.ts';
import { firstExperiment, narrowNote } from './firstExperiment.ts';

test('begins with a narrow network where memory is small, and says so while it is chosen', () => {
  expect(firstExperiment(4)).toEqual({ ...defaultExperiment(), width: 8 });
  expect(narrowNote(8, 4)).toBe('Chosen at first because this device tells of 4 GB of memory; 16 is usual.');
  expect(narrowNote(16, 4)).toBeUndefined();
});

test('keeps the defaults where there is memory, or nothing is known of it', () => {
  for (const gigabytes of [8, undefined]) {
    expect(firstExperiment(gigabytes)).toEqual(defaultExperiment());
    expect(narrowNote(8, gigabytes)).toBeUndefined();
  }
});
