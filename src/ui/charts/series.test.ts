import { describe, expect, it } from 'vitest';
import { defaultExperiment } from '#domain/parameters.ts';
import { epochRow, metricsOf, trainRun } from '#client/runRecord.fixtures.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import { FASTAI_WINDOW, POINTS_PER_LINE, focusRange, runSeries } from './series.ts';
import { stepAtX, xOfStep } from './xUnit.ts';

function record(losses: Float32Array, change: Partial<TrainRecord> = {}): TrainRecord {
  return trainRun({
    experiment: { ...defaultExperiment(), batchSize: 4 },
    metrics: metricsOf(losses, { elapsedMs: losses.map((_, step) => (step + 1) * 20) }),
    ...change,
  });
}

const losses = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => 2 + Math.sin(i) * 0.3);

describe('runSeries', () => {
  it('gives Recharts at most 500 points a line of a run of 20,000 steps, and the spike among them', () => {
    const values = losses(20_000);
    values[9_999] = 40;
    const series = runSeries(record(values), 'step', FASTAI_WINDOW);
    for (const line of [series.raw, series.smoothed, series.learningRate, series.momentum]) {
      expect(line.length).toBeLessThanOrEqual(POINTS_PER_LINE);
    }
    expect(series.raw).toContainEqual({ x: 10_000, y: 40 });
  });

  it('breaks the line at a loss that is not a number', () => {
    const values = losses(10);
    values[9] = Number.NaN;
    expect(runSeries(record(values), 'step', 1).raw.at(-1)).toEqual({ x: 10, y: null });
  });

  it('places validation at the end of its epoch in every unit', () => {
    const epochs = [epochRow(0), epochRow(1)];
    const at = (unit: 'step' | 'epoch' | 'images' | 'time'): number =>
      runSeries(record(losses(200), { epochs }), unit, 1).accuracy[1]!.x;
    expect([at('step'), at('epoch'), at('images'), at('time')]).toEqual([200, 2, 800, 6]);
  });

  it('computes again only when something changed', () => {
    const run = record(losses(100));
    expect(runSeries(run, 'step', 9)).toBe(runSeries(run, 'step', 9));
    expect(runSeries(run, 'step', 9)).not.toBe(runSeries(run, 'step', 10));
    const first = runSeries(run, 'step', 10);
    run.metrics.append({
      firstStep: 100,
      losses: losses(1),
      smoothed: losses(1),
      learningRates: losses(1),
      momenta: losses(1),
      elapsedMs: losses(1),
    });
    expect(runSeries(run, 'step', 10)).not.toBe(first);
  });
});

describe('focusRange', () => {
  it('leaves out the explosion of a diverged run', () => {
    const values = losses(500);
    values.set([1e3, 1e6, Infinity], 497);
    const [low, high] = focusRange(values, [{ x: 1, y: 1.2 }])!;
    expect(low).toBeCloseTo(1.2);
    expect(high).toBeLessThan(3);
  });

  it('leaves it out also where it is a good part of a short run', () => {
    const values = Float32Array.from({ length: 260 }, (_, i) => (i < 220 ? 2.3 : 2.3 * 1.5 ** (i - 220)));
    expect(focusRange(values, [{ x: 1, y: 9e5 }])![1]).toBeLessThan(5);
  });

  it('keeps the start of a run that ends near zero', () => {
    const values = Float32Array.from({ length: 5_000 }, (_, i) => 2.3 * Math.exp(-i / 100));
    expect(focusRange(values, [])![1]).toBeGreaterThan(1.3);
  });

  it('is undefined without a finite loss', () => {
    expect(focusRange(Float32Array.of(Number.NaN), [])).toBeUndefined();
  });
});

describe('stepAtX', () => {
  it.each(['step', 'epoch', 'images', 'time'] as const)('inverts xOfStep by %s', (unit) => {
    const run = record(losses(300));
    for (const step of [0, 1, 150, 299]) expect(stepAtX(run, unit, xOfStep(run, unit, step))).toBe(step);
    expect(stepAtX(run, unit, xOfStep(run, unit, 299) * 2)).toBeUndefined();
  });
});
