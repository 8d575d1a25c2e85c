import { describe, expect, test } from 'vitest';
import type { FinderRule, Suggestion } from '#domain/run.ts';
import { finderBeta, finderTrim, FinderStopRule, suggestLearningRates } from './lrFinder.ts';
import { finderLearningRate, finderSchedule } from './schedules.ts';

const settings = { start: 1e-7, end: 10, steps: 100 };
const { learningRate: rates } = finderSchedule(settings);

function byRule(
  learningRates: ArrayLike<number>,
  smoothed: ArrayLike<number>,
  steps = 100,
): Map<FinderRule, Suggestion> {
  const { suggestions } = suggestLearningRates(learningRates, smoothed, steps);
  return new Map(suggestions.map((suggestion) => [suggestion.rule, suggestion]));
}

describe('suggestLearningRates', () => {
  const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
  const curve = rates.map(
    (rate) => 2.3 - 0.2 * logistic(2 * (Math.log10(rate) + 3.5)) + 3 * logistic(3 * (Math.log10(rate) - 0.2)),
  );

  // Indices of the specification count in the trimmed curve, which starts at point 10.
  test.each<[FinderRule, number | undefined, number]>([
    ['valley', 26, 7.58577575e-5],
    ['steep', 33, 2.754228703e-4],
    ['minimum', 54, 1.318256739e-3],
    ['slide', undefined, 2.290867653e-4],
    ['v1', 34, 3.311311215e-4],
  ])('%s on the curve of the specification', (rule, index, expected) => {
    const suggestion = byRule(rates, curve).get(rule)!;
    expect(Math.abs(suggestion.learningRate! - expected)).toBeLessThan(1e-9);
    expect(suggestion.learningRate! / expected).toBeCloseTo(1, 9);
    if (index !== undefined) expect(suggestion.index).toBe(index + 10);
    expect(suggestion.note).toBeUndefined();
  });

  test('puts the marker of each rule on the point it was computed at', () => {
    for (const { rule, learningRate, index } of byRule(rates, curve).values()) {
      expect(learningRate).toBeCloseTo(rule === 'minimum' ? rates[index!]! / 10 : rates[index!]!, 12);
    }
  });

  test('reports a disagreement above a factor of ten only', () => {
    // valley 7.6e-5 against minimum 1.3e-3 on this curve.
    expect(suggestLearningRates(rates, curve, 100).disagree).toBe(true);
    const falling = rates.map((_, k) => (k < 60 ? 3 - k / 30 : 1 + (k - 60) / 10));
    const { suggestions } = suggestLearningRates(rates, falling, 100);
    const found = suggestions.map(({ learningRate }) => learningRate!).filter((rate) => rate !== undefined);
    expect(suggestLearningRates(rates, falling, 100).disagree).toBe(
      Math.max(...found) > 10 * Math.min(...found),
    );
  });

  test('gives no suggestion, with a reason, where the curve never falls', () => {
    const rising = rates.map((_, k) => 2 + k / 100);
    const found = byRule(rates, rising);
    for (const rule of ['valley', 'steep', 'minimum', 'v1'] as const) {
      expect(found.get(rule)).toEqual({
        rule,
        learningRate: undefined,
        index: undefined,
        note: 'The loss never falls over this part of the curve.',
      });
    }
  });

  test('treats a flat curve as one that never falls', () => {
    const flat = new Float64Array(100).fill(2.3);
    for (const rule of ['valley', 'steep', 'minimum', 'v1'] as const) {
      expect(byRule(rates, flat).get(rule)!.learningRate).toBeUndefined();
    }
  });

  test('valley has no suggestion where the longest decrease is only the first two points', () => {
    const losses = rates.map((_, k) => (k <= 10 ? 3 : 2 + k / 100));
    expect(byRule(rates, losses).get('valley')!.note).toBe('The longest decrease is only two points long.');
  });

  test('says that there are too few points instead of wrapping around', () => {
    const short = byRule(rates.slice(0, 16), curve.slice(0, 16)); // one point is left between the trims
    for (const rule of ['valley', 'steep', 'minimum', 'v1'] as const) {
      expect(short.get(rule)!.note).toBe('Not enough points: 1, and this rule needs 2.');
    }
    expect(short.get('slide')!.note).toBe('Not enough points: 1, and this rule needs 16.');
    expect(byRule(rates.slice(0, 30), curve.slice(0, 30)).get('slide')!.note).toContain(
      '15, and this rule needs 16',
    );
    expect(byRule(rates.slice(0, 31), curve.slice(0, 31)).get('slide')!.learningRate).toBe(rates[10]);
    for (const { note } of byRule([], []).values()) expect(note).toContain('Not enough points: 0');
  });

  test('cuts the curve before its first NaN', () => {
    const broken = curve.slice();
    broken[60] = Number.NaN;
    expect(byRule(rates, broken)).toEqual(byRule(rates.slice(0, 65), broken.slice(0, 65)));
    expect(byRule(rates, broken).get('steep')!.index).toBe(43);
    expect(byRule(rates, broken).get('minimum')!.index).toBe(59);
  });

  test('trims the same stretch of the ramp at any number of steps, fastai’s at its 100', () => {
    expect(finderTrim(100, 100)).toEqual({ from: 10, to: 95 });
    expect(finderTrim(180, 200)).toEqual({ from: 20, to: 170 });
    expect(finderTrim(1000, 1000)).toEqual({ from: 100, to: 950 });
    expect(finderTrim(3, 100)).toEqual({ from: 10, to: 10 });
    const long = { start: 1e-7, end: 10, steps: 200 };
    const falling = Float64Array.from({ length: 200 }, (_, k) => (k === 16 ? 0 : 3 - k / 1000));
    const longRates = Float64Array.from({ length: 200 }, (_, k) => finderLearningRate(k, long));
    const found = byRule(longRates, falling, 200);
    expect(found.get('v1')!.index).toBeGreaterThanOrEqual(20); // the dip at 16 lies before the trim
    expect(found.get('minimum')!.index).toBe(189);
  });
});

