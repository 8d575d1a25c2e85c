import { describe, expect, it } from 'vitest';
import { defaultExperiment } from '#domain/parameters.ts';
import { epochRow, metricsOf, trainRun } from '#client/runRecord.fixtures.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import { FASTAI_WINDOW } from './metricCache.ts';
import { COLUMNS, focusRange, offScale, runSeries, windowOf } from './series.ts';
import type { SeriesView } from './series.ts';
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

function view(change: Partial<SeriesView> = {}): SeriesView {
  return {
    unit: 'step',
    smoothing: FASTAI_WINDOW,
    smoothingUnit: 'steps',
    range: undefined,
    isXLog: false,
    ...change,
  };
}

describe('wall-clock time', () => {
  // A step a second; the run was paused for a minute before its sixth.
  const values = losses(10);
  const elapsedMs = values.map((_, step) => (step + 1) * 1000);
  const paused = (idleMs: number): TrainRecord =>
    record(values, {
      metrics: metricsOf(values, {
        elapsedMs,
        wallMs: elapsedMs.map((ms, step) => ms + (step >= 5 ? idleMs : 0)),
      }),
      epochs: [epochRow(0, { step: 10, milliseconds: 12_000 })],
    });

  it('breaks the line where the run stood still', () => {
    const { raw, end } = runSeries(paused(60_000), view({ unit: 'wall' }));
    expect(raw.map(({ x }) => x)).toEqual([1, 2, 3, 4, 5, 66, 66, 67, 68, 69, 70]);
    expect(raw[5]!.y).toBeNull();
    // Two seconds of validation follow the last step.
    expect(end).toBe(72);
    expect(stepAtX(paused(60_000), 'wall', 66)).toBe(5);
  });

  it('does not where it only waited for the other runs of its race', () => {
    const { raw } = runSeries(paused(2_500), view({ unit: 'wall' }));
    expect(raw.every(({ y }) => y !== null)).toBe(true);
  });

  it('is not drawn of runs that were kept without it', () => {
    expect(runSeries(record(values), view({ unit: 'wall' })).raw).toEqual([]);
  });
});

describe('runSeries', () => {
  it('draws a run of 25,000 steps from about two points a pixel column, and the spike among them', () => {
    const values = losses(25_000);
    values[9_999] = 40;
    const series = runSeries(record(values), view());
    for (const line of [series.raw, series.smoothed, series.learningRate, series.momentum]) {
      expect(line.length).toBeLessThanOrEqual(2 * COLUMNS + 2);
    }
    expect(series.raw).toContainEqual({ x: 10_000, y: 40 });
  });

  it('draws every step of a part that is zoomed to, and fits the axis to it', () => {
    const values = losses(25_000);
    values.fill(0.1, 20_000, 20_100);
    const series = runSeries(record(values), view({ range: [20_011, 20_060] }));
    expect(series.raw.length).toBeGreaterThanOrEqual(50);
    expect(series.raw.every(({ x }, i) => i === 0 || x === series.raw[i - 1]!.x + 1)).toBe(true);
    expect(series.lossRange).toEqual([Math.fround(0.1), Math.fround(0.1)]);
  });

  it('draws the first steps one by one on a logarithmic axis', () => {
    const { raw } = runSeries(record(losses(25_000)), view({ isXLog: true }));
    expect(raw.slice(0, 20).map(({ x }) => x)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(raw.at(-1)!.x).toBe(25_000);
    expect(raw.length).toBeLessThan(3 * COLUMNS);
  });

  it('keeps updating 12 growing runs of 25,000 steps cheap', () => {
    const runs = Array.from({ length: 12 }, () => record(losses(25_000)));
    const draw = (): void => runs.forEach((run) => void runSeries(run, view({ smoothing: 500 })));
    draw();
    const times = Array.from({ length: 5 }, () => {
      for (const { metrics } of runs) {
        const part = losses(40);
        const rest = { smoothed: part, learningRates: part, momenta: part, elapsedMs: part };
        metrics.append({ firstStep: metrics.count, losses: part, ...rest });
      }
      const start = performance.now();
      draw();
      return performance.now() - start;
    });
    // The best of five: other work shares the cores of a test machine.
    expect(Math.min(...times)).toBeLessThan(50);
  });

  it('breaks the line at a loss that is not a number', () => {
    const values = losses(10);
    values[9] = Number.NaN;
    expect(runSeries(record(values), view({ smoothing: 1 })).raw.at(-1)).toEqual({ x: 10, y: null });
  });

  it('places validation at the end of its epoch in every unit', () => {
    const epochs = [epochRow(0), epochRow(1)];
    const at = (unit: 'step' | 'epoch' | 'images' | 'time'): number =>
      runSeries(record(losses(200), { epochs }), view({ unit })).accuracy[1]!.x;
    expect([at('step'), at('epoch'), at('images'), at('time')]).toEqual([200, 2, 800, 6]);
  });

  it('computes again only when something changed', () => {
    const run = record(losses(100));
    const first = runSeries(run, view({ smoothing: 10 }));
    expect(runSeries(run, view({ smoothing: 10 }))).toBe(first);
    expect(runSeries(run, view({ smoothing: 9 }))).not.toBe(first);
    run.metrics.append({
      firstStep: 100,
      losses: losses(1),
      smoothed: losses(1),
      learningRates: losses(1),
      momenta: losses(1),
      elapsedMs: losses(1),
    });
    expect(runSeries(run, view({ smoothing: 10 }))).not.toBe(first);
  });

  it('follows steps that were replaced', () => {
    const run = record(losses(100));
    expect(runSeries(run, view({ smoothing: 1 })).smoothed[90]!.y).toBeLessThan(3);
    const again = Float32Array.from({ length: 20 }, () => 7);
    const rest = { smoothed: again, learningRates: again, momenta: again, elapsedMs: again };
    run.metrics.append({ firstStep: 80, losses: again, ...rest });
    const { raw, smoothed } = runSeries(run, view({ smoothing: 1 }));
    expect([raw[90]!.y, smoothed[90]!.y]).toEqual([7, 7]);
  });
});

describe('a fork', () => {
  it('has nothing before the step that it begins with, and no gap there either', () => {
    const missing = Array.from({ length: 20 }, () => Number.NaN);
    const metrics = metricsOf([...missing, 3, 2, 1]);
    const run = trainRun({ metrics, forkOf: { runId: 'a', step: 20 } });
    const { raw, learningRate, steps } = runSeries(run, view());
    expect(steps).toEqual([20, 23]);
    expect(raw.map(({ y }) => y)).toEqual([3, 2, 1]);
    expect(learningRate).toHaveLength(3);
    expect(runSeries(run, view({ range: [1, 22] })).steps[0]).toBe(20);
  });
});

describe('windowOf', () => {
  it('smooths the same number of images whatever the batch size', () => {
    const run = record(losses(1));
    expect(windowOf(run, { smoothing: 400, smoothingUnit: 'images' })).toBe(100);
    expect(windowOf(run, { smoothing: 2, smoothingUnit: 'images' })).toBe(1);
    expect(windowOf(run, { smoothing: 400, smoothingUnit: 'steps' })).toBe(400);
  });
});

describe('offScale', () => {
  it('counts exactly what an axis leaves out of a range', () => {
    const values = Float32Array.of(99, 1, 5, 7, Number.NaN, -2, 99);
    expect(offScale(values, [1, 6], [0, 4])).toEqual({ above: 2, below: 1, highest: 7, lowest: -2, gaps: 1 });
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
