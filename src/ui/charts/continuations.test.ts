import { expect, test } from 'vitest';
import { metricsOf, trainRun } from '#client/runRecord.fixtures.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import { continuations } from './continuations.ts';

/** Ten steps of 100 ms that stood still for a minute before some of them. */
function run(id: string, stops: readonly number[]): TrainRecord {
  const elapsedMs = Array.from({ length: 10 }, (_, step) => 100 * (step + 1));
  const wallMs = elapsedMs.map((ms, step) => ms + 60_000 * stops.filter((stop) => stop <= step).length);
  return trainRun({ id, metrics: metricsOf(elapsedMs, { elapsedMs, wallMs }) });
}

const rules = (runs: readonly TrainRecord[], unit: 'step' | 'images' | 'wall' = 'step') =>
  continuations(runs, unit, ({ id }) => id).map(({ at, label }) => [at, label]);

test('a run that went on is marked where it did, but on the axis that shows the gap itself', () => {
  expect(rules([run('a', [4])])).toEqual([[5, 'continued at step 5']]);
  expect(rules([run('a', [4])], 'images')).toEqual([[5 * 64, 'continued at step 5']]);
  expect(rules([run('a', [4])], 'wall')).toEqual([]);
  expect(rules([run('a', [])])).toEqual([]);
});

test('runs that went on together share a mark, and one alone is named', () => {
  expect(rules([run('a', [4]), run('b', [4])])).toEqual([[5, 'continued at step 5']]);
  expect(rules([run('a', [4]), run('b', [])])).toEqual([[5, 'a continued at step 5']]);
  // Words for many would cover each other.
  expect(rules([run('a', [1, 3, 5, 7, 9])]).map(([, label]) => label)).toEqual(['', '', '', '', '']);
});
