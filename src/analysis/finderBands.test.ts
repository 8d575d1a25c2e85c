import { describe, expect, it } from 'vitest';
import type { FinderResult, Suggestion } from '#domain/run.ts';
import { finderLearningRate } from '#optim/schedules.ts';
import { finderBand, finderStepsFor, ruleRanges, type FinderCurve } from './finderBands.ts';

const settings = { start: 1e-7, end: 10, steps: 100 };
const curve = (
  losses: readonly number[],
  reason: FinderResult['reason'] = 'completed',
  suggestions: readonly Suggestion[] = [],
): FinderCurve => ({ losses, result: { reason, stoppedAt: losses.length - 1, suggestions } });
const constant = (loss: number, length = 100) => Array.from({ length }, () => loss);

describe('finderStepsFor', () => {
  it.each([
    [6400, 64, 100],
    [6400, 2, 2000],
    [6400, 16, 400],
    [6400, 256, 100],
    [1e9, 1, 2000],
  ])('gives %d images at batch size %d %d steps', (images, batchSize, steps) => {
    expect(finderStepsFor(images, batchSize)).toBe(steps);
  });
});

describe('finderBand', () => {
  it('gives the median and the range over the seeds, from the trim on', () => {
    const { firstStep, learningRates, loss, relative, count } = finderBand(
      [curve(constant(2)), curve(constant(3)), curve(constant(7))],
      settings,
    );
    expect(firstStep).toBe(10);
    expect(learningRates[0]).toBeCloseTo(finderLearningRate(10, settings), 15);
    expect(learningRates.length).toBe(90);
    expect([loss.median[5], loss.min[5], loss.max[5]].map((value) => value!.toFixed(9))).toEqual([
      '3.000000000',
      '2.000000000',
      '7.000000000',
    ]);
    expect(relative.max[5]).toBeCloseTo(1, 12);
    expect(count[5]).toBe(3);
  });

  it('counts an exploded finder as higher than all, and ends with the median', () => {
    const short = curve(constant(2, 50), 'loss-exploded');
    const two = finderBand([short, curve(constant(3)), curve(constant(4))], settings);
    expect(two.learningRates.length).toBe(90);
    expect(two.loss.median[60]).toBeCloseTo(4, 9); // of 3, 4 and infinity
    const one = finderBand([short, short, curve(constant(3))], settings);
    expect(one.learningRates.length).toBe(40);
  });

  it('ends where fewer than half are left, without calling it an explosion', () => {
    const stopped = curve(constant(2, 50), 'stopped');
    const { loss } = finderBand([stopped, stopped, curve(constant(3))], settings);
    expect(loss.median.length).toBe(40);
    const { loss: half } = finderBand([stopped, curve(constant(3))], settings);
    expect(half.median.length).toBe(90);
    expect(half.median.at(-1)).toBeCloseTo(3, 9);
  });

  it('is empty before the first step', () => {
    expect(finderBand([], settings).learningRates.length).toBe(0);
    expect(finderBand([curve([2, 2])], settings).learningRates.length).toBe(0);
  });
});

describe('ruleRanges', () => {
  it('gives each rule its range and says when that is no answer', () => {
    const suggestion = (rule: Suggestion['rule'], learningRate: number | undefined): Suggestion => ({
      rule,
      learningRate,
      index: undefined,
    });
    const ranges = ruleRanges([
      curve([], 'completed', [
        suggestion('valley', 1e-4),
        suggestion('steep', 1e-5),
        suggestion('slide', undefined),
      ]),
      curve([], 'completed', [suggestion('valley', 3e-4), suggestion('steep', 1)]),
    ]);
    expect(ranges).toEqual([
      {
        rule: 'valley',
        count: 2,
        min: 1e-4,
        median: expect.closeTo(Math.sqrt(3) * 1e-4, 12),
        max: 3e-4,
        isUnreliable: false,
      },
      {
        rule: 'steep',
        count: 2,
        min: 1e-5,
        median: expect.closeTo(Math.sqrt(1e-5), 12),
        max: 1,
        isUnreliable: true,
      },
    ]);
  });
});
