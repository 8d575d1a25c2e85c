import { describe, expect, it } from 'vitest';
import { questionById } from '#analysis/questions.ts';
import { epochRow, metricsOf, trainRun } from '#client/runRecord.fixtures.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import type { XUnit } from '#ui/charts/xUnit.ts';
import { runSeries } from '#ui/charts/series.ts';
import { armStyle } from '#ui/charts/palette.ts';
import { ghostPoints, ghostsBefore } from './ghosts.ts';

const series = { smoothing: 1, smoothingUnit: 'steps', range: undefined, isXLog: false } as const;

function run(id: string, change: Partial<TrainRecord> = {}): TrainRecord {
  const { settings } = questionById('P1')!.ghosts[0]!;
  const origin = {
    studyId: 's',
    studyTitle: 's',
    arm: 0,
    mode: 'race',
    question: { id, size: 'full' },
  } as const;
  return trainRun({ origin, experiment: { ...trainRun().experiment, ...settings }, ...change });
}

function ghosts(one: TrainRecord, unit: XUnit = 'epoch') {
  const drawn = { run: one, style: armStyle(one.experiment), series: runSeries(one, { ...series, unit }) };
  return ghostPoints({ runs: [drawn], unit });
}

describe('ghostPoints', () => {
  it('stand at the ends of our epochs, on every axis', () => {
    // Two epochs of 100 steps, a tenth of a second each, of which one is done.
    const losses = Array.from({ length: 150 }, () => 1);
    const elapsedMs = losses.map((_, step) => 100 * (step + 1));
    const metrics = metricsOf(losses, { elapsedMs, wallMs: elapsedMs, learningRates: losses });
    const one = run('P1', { metrics, epochs: [epochRow(0, { milliseconds: 12_000 })] });
    const at = (unit: XUnit) => [...new Set(ghosts(one, unit).map(({ x }) => x))];
    expect(at('epoch')).toEqual([1, 2, 3]);
    expect(at('step')).toEqual([100, 200, 300]);
    expect(at('images')).toEqual([6400, 12_800, 19_200]);
    // Of time and rates the run tells as far as it has come.
    expect(at('time')).toEqual([12]);
    expect(at('wall')).toEqual([12]);
    expect(at('rate')).toEqual([100]);
  });

  it('stand beside runs of the notebook’s schedule alone', () => {
    const { experiment } = run('P7');
    expect(ghosts(run('P7')).length).toBe(6);
    expect(ghosts(run('P7', { experiment: { ...experiment, schedule: 'constant' } }))).toEqual([]);
    expect(ghosts(run('P8')).length).toBe(6);
  });

  it('are none for another rate, another question, or one that asks for times', () => {
    expect(ghosts(run('P1')).length).toBe(6);
    const { experiment } = run('P1');
    expect(ghosts(run('P1', { experiment: { ...experiment, maxLearningRate: 1e-3 } }))).toEqual([]);
    expect(ghosts(run('P14'))).toEqual([]);
    expect(ghosts(run('P5'))).toEqual([]);
  });
});

describe('ghostsBefore', () => {
  it('is the newest of each run of the notebook', () => {
    const all = ghosts(run('P1'));
    expect(ghostsBefore(all, 0.5)).toEqual([]);
    expect(ghostsBefore(all, 2.5).map(({ name, text }) => `${name}, ${text}`)).toEqual([
      'notebook BN · 5e-4, epoch 1: valid 0.689',
      'notebook BN+WS · 5e-4, epoch 1: valid 0.666',
    ]);
  });
});
