import { describe, expect, it } from 'vitest';
import { MetricBuffer } from '#client/metricBuffer.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { runProgress } from './progress.ts';

function run(times: number[], change: Partial<TrainRecord> = {}): TrainRecord {
  const metrics = new MetricBuffer();
  const values = new Float32Array(times.length);
  metrics.append({
    firstStep: 0,
    losses: values,
    smoothed: values,
    learningRates: values,
    momenta: values,
    elapsedMs: Float32Array.from(times),
  });
  const experiment = { ...defaultExperiment(), batchSize: 10, epochs: 2 };
  return {
    id: 'a',
    number: 1,
    kind: 'train',
    experiment,
    datasetTitle: '',
    status: 'running',
    detail: undefined,
    asked: undefined,
    plan: {
      experiment,
      totalSteps: 200,
      stepsPerEpoch: 100,
      trainCount: 1000,
      validCount: 10,
      initialWeightsHash: '',
      orderHash: '',
    },
    metrics,
    epochs: [],
    validating: undefined,
    divergence: undefined,
    ...change,
  };
}

const steady = (count: number, stepMs: number, from = 0): number[] =>
  Array.from({ length: count }, (_, i) => from + (i + 1) * stepMs);

describe('runProgress', () => {
  it('knows nothing before the first step', () => {
    expect(runProgress(run([]))).toEqual({
      steps: 0,
      totalSteps: 200,
      elapsedMs: 0,
      imagesPerSecond: undefined,
      remainingMs: undefined,
      epoch: 1,
    });
  });

  it('measures speed and what is left from the steps', () => {
    const progress = runProgress(run(steady(50, 20)));
    expect(progress.imagesPerSecond).toBeCloseTo(500);
    expect(progress.remainingMs).toBeCloseTo(150 * 20);
    expect(progress.elapsedMs).toBe(1000);
  });

  it('counts validation in what is left and leaves it out of the speed', () => {
    // An epoch of 100 steps of 20 ms and 3 s of validation, then 10 more steps.
    const times = [...steady(100, 20), ...steady(10, 20, 5_000)];
    const epochs = [{ epoch: 0, step: 100, trainLoss: 1, validLoss: 1, accuracy: 0, milliseconds: 5_000 }];
    const progress = runProgress(run(times, { epochs }));
    expect(progress.imagesPerSecond).toBeCloseTo(500);
    expect(progress.remainingMs).toBeCloseTo(0.9 * 5_000);
    expect(progress.epoch).toBe(2);
  });

  it('follows a change of speed', () => {
    const times = [...steady(100, 1), ...steady(90, 200, 100)];
    expect(runProgress(run(times)).imagesPerSecond).toBeCloseTo(50, 0);
  });
});
