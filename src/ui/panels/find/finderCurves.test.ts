import { describe, expect, it } from 'vitest';
import { finderRun, metricsOf } from '#client/runRecord.fixtures.ts';
import { finderLearningRate } from '#optim/schedules.ts';
import {
  drawnFinders,
  finderCurves,
  finderLossAxis,
  finderOffScale,
  stepAtRate,
  trimmedRates,
} from './finderCurves.ts';

const settings = { start: 1e-7, end: 10, steps: 100 };
const rates = Array.from({ length: 60 }, (_, step) => finderLearningRate(step, settings));
const losses = rates.map((_, step) => (step < 40 ? 3 - step / 40 : 2 + (step - 39) ** 2 / 10));
const run = finderRun({ metrics: metricsOf(losses, { learningRates: rates }) });

describe('finderCurves', () => {
  it('places every loss at its learning rate, and the stop line at four times the best', () => {
    const [curve] = finderCurves([run], [run]);
    expect(curve!.smoothed).toHaveLength(60);
    expect(curve!.smoothed[50]!.x).toBeCloseTo(rates[50]!, 8);
    expect(curve!.stopAbove).toBeCloseTo(4 * Math.min(...losses), 5);
  });

  it('has no stop line before the first step, and computes a curve again only when it has grown', () => {
    const empty = finderRun();
    expect(finderCurves([empty], [empty])[0]).toMatchObject({ best: undefined, stopAbove: undefined });
    const growing = finderRun({ metrics: metricsOf([3]) });
    const points = finderCurves([growing], [growing])[0]!.smoothed;
    expect(finderCurves([growing], [{ ...growing }])[0]!.smoothed).toBe(points);
    const one = Float32Array.of(2);
    const chunk = { losses: one, smoothed: one, learningRates: one, momenta: one, elapsedMs: one };
    growing.metrics.append({ firstStep: 1, ...chunk });
    expect(finderCurves([growing], [growing])[0]).toMatchObject({ best: 2, stopAbove: 8 });
  });

  it('draws the newest, the selected one, and all of the study that is looked at', () => {
    const origin = (studyId: string): NonNullable<typeof run.origin> => ({
      studyId,
      studyTitle: '',
      arm: 0,
      mode: 'queue',
      question: undefined,
    });
    const all = ['a', 'b', 'c', 'd', 'e', 'f'].map((id, i) =>
      finderRun({ id, origin: i < 2 ? origin('old') : i > 3 ? origin('new') : undefined }),
    );
    const ids = (selected: string | undefined, hidden: readonly string[] = []): string =>
      drawnFinders(all, { hidden, selected, limit: 1 })
        .drawn.map(({ id }) => id)
        .join('');
    expect(ids(undefined)).toBe('ef');
    expect(ids('a')).toBe('abef');
    expect(ids('c')).toBe('cef');
    expect(ids(undefined, ['e', 'f'])).toBe('d');
    expect(drawnFinders(all, { hidden: ['a'], selected: undefined, limit: 1 }).moreCount).toBe(3);
  });

  it('knows what the rules leave out: a tenth of the ramp, and five points at the end once that is known', () => {
    expect(trimmedRates(run)).toEqual([[rates[0], rates[10]]]);
    const result = { stoppedAt: 59, reason: 'loss-exploded', suggestions: [], disagree: false } as const;
    expect(trimmedRates({ ...run, result })).toEqual([
      [rates[0], rates[10]],
      [rates[54], rates[59]],
    ]);
    expect(trimmedRates(finderRun())).toEqual([]);
  });

  it('finds the step of a learning rate, and none where the finder did not come', () => {
    expect(stepAtRate(run, rates[42]! * 1.01)).toBe(42);
    expect(stepAtRate(run, 1)).toBeUndefined();
    expect(stepAtRate(run, 1e-9)).toBeUndefined();
  });
});

describe('finderLossAxis', () => {
  const raw = losses.map((loss, step) => (step === 59 ? Number.NaN : step === 5 ? 0 : loss));
  const exploded = finderRun({ metrics: metricsOf(raw, { learningRates: rates }) });
  exploded.metrics.series('smoothed')[5] = 3;
  const curves = finderCurves([exploded], [exploded]);
  const whole = [1e-7, 10] as const;

  it('ends above the stop line, says what lies beyond, and shows all of it on demand', () => {
    const axis = finderLossAxis(curves, whole, { isLog: false, showsAll: false });
    expect(axis.domain).toEqual([0, 10]);
    const above = losses.slice(0, 59).filter((loss) => loss > 10);
    expect(finderOffScale(curves, whole, axis)).toMatchObject({
      above: above.length,
      below: 0,
      highest: Math.fround(Math.max(...above)),
      gaps: 1,
    });
    const all = finderLossAxis(curves, whole, { isLog: false, showsAll: true });
    expect(finderOffScale(curves, whole, all)).toMatchObject({ above: 0, below: 0 });
  });

  it('looks at what is visible alone', () => {
    const early = [1e-7, rates[30]!] as const;
    const axis = finderLossAxis(curves, early, { isLog: false, showsAll: true });
    expect(axis.domain).toEqual([0, 10]);
    expect(finderOffScale(curves, early, axis)).toMatchObject({ above: 0, gaps: 0 });
  });

  it('has no place for zero where it is logarithmic', () => {
    const axis = finderLossAxis(curves, whole, { isLog: true, showsAll: true });
    expect(axis.domain[0]).toBeGreaterThan(0);
    expect(finderOffScale(curves, whole, axis)).toMatchObject({ above: 0, below: 1, lowest: 0 });
  });
});
