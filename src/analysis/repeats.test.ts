import { describe, expect, it } from 'vitest';
import { defaultExperiment } from '#domain/parameters.ts';
import { armKey, band, groupByArm } from './repeats.ts';

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
