import { describe, expect, it } from 'vitest';
import { defaultExperiment } from '#domain/parameters.ts';
import type { RunStatus } from '#domain/run.ts';
import { armKey, band, groupByArm, onePerSeed, weightsKey } from './repeats.ts';

describe('band', () => {
  it('gives mean, minimum and maximum of the runs that reached a step', () => {
    const { mean, min, max, count } = band([
      [1, 2, 3],
      [3, 6],
    ]);
    expect([...mean]).toEqual([2, 4, 3]);
    expect([...min]).toEqual([1, 2, 3]);
    expect([...max]).toEqual([3, 6, 3]);
    expect([...count]).toEqual([2, 2, 1]);
  });

  it('leaves out what is not finite', () => {
    const { mean, count } = band([
      Float32Array.of(1, Number.NaN),
      Float32Array.of(3, Number.POSITIVE_INFINITY),
    ]);
    expect([...mean]).toEqual([2, Number.NaN]);
    expect([...count]).toEqual([2, 0]);
    expect(band([]).mean.length).toBe(0);
  });
});

describe('groupByArm', () => {
  it('puts runs together that differ in the seed alone', () => {
    const run = (norm: 'bn' | 'gn', seed: number) => ({ experiment: { ...defaultExperiment(), norm, seed } });
    const runs = [run('gn', 1), run('bn', 0), run('gn', 0)];
    expect(groupByArm(runs).map((arm) => arm.runs)).toEqual([[runs[0], runs[2]], [runs[1]]]);
    expect(armKey(runs[0]!.experiment)).toBe(armKey(runs[2]!.experiment));
    expect(armKey(runs[0]!.experiment)).not.toBe(armKey(runs[1]!.experiment));
  });
});

describe('onePerSeed', () => {
  it('counts a seed that was run again once, by the last run that ran its course', () => {
    const run = (id: string, seed: number, status: RunStatus) => ({
      id,
      status,
      experiment: { ...defaultExperiment(), seed },
    });
    const ids = (...runs: readonly ReturnType<typeof run>[]) => onePerSeed(runs).map(({ id }) => id);
    expect(ids(run('a', 0, 'finished'), run('b', 1, 'finished'), run('c', 0, 'finished'))).toEqual([
      'c',
      'b',
    ]);
    expect(ids(run('a', 0, 'diverged'), run('b', 0, 'stopped'), run('c', 0, 'running'))).toEqual(['a']);
    expect(ids(run('a', 0, 'interrupted'), run('b', 0, 'running'))).toEqual(['a']);
    expect(ids(run('a', 0, 'paused'), run('b', 0, 'running'))).toEqual(['b']);
  });
});

describe('weightsKey', () => {
  it('tells given weights from those of the seed, and apart by what they are', () => {
    const plan = (initialWeightsHash: string) => ({ initialWeightsHash });
    const given = (hash: string, givenWeights: string) => weightsKey({ plan: plan(hash), givenWeights });
    expect(weightsKey({ plan: plan('1') })).toBe(weightsKey({ plan: plan('2') }));
    expect(given('1', 'a.safetensors')).toBe(given('1', 'copy of a.safetensors'));
    expect(given('1', '')).not.toBe(given('2', ''));
    expect(given('1', '')).not.toBe(weightsKey({ plan: plan('1') }));
    expect(weightsKey({ plan: undefined, givenWeights: 'a' })).not.toBe(weightsKey({ plan: undefined }));
  });
});
