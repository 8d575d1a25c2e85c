import { expect, test } from 'vitest';
import { trainRun } from '#client/runRecord.fixtures.ts';
import { runFilesOf } from './runFiles.ts';

const labels = (change: Parameters<typeof trainRun>[0]): string[] =>
  runFilesOf(trainRun(change)).map(({ label }) => label);

test('a run without a kept state can be taken along from its start', () => {
  expect(labels({})).toEqual(['Continue in PyTorch (.zip)', 'Weights, initial']);
});

test('with one, also from there', () => {
  const all = [
    'Continue in PyTorch (.zip)',
    'PyTorch, from the last weights (.zip)',
    'Weights, initial',
    'Weights, last state',
    'State with optimizer, to go on elsewhere',
  ];
  expect(labels({ checkpointStep: 40 })).toEqual(all);
  // What could not be kept is held in memory.
  expect(labels({ notKept: 'The disk is full.' })).toEqual(all);
});

test('a fork has no initial weights', () => {
  const forkOf = { runId: 'b', step: 10 };
  expect(labels({ forkOf, checkpointStep: 40 })).toEqual([
    'Continue in PyTorch (.zip)',
    'Weights, last state',
    'State with optimizer, to go on elsewhere',
  ]);
  expect(labels({ forkOf })).toEqual([]);
});
