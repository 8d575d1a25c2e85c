import { expect, test } from 'vitest';
import { metricsOf, trainRun } from '#client/runRecord.fixtures.ts';
import { freeze, shownRuns } from './frozenRuns.ts';

test('going runs stay as they were, whatever comes after', () => {
  const going = trainRun({ id: 'a', metrics: metricsOf([1, 2]) });
  const over = trainRun({ id: 'b', status: 'finished' });
  const frozen = freeze([going, over]);
  const part = Float32Array.of(3);
  const rest = { smoothed: part, learningRates: part, momenta: part, elapsedMs: part };
  going.metrics.append({ firstStep: 2, losses: part, ...rest });
  const later = trainRun({ id: 'c' });
  const shown = shownRuns([{ ...going, status: 'finished' }, over, later], frozen);
  expect(shown.map(({ id }) => id)).toEqual(['a', 'b']);
  expect([...shown[0]!.metrics.series('losses')]).toEqual([1, 2]);
  expect(shown[0]!.status).toBe('running');
  expect(shown[1]).toBe(over);
});

test('nothing is changed while the charts are not frozen', () => {
  const runs = [trainRun()];
  expect(shownRuns(runs, undefined)).toBe(runs);
});
