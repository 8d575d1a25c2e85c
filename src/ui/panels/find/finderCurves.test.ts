import { describe, expect, it } from 'vitest';
import { finderRun, metricsOf } from '#client/runRecord.fixtures.ts';
import { finderLearningRate } from '#optim/schedules.ts';
import { finderCurves, stepAtRate } from './finderCurves.ts';

const settings = { start: 1e-7, end: 10, steps: 100 };
const rates = Array.from({ length: 60 }, (_, step) => finderLearningRate(step, settings));
const losses = rates.map((_, step) => (step < 40 ? 3 - step / 40 : 2 + (step - 39) ** 2 / 10));
const run = finderRun({ metrics: metricsOf(losses, { learningRates: rates }) });

describe('finderCurves', () => {
  it('places every loss at its learning rate, and the stop line at four times the best', () => {
    const [curve] = finderCurves([run], []);
    expect(curve!.smoothed).toHaveLength(60);
    expect(curve!.smoothed[50]!.x).toBeCloseTo(rates[50]!, 8);
    expect(curve!.stopAbove).toBeCloseTo(4 * Math.min(...losses), 5);
  });

  it('leaves out what is hidden, and has no stop line before the first step', () => {
    expect(finderCurves([run], ['a'])).toEqual([]);
    expect(finderCurves([finderRun()], [])[0]).toMatchObject({ best: undefined, stopAbove: undefined });
  });

  it('finds the step of a learning rate, and none where the finder did not come', () => {
    expect(stepAtRate(run, rates[42]! * 1.01)).toBe(42);
    expect(stepAtRate(run, 1)).toBeUndefined();
    expect(stepAtRate(run, 1e-9)).toBeUndefined();
  });
});
