import { expect, test } from 'vitest';
import { StepTimer } from './stepTime.ts';

function timeOf(stepsPerEpoch: number | undefined, ...chunks: readonly (readonly number[])[]) {
  const timer = new StepTimer();
  let step = 0;
  for (const chunk of chunks) {
    timer.add(step, chunk, stepsPerEpoch);
    step += chunk.length;
  }
  return timer.time;
}

test('the first arrival of an epoch is not timed, whatever lies before it', () => {
  // Two steps a submission; validation takes 1000 ms between the epochs.
  const times = [500, 500, 520, 520, 540, 540, 1560, 1560, 1580, 1580, 1600, 1600];
  expect(timeOf(6, times)).toEqual({ steps: 8, milliseconds: 80 });
  expect(timeOf(undefined, times)).toEqual({ steps: 10, milliseconds: 1100 });
});

test('chunks add up to the whole, wherever they are cut', () => {
  const times = [10, 10, 20, 20, 30, 30];
  for (let cut = 0; cut <= times.length; cut++) {
    expect(timeOf(3, times.slice(0, cut), times.slice(cut))).toEqual(timeOf(3, times));
  }
});

test('nothing is timed before a second arrival', () => {
  expect(timeOf(10, [])).toBeUndefined();
  expect(timeOf(10, [5, 5, 5])).toBeUndefined();
  // Steps before a fork's first one are not known.
  expect(timeOf(10, [Number.NaN, Number.NaN, 5, 9])).toEqual({ steps: 1, milliseconds: 4 });
});
