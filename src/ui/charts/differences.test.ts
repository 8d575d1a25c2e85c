import { describe, expect, it } from 'vitest';
import { epochRow, metricsOf, trainRun } from '#client/runRecord.fixtures.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { differenceSeries, epochDifferences, valueBetween } from './differences.ts';

const view = { smoothing: 1, smoothingUnit: 'steps', range: undefined, isXLog: false } as const;

describe('differenceSeries', () => {
  it('is zero between equal runs, and missing where the baseline ends', () => {
    const run = trainRun({ id: 'a', metrics: metricsOf([3, 2, 1]) });
    const baseline = trainRun({ id: 'b', metrics: metricsOf([3, 2]) });
    expect(Array.from(differenceSeries(run, baseline, { ...view, unit: 'step' }).values)).toEqual([
      0,
      0,
      Number.NaN,
    ]);
  });

  it('compares runs of different batch size at the same number of images', () => {
    const experiment = defaultExperiment();
    const run = trainRun({
      id: 'a',
      experiment: { ...experiment, batchSize: 2 },
      metrics: metricsOf([9, 8, 7, 6]),
    });
    const baseline = trainRun({
      id: 'b',
      experiment: { ...experiment, batchSize: 4 },
      metrics: metricsOf([5, 3]),
    });
    const { points } = differenceSeries(run, baseline, { ...view, unit: 'images' });
    expect(points).toEqual([
      { x: 2, y: 4 }, // half a step before the baseline's first: its value
      { x: 4, y: 3 },
      { x: 6, y: 3 },
      { x: 8, y: 3 },
    ]);
  });
});

describe('epochDifferences', () => {
  it('compares the same epochs, and leaves out what one of the two lacks', () => {
    const run = trainRun({
      metrics: metricsOf(Array.from({ length: 300 }, () => 1)),
      epochs: [
        epochRow(0, { validLoss: 1, accuracy: 0.5 }),
        epochRow(1, { validLoss: Number.NaN, accuracy: 0.75 }),
        epochRow(2),
      ],
    });
    const baseline = trainRun({ epochs: [epochRow(0, { validLoss: 1.5, accuracy: 0.25 }), epochRow(1)] });
    expect(epochDifferences(run, baseline, { unit: 'epoch' }, 'validLoss')).toEqual([
      { x: 1, y: -0.5 },
      { x: 2, y: null },
    ]);
    expect(epochDifferences(run, baseline, { unit: 'step' }, 'accuracy')).toEqual([
      { x: 100, y: 0.25 },
      { x: 200, y: 0.25 },
    ]);
  });
});

describe('valueBetween', () => {
  it('interpolates, and has nothing beyond the ends', () => {
    expect(valueBetween([2, 4], 0.25)).toBe(2.5);
    expect(valueBetween([2, 4], 1.6)).toBeNaN();
    expect(valueBetween([], 0)).toBeNaN();
  });
});
