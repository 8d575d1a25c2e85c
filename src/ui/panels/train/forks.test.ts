import { describe, expect, it } from 'vitest';
import { dataset } from '#client/fakeWorker.fixtures.ts';
import { trainRun } from '#client/runRecord.fixtures.ts';
import { againProblem, forkChoices, forkNetworks, forkProblem } from './forks.ts';

describe('forkChoices', () => {
  it('changes one thing at a time, and nothing to what it is already', () => {
    const { experiment } = trainRun();
    expect(forkChoices({ ...experiment, maxLearningRate: 0.01 }).map(({ label }) => label)).toEqual([
      'LR / 3 (3.3e-3)',
      'GN',
      'WS on',
      'Clip 1',
    ]);
    expect(forkChoices({ ...experiment, norm: 'gn', ws: true, gradientClip: 0.5 })).toHaveLength(1);
  });
});

describe('forkProblem', () => {
  const run = trainRun();
  // 100 training images: ten steps an epoch.
  const experiment = { ...run.experiment, batchSize: 10, epochs: 2 };
  const problem = (change = {}, step = 19, info: typeof dataset | null = dataset): string | undefined =>
    forkProblem(
      run,
      { ...experiment, ...change },
      step,
      info ? { ...info, mean: [0, 0, 0], deviation: [1, 1, 1] } : undefined,
    );

  it('lets a run go on from before its end, or with more epochs', () => {
    expect(problem()).toBeUndefined();
    expect(problem({}, 20)).toBe('That state has done all 20 steps of 2 epochs: give the fork more.');
    expect(problem({ epochs: 3 }, 20)).toBeUndefined();
  });

  it('names what is not allowed, and other data', () => {
    expect(problem({ maxLearningRate: Number.NaN })).toContain('learning rate');
    expect(problem({ gradientClip: Number.NaN })).toContain('Gradient clip');
    expect(problem({}, 1, { ...dataset, hash: '11' })).toContain('load that data set');
    expect(problem({}, 1, null)).toContain('load that data set');
  });
});

describe('againProblem', () => {
  const run = trainRun({ datasetHash: dataset.hash });
  const info = { ...dataset, mean: [0, 0, 0], deviation: [1, 1, 1] } as const;

  it('lets a run begin again, on its data and from the weights of its seed', () => {
    const experiment = { ...run.experiment, batchSize: 10 };
    expect(againProblem(run, experiment, info)).toBeUndefined();
    expect(againProblem(run, experiment, { ...info, hash: '11' })).toContain('load that data set');
    expect(againProblem({ ...run, givenWeights: 'mine.safetensors' }, experiment, info)).toContain(
      'started from mine.safetensors',
    );
    expect(againProblem(run, { ...experiment, batchSize: 500 }, info)).toContain('Batch size');
  });
});

it('offers every normalization once', () => {
  const { experiment } = trainRun();
  const offered = ['None', 'BN', 'GN', 'None+WS', 'BN+WS', 'GN+WS', 'None+Scaled WS'];
  expect([...forkNetworks(experiment).keys()]).toEqual(offered);
  const scaled = { ...experiment, ws: true, wsGain: 'scaled' } as const;
  expect([...forkNetworks(scaled).keys()]).toEqual([...offered, 'BN+Scaled WS']);
});