describe('FinderStopRule', () => {
  const stopsAt = (losses: readonly number[], steps: number): readonly [number, string | undefined] => {
    const rule = new FinderStopRule(steps);
    for (const [k, loss] of losses.entries()) {
      const { reason } = rule.add(loss);
      if (reason) return [k, reason];
    }
    return [losses.length, undefined];
  };

  test('stops once the smoothed loss exceeds four times the best', () => {
    // s after one value 2 and n values x is (.98^n·.02·2 + (1 - .98^n)·x) / (1 - .98^(n+1)).
    const rule = new FinderStopRule(100);
    expect(rule.add(2)).toEqual({ smoothed: 2, reason: undefined });
    expect(rule.stopAbove).toBe(8);
    const second = rule.add(14); // (.98·.02·2 + .02·14) / .0396 = 8.0606...
    expect(second.smoothed).toBeCloseTo(8.0606, 4);
    expect(second.reason).toBe('loss-exploded');
  });

  test('smooths over the same part of the ramp whatever its number of steps', () => {
    expect(finderBeta(100)).toBe(0.98);
    expect(finderBeta(1000)).toBeCloseTo(0.997982, 6);
    // A constant rise per decade lags behind by the same share of the ramp.
    const lag = (steps: number): number => {
      const rule = new FinderStopRule(steps);
      let smoothed = 0;
      for (let k = 0; k < steps; k++) ({ smoothed } = rule.add(10 + k / steps));
      return 11 - smoothed;
    };
    expect(lag(1000)).toBeCloseTo(lag(100), 1);
  });

  test('goes on at four times the best exactly', () => {
    const rule = new FinderStopRule(100);
    rule.add(2);
    expect(rule.add(13.8).reason).toBeUndefined();
    expect(rule.stopAbove).toBe(8);
  });

  test('lowers the best as the loss falls', () => {
    const rule = new FinderStopRule(100);
    rule.add(2);
    rule.add(1);
    expect(rule.stopAbove).toBeCloseTo(4 * ((0.98 * 2 + 1) / 1.98), 12);
  });

  test('completes after the last step', () => {
    expect(stopsAt([2, 2, 2, 2], 3)).toEqual([2, 'completed']);
    expect(stopsAt([2], 1)).toEqual([0, 'completed']);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('stops at a loss of %f', (loss) => {
    expect(stopsAt([2, loss, 2], 100)).toEqual([1, 'not-finite']);
    expect(stopsAt([loss], 100)).toEqual([0, 'not-finite']);
  });

  test('says that the loss exploded where the last step does it', () => {
    expect(stopsAt([2, 1000], 2)).toEqual([1, 'loss-exploded']);
  });
});
