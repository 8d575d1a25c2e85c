import { expect, it } from 'vitest';
import { questionById } from '#analysis/questions.ts';
import type { DatasetInfo } from '#domain/dataset.ts';
import { startProblem } from './startProblem.ts';

const info = { trainCount: 10_000, validCount: 2_000 } as DatasetInfo;
const { studies } = questionById('P1')!.sizes.quick;

it('lets a study start, but not with seeds that are being typed wrongly', () => {
  expect(startProblem(studies, undefined, info)).toBeUndefined();
  expect(startProblem(studies, '0 1 2', info)).toBeUndefined();
  expect(startProblem(studies, '0 1 x', info)).toBe('Correct the seeds first.');
});

it('says of any of several studies what stands against it', () => {
  const empty = { ...studies[0]!, arms: [] };
  expect(startProblem([studies[0]!, empty], undefined, info)).toBe('Add an arm first.');
  const alone = { ...studies[0]!, arms: studies[0]!.arms.slice(1) };
  expect(startProblem([alone], undefined, info)).toContain('A race needs 2 to 6 arms');
});
