import { describe, expect, it } from 'vitest';
import { epochRow, metricsOf, trainRun } from '#client/runRecord.fixtures.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { runProgress } from './progress.ts';

function run(times: number[], change: Partial<TrainRecord> = {}): TrainRecord {
  const experiment = { ...defaultExperiment(), batchSize: 10, epochs: 2 };
  return trainRun({ experiment, metrics: metricsOf(times, { elapsedMs: times }), ...change });
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
      remainingErrorMs: undefined,
      isAtMost: false,
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
    const epochs = [epochRow(0, { milliseconds: 5_000 })];
    const progress = runProgress(run(times, { epochs }));
    expect(progress.imagesPerSecond).toBeCloseTo(500);
    expect(progress.remainingMs).toBeCloseTo(0.9 * 5_000);
    expect(progress.epoch).toBe(2);
  });

  it('ends where a rule of images does', () => {
    const options = { stopRule: { kind: 'images', value: 1000 } } as const;
    const progress = runProgress(run(steady(50, 20), { options }));
    expect(progress.totalSteps).toBe(100);
    expect(progress.remainingMs).toBeCloseTo(50 * 20);
    // Gone on with after that, it is for all epochs again.
    expect(runProgress(run(steady(101, 20), { options })).totalSteps).toBe(200);
  });

  it('ends with the minutes of a rule where those are over first, and is exact then', () => {
    const within = { options: { stopRule: { kind: 'minutes', value: 0.05 } } } as const;
    expect(runProgress(run(steady(50, 20), within))).toMatchObject({
      remainingMs: 2_000,
      remainingErrorMs: undefined,
    });
    const beyond = { options: { stopRule: { kind: 'minutes', value: 5 } } } as const;
    expect(runProgress(run(steady(50, 20), beyond)).remainingMs).toBeCloseTo(3_000);
  });

  it('is at most that with a target loss', () => {
    const options = { stopRule: { kind: 'train-loss', value: 0.5 } } as const;
    expect(runProgress(run(steady(50, 20), { options })).isAtMost).toBe(true);
  });

  it('tells how far off the rest may be from how steps vary', () => {
    expect(runProgress(run(steady(50, 20))).remainingErrorMs).toBeCloseTo(0, 1);
    const uneven = Array.from({ length: 81 }, (_, i) => 20 * i + (Math.floor(i / 10) % 2) * 100);
    const { remainingMs, remainingErrorMs } = runProgress(run(uneven));
    expect(remainingErrorMs! / remainingMs!).toBeGreaterThan(0.1);
    expect(remainingErrorMs! / remainingMs!).toBeLessThan(0.6);
    expect(runProgress(run(steady(3, 20))).remainingErrorMs).toBeUndefined();
  });

  it('follows a change of speed', () => {
    const times = [...steady(100, 1), ...steady(90, 200, 100)];
    expect(runProgress(run(times)).imagesPerSecond).toBeCloseTo(50, 0);
  });
});
