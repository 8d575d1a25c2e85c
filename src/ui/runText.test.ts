import { describe, expect, it } from 'vitest';
import { epochRow, finderRun, metricsOf, trainRun } from '#client/runRecord.fixtures.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { preparationText, runDetails, runLabel, runResult, runSummary, statusText } from './runText.ts';

const experiment = defaultExperiment();

describe('runText', () => {
  it('names a run by number and arm', () => {
    expect(runLabel(trainRun({ number: 2, experiment: { ...experiment, ws: true } }))).toBe('#2 BN+WS');
  });

  it('lists what tells a run from others', () => {
    expect(runDetails(trainRun())).toBe('batch 64 · LR 5e-4 · 3 epochs · width 16 · seed 0');
    const other = trainRun({
      experiment: {
        ...experiment,
        optimizer: 'sgd',
        schedule: 'constant',
        augmentation: 'crop-flip',
        epochs: 1,
        gradientClip: 0.5,
      },
    });
    expect(runDetails(other)).toBe(
      'batch 64 · LR 5e-4 · 1 epoch · constant · width 16 · SGD · clip 0.5 · augmented · seed 0',
    );
    expect(runDetails(finderRun())).toContain('100 steps');
    const fork = trainRun({ forkOf: { runId: 'a', step: 50, number: 3 }, rateReason: 'valley' });
    expect(runDetails(fork)).toMatch(/LR 5e-4 \(valley\) .* fork of run 3 at step 50$/);
  });

  it('says at which step, counted from 1, with what loss a run diverged', () => {
    const run = trainRun({
      status: 'diverged',
      divergence: { step: 412, loss: Number.NaN, learningRate: 0.7, reason: 'not-finite' },
    });
    expect(statusText(run)).toBe('diverged at step 413 with loss NaN, learning rate 0.7');
    const exploded = {
      ...run,
      divergence: { ...run.divergence!, loss: 2, reason: 'gradient-exploded' as const },
    };
    expect(statusText(exploded)).toContain('with an exploding gradient, loss 2');
  });

  it('says how far the preparation is, as soon as there is something to count', () => {
    expect(preparationText(undefined)).toBe('preparing the network…');
    expect(preparationText({ stage: 'compiling kernels', done: 12, total: 40 })).toBe(
      'compiling kernels 12 of 40',
    );
  });

  it('says why a finder ended', () => {
    const run = finderRun({
      status: 'finished',
      result: { stoppedAt: 97, reason: 'loss-exploded', suggestions: [], disagree: false },
    });
    expect(statusText(run)).toBe('ended at 4 × its best loss, step 98');
  });

  it('keeps best and last apart, and a loss that is not a number out of the best', () => {
    const epochs = [epochRow(0, { validLoss: 0.6 }), epochRow(1, { validLoss: Number.NaN, accuracy: 0.4 })];
    expect(runResult(trainRun({ epochs }))).toEqual({
      bestLoss: 0.6,
      lastLoss: Number.NaN,
      bestAccuracy: 0.5,
      lastAccuracy: 0.4,
    });
    expect(runResult(trainRun())).toBeUndefined();
  });

  it('sums a run up in a sentence', () => {
    const run = trainRun({ metrics: metricsOf([2, 1.5]), epochs: [epochRow(0)] });
    expect(runSummary(run)).toBe(
      '#1 BN: running, training loss 1.500, validation loss 1.000, accuracy 50.0 %.',
    );
    expect(runSummary(trainRun())).toBe('#1 BN: running.');
  });
});

it('says where a run was stopped also while its steps are not loaded', () => {
  expect(statusText(trainRun({ status: 'stopped', stepsLoaded: 'absent', stepCount: 1234 }))).toBe(
    'stopped at step 1,234',
  );
  expect(statusText(trainRun({ status: 'stopped', metrics: metricsOf([2, 1]) }))).toBe('stopped at step 2');
});
