import { expect, test } from 'vitest';
import { questionById } from '#analysis/questions.ts';
import { trainRun } from '#client/runRecord.fixtures.ts';
import { notebookRun } from './ghosts.ts';

const question = questionById('P1')!;
const origin = {
  studyId: 's',
  studyTitle: 's',
  arm: 0,
  mode: 'race',
  question: { id: 'P1', size: 'full' },
} as const;

test('a run of a question stands beside the notebook’s of the same arm', () => {
  expect(question.ghosts.length).toBeGreaterThan(1);
  for (const ghost of question.ghosts) {
    const experiment = { ...trainRun().experiment, ...ghost.settings };
    expect(notebookRun(trainRun({ origin, experiment }))?.settings).toEqual(ghost.settings);
    expect(notebookRun(trainRun({ experiment }))).toBeUndefined();
  }
});

test('and beside none where the notebook had no such arm', () => {
  const experiment = { ...trainRun().experiment, batchSize: 77 };
  expect(notebookRun(trainRun({ origin, experiment }))).toBeUndefined();
});
