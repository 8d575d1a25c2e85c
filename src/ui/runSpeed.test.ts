import { describe, expect, it } from 'vitest';
import { metricsOf, trainRun } from '#client/runRecord.fixtures.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { flopsPerImage, meanImagesPerSecond } from './runSpeed.ts';

/** A run in batches of 10 with 100 steps an epoch. */
function run(times: number[]): TrainRecord {
  const experiment = { ...defaultExperiment(), batchSize: 10 };
  return trainRun({ experiment, metrics: metricsOf(times, { elapsedMs: times }) });
}

const steady = (count: number, stepMs: number, from = 0): number[] =>
  Array.from({ length: count }, (_, i) => from + (i + 1) * stepMs);

describe('meanImagesPerSecond', () => {
  it('leaves validation between epochs out', () => {
    expect(meanImagesPerSecond(run([...steady(100, 20), ...steady(40, 20, 9_000)]))).toBeCloseTo(500);
  });

  it('counts no step whose time is unknown where several arrive at once', () => {
    const fours = Array.from({ length: 100 }, (_, i) => 80 * (Math.floor(i / 4) + 1));
    expect(meanImagesPerSecond(run(fours))).toBeCloseTo(500);
  });

  it('is unknown after a single step, and after none', () => {
    expect(meanImagesPerSecond(run([7]))).toBeUndefined();
    expect(meanImagesPerSecond(run([]))).toBeUndefined();
  });
});

describe('flopsPerImage', () => {
  it('is six per multiply-add of the real ResNet-18 for small images: 0.557 G of them', () => {
    expect(flopsPerImage({ width: 64, stemPadding: 1 }) / 6e9).toBeCloseTo(0.556, 2);
  });
});
