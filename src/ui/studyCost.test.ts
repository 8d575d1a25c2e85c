import { describe, expect, it } from 'vitest';
import { epochRow, metricsOf, trainRun } from '#client/runRecord.fixtures.ts';
import { EMPTY_QUEUE, withStarted, withStudy } from '#client/studyQueue.ts';
import type { DatasetInfo } from '#domain/dataset.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { shareDone } from './runSteps.ts';
import {
  isMeasured,
  measuredBytes,
  queueTime,
  runTime,
  stepTimes,
  studiesMs,
  studiesTime,
  studyBytes,
  timeText,
  trainingBytes,
} from './studyCost.ts';

const bn = { ...defaultExperiment(), batchSize: 10, epochs: 2 };
const info = { trainCount: 1000, validCount: 300 } as DatasetInfo;
const plan = {
  title: '',
  kind: 'train',
  mode: 'queue',
  arms: [bn],
  seeds: [1, 2],
  finder: undefined,
  question: undefined,
} as const;

/** A run of 100 steps an epoch, 300 validation images and 5.5 s an epoch: 50 ms a step. */
function measured(): ReturnType<typeof trainRun> {
  const run = trainRun({ experiment: bn, epochs: [epochRow(0, { milliseconds: 5_500 })] });
  return { ...run, plan: { ...run.plan!, validCount: 300 } };
}

describe('the time of a study', () => {
  it('follows from what is kept of a run whose steps are not loaded', () => {
    const run = trainRun({
      experiment: bn,
      stepsLoaded: 'absent',
      stepTime: { steps: 40, milliseconds: 800 },
    });
    const finder = { start: 1e-7, end: 10, steps: 100 };
    expect(runTime(bn, finder, info, stepTimes([run], [], 'Test GPU'))!.ms).toBeCloseTo(2_000);
  });

  it('follows from runs of that shape on this device', () => {
    const times = stepTimes([measured()], [], 'Test GPU');
    expect(runTime(bn, undefined, info, times)!.ms).toBeCloseTo(11_000);
    expect(runTime(bn, { start: 1e-7, end: 10, steps: 100 }, info, times)!.ms).toBeCloseTo(5_000);
    expect(studiesMs([plan], info, times)).toBeCloseTo(22_000);
    expect(runTime(bn, undefined, info, stepTimes([measured()], [], 'Other GPU'))).toBeUndefined();
  });

  it('ends where a stop rule ends its runs', () => {
    const times = stepTimes([measured()], [], 'Test GPU');
    const ruled = (kind: 'images' | 'minutes' | 'train-loss', value: number): number | undefined =>
      studiesMs([{ ...plan, options: { stopRule: { kind, value } } }], info, times);
    expect(ruled('images', 500)).toBeCloseTo(5_500);
    expect(ruled('images', 1e6)).toBeCloseTo(22_000);
    expect(ruled('minutes', 0.1)).toBeCloseTo(12_000);
    expect(ruled('train-loss', 1)).toBeCloseTo(22_000);
  });

  it('follows from a measurement, also for another normalization of that size', () => {
    const row = { system: 'NormLab', norm: 'bn', ws: false, ms: 20 } as const;
    const report = { adapter: '', width: 16, batch: 10, finishedAt: new Date(0), rows: [row] };
    const times = stepTimes([], [report as never], undefined);
    const gn = { ...bn, norm: 'gn' } as const;
    expect(runTime(gn, undefined, info, times)).toEqual({
      ms: expect.closeTo(4_400),
      isBorrowed: true,
      isPartial: false,
    });
    expect(runTime(bn, undefined, info, times)!.isBorrowed).toBe(false);
    expect(runTime({ ...bn, batchSize: 2 }, undefined, info, times)).toBeUndefined();
    // What is known of a study counts, and says what it is.
    const arms = [bn, { ...bn, batchSize: 2 }];
    expect(studiesTime([{ ...plan, arms }], info, times)).toEqual({
      ms: expect.closeTo(8_800),
      isBorrowed: false,
      isPartial: true,
    });
    expect(studiesMs([{ ...plan, arms }], info, times)).toBeUndefined();
  });

  it('is what is left while it goes', () => {
    const times = stepTimes([measured()], [], 'Test GPU');
    const queue = withStudy(EMPTY_QUEUE, { ...plan, id: 's' });
    const going = withStarted(queue, new Map([['s/0/1', 'a']]));
    const half = trainRun({
      id: 'a',
      experiment: bn,
      metrics: metricsOf(Array.from({ length: 100 }, () => 1)),
    });
    expect(queueTime(going, [half], info, times)).toEqual({
      ms: expect.closeTo(16_500),
      isBorrowed: false,
      isPartial: false,
    });
    // Gone on with beyond its rule, a run is for all its epochs.
    const options = { stopRule: { kind: 'images', value: 50 * bn.batchSize } } as const;
    const beyond = trainRun({ ...half, options });
    expect(shareDone(beyond)).toBe(shareDone(half));
    expect(shareDone(trainRun({ ...half, options, metrics: metricsOf([1]) }))).toBe(1 / 50);
    expect(queueTime(going, [beyond], info, times).ms).toBeCloseTo(16_500);
  });

  it.each([
    [{ ms: 60_000 }, '60 s left'],
    [{ ms: 60_000, isBorrowed: true }, '≈ 60 s left'],
    [{ ms: 600_000, isBorrowed: true, isPartial: true }, 'at least 10 min left, the rest is not measured'],
    [{ ms: 1_000, isPartial: true }, undefined],
    [{ ms: 1_000, isBorrowed: true }, '< 10 s left'],
  ])('reads %o as %s', (estimate, text) => {
    expect(timeText({ isBorrowed: false, isPartial: false, ...estimate }, ' left')).toBe(text);
  });
});

describe('the memory of a study', () => {
  it('holds weights, gradients and moments of the real network', () => {
    const real = { ...bn, width: 64, batchSize: 1 };
    expect(trainingBytes(real)).toBeGreaterThan(4 * 44e6);
    expect(trainingBytes(real)).toBeLessThan(4 * 44e6 + 20e6);
  });

  it('adds up in a race only', () => {
    const arms = [bn, bn];
    const none = new Map();
    expect(studyBytes({ arms, mode: 'race' }, none)).toBe(2 * studyBytes({ arms, mode: 'queue' }, none));
  });

  it('is what was measured, arm by arm', () => {
    const row = { system: 'NormLab', norm: 'bn', ws: false, ms: 20, gpuBytes: 7e6 } as const;
    const report = { adapter: '', width: 16, batch: 10, finishedAt: new Date(0), rows: [row] };
    const measured = measuredBytes([report as never]);
    const gn = { ...bn, norm: 'gn' } as const;
    expect(studyBytes({ arms: [bn, gn], mode: 'race' }, measured)).toBe(7e6 + trainingBytes(gn));
    expect(isMeasured([bn], measured)).toBe(true);
    expect(isMeasured([bn, gn], measured)).toBe(false);
  });
});
