import { describe, expect, it } from 'vitest';
import { parseList } from './numberList.ts';

describe('parseList', () => {
  it.each([
    ['2 8 64', [2, 8, 64]],
    ['2, 8, 64', [2, 8, 64]],
    ['2,8', [2, 8]],
    ['2;8; 8', [2, 8]],
  ])('reads the batch sizes %s', (text, list) => expect(parseList(text, 'batchSize')).toEqual(list));

  it.each([
    ['1e-3, 5e-3', [1e-3, 5e-3]],
    ['1e-3,5e-3', [1e-3, 5e-3]],
    ['0.001,0.005,', [0.001, 0.005]],
    ['0,05 0,1', [0.05, 0.1]],
    ['0,05; 0,1', [0.05, 0.1]],
  ])('reads the rates %s', (text, list) => expect(parseList(text, 'maxLearningRate')).toEqual(list));

  it.each(['', ',', '2 x', '1.5', '-2'])('refuses the batch sizes “%s”', (text) =>
    expect(parseList(text, 'batchSize')).toBeUndefined(),
  );
});
