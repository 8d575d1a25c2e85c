import { describe, expect, it } from 'vitest';
import { trainRun } from '#client/runRecord.fixtures.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import type { Experiment } from '#domain/experiment.ts';
import { settingsDiff, unfairPair } from './settingsDiff.ts';
import { parseTags } from './tags.ts';

function run(id: string, experiment: Partial<Experiment>, change: Partial<TrainRecord> = {}): TrainRecord {
  return trainRun({ id, experiment: { ...trainRun().experiment, ...experiment }, ...change });
}

describe('settingsDiff', () => {
  it('lists only what differs, in words', () => {
    const runs = [
      run('a', { norm: 'bn', maxLearningRate: 5e-4, trainLimit: 0 }),
      run('b', { norm: 'gn', maxLearningRate: 1e-3, trainLimit: 6400 }),
      run('c', { norm: 'gn', maxLearningRate: 1e-3, trainLimit: 6400 }),
    ];
    expect(settingsDiff(runs).map(({ name, values }) => [name, ...values])).toEqual([
      ['norm', 'BN', 'GN', 'GN'],
      ['maxLearningRate', '5e-4', '1e-3', '1e-3'],
      ['trainLimit', 'all', '6400', '6400'],
    ]);
    expect(settingsDiff(runs.slice(1))).toEqual([]);
  });

  it('sees other data and another past', () => {
    const other = run('b', {}, { datasetHash: 'ffff', forkOf: { runId: 'a', step: 30 } });
    expect(settingsDiff([run('a', {}), other]).map(({ name }) => name)).toEqual(['dataset', 'fork']);
  });

  it('sees other start weights, another end and other probes', () => {
    const plan = { ...trainRun().plan!, initialWeightsHash: '0123abcd' };
    const given = run('b', {}, { plan, givenWeights: 'mine.safetensors' });
    const optional = run('c', {}, { options: { stopRule: { kind: 'images', value: 2000 }, probes: 'none' } });
    expect(
      settingsDiff([run('a', {}), given, optional]).map(({ name, values }) => [name, ...values]),
    ).toEqual([
      ['startWeights', 'of the seed', 'mine.safetensors 0123abcd', 'of the seed'],
      ['stops', 'after its last epoch', 'after its last epoch', 'at 2,000 images'],
      ['probes', 'inside long epochs', 'inside long epochs', 'none'],
    ]);
  });
});

describe('unfairPair', () => {
  it('lets one thing differ: the arm, a rate, the seed', () => {
    expect(unfairPair([run('a', {}), run('b', { norm: 'gn', ws: true, seed: 4 })])).toBeUndefined();
    expect(unfairPair([run('a', {}), run('b', { maxLearningRate: 0.01 })])).toBeUndefined();
    expect(
      unfairPair([run('a', {}), run('b', { norm: 'none', ws: true, wsGain: 'scaled' })]),
    ).toBeUndefined();
    expect(unfairPair([run('a', {}), run('b', { ws: true, gradientClip: 1 })])?.labels).toEqual([
      'Weight Standardization',
      'Gradient clip',
    ]);
    expect(settingsDiff([run('a', {}), run('b', { gradientClip: 1 })])).toMatchObject([
      { name: 'gradientClip', values: ['off', '1'] },
    ]);
    expect(unfairPair([run('a', {}), run('b', {}, { deviceTitle: 'another' })])).toBeUndefined();
  });

  it('names what else differs, as in the pair of the notebook at batch 256', () => {
    const unfair = unfairPair([
      run('a', { epochs: 10, maxLearningRate: 5e-2 }),
      run('b', { ws: true, epochs: 10, maxLearningRate: 1e-2 }),
    ]);
    expect(unfair?.labels).toEqual(['Weight Standardization', 'Max learning rate']);
  });

  it('names start weights that differ besides the arm, and no stop rule', () => {
    const given = { givenWeights: 'mine.safetensors' };
    expect(unfairPair([run('a', {}), run('b', { norm: 'gn' }, given)])?.labels).toEqual([
      'Normalization',
      'Start weights',
    ]);
    expect(unfairPair([run('a', {}), run('b', {}, given)])).toBeUndefined();
    const options = { stopRule: { kind: 'images', value: 2000 } } as const;
    expect(unfairPair([run('a', {}), run('b', { norm: 'gn' }, { options })])).toBeUndefined();
  });

  it('does not compare across batch sizes, which have panels of their own', () => {
    expect(unfairPair([run('a', {}), run('b', { ws: true, batchSize: 2 })])).toBeUndefined();
  });
});

describe('parseTags', () => {
  it('splits at commas and drops empty and repeated ones', () => {
    expect(parseTags(' good, batch  2,,good ')).toEqual(['good', 'batch 2']);
  });
});
