import { describe, expect, it } from 'vitest';
import type { DatasetInfo } from '#domain/dataset.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { experimentProblem, runSize } from './plan.ts';

const cifar: DatasetInfo = {
  id: 'cifar10',
  title: 'CIFAR-10',
  classNames: [],
  trainCount: 50_000,
  validCount: 10_000,
  mean: [0, 0, 0],
  deviation: [1, 1, 1],
  hash: '',
  trainHistogram: [],
  notes: [],
};

describe('runSize', () => {
  it.each([
    [64, 781],
    [2, 25_000],
    [256, 195],
  ])('counts the steps of the post at batch size %d', (batchSize, steps) => {
    const size = runSize({ ...defaultExperiment(), batchSize, epochs: 3 }, cifar);
    expect(size).toEqual({
      trainCount: 50_000,
      validCount: 10_000,
      stepsPerEpoch: steps,
      totalSteps: 3 * steps,
    });
  });

  it('uses part of the data where limits say so, and never more than there is', () => {
    const size = runSize({ ...defaultExperiment(), trainLimit: 640, validLimit: 20_000 }, cifar);
    expect(size).toMatchObject({ trainCount: 640, validCount: 10_000, stepsPerEpoch: 10 });
  });
});

describe('experimentProblem', () => {
  it('finds none in the defaults', () => {
    expect(experimentProblem(defaultExperiment(), cifar)).toBeUndefined();
  });

  it('says what is wrong with what cannot run', () => {
    const small = { ...cifar, trainCount: 100 };
    const experiment = defaultExperiment();
    expect(experimentProblem({ ...experiment, batchSize: 256 }, small)).toContain('at most 100');
    expect(experimentProblem({ ...experiment, epochs: 1 }, small)).toContain('at least 2 steps');
    expect(experimentProblem({ ...experiment, epochs: 0 }, cifar)).toContain('Epochs must be');
  });
});
