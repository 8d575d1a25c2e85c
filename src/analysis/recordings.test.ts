import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { decodeRuns } from '#export/runsJson.ts';
import { questions } from './questions.ts';
import { recordedPlans, recordings } from './recordings.ts';

const PUBLIC = resolve(import.meta.dirname, '../../public');

test('recordings stand in the order of the questions, and every file belongs to one', () => {
  const ids = recordings.map(({ question }) => question);
  expect(ids).toEqual(questions.map(({ id }) => id).filter((id) => ids.includes(id)));
  expect(readdirSync(resolve(PUBLIC, 'recorded')).toSorted()).toEqual(
    recordings.map(({ file }) => file.replace('recorded/', '')).toSorted(),
  );
});

test.each(recordings)('the recording of $question holds the runs that its plan names', (recording) => {
  const exported = decodeRuns(readFileSync(resolve(PUBLIC, recording.file), 'utf8'));
  const expected = recordedPlans(recording.question).flatMap((plan) =>
    plan.arms.flatMap((arm) => plan.seeds.map((seed) => ({ ...arm, seed }))),
  );
  expect(exported.map(({ run }) => run.header.experiment)).toEqual(expected);
  expect(exported).toHaveLength(recording.runs);
  for (const { run, steps } of exported) {
    expect(run.header.kind).toBe(recording.kind);
    expect(run.notes.tags).toEqual(['recorded']);
    expect(run.header.origin?.question).toBeUndefined();
    // A result of its own: over, by its end or by divergence, with every step that it says.
    expect(['finished', 'diverged']).toContain(run.status);
    expect(steps.losses).toHaveLength(run.stepCount);
    expect(run.stepCount).toBeGreaterThan(0);
  }
});

test('all studies of a recording are of one kind', () => {
  for (const { question, kind } of recordings) {
    expect(new Set(recordedPlans(question).map((plan) => plan.kind))).toEqual(new Set([kind]));
  }
});

test('a question without a recording is refused', () => {
  expect(() => recordedPlans('P99' as 'P1')).toThrow(/P99/);
});
