import { describe, expect, it } from 'vitest';
import { epochRow, finderRun, metricsOf, trainRun } from '#client/runRecord.fixtures.ts';
import { recordOfKept } from '#client/runRecord.ts';
import { decodeRuns, encodeRuns } from '#export/runsJson.ts';
import { exportedRunOf, keptRunOf } from './exportedRuns.ts';

describe('exportedRunOf', () => {
  it('comes back from a file as it went, steps included', () => {
    const run = trainRun({
      id: 'train-1',
      status: 'finished',
      datasetHash: 'ab'.repeat(32),
      notes: { name: 'first', tags: ['good'], note: '' },
      metrics: metricsOf([2.5, Number.NaN, 1.25]),
      epochs: [epochRow(0)],
    });
    const [back] = decodeRuns(encodeRuns([exportedRunOf(run)], 0));
    expect(back!.run).toEqual({ ...keptRunOf(run), checkpointStep: undefined });
    expect(Array.from(back!.steps.losses)).toEqual([2.5, Number.NaN, 1.25]);
    const record = recordOfKept(back!.run);
    expect(record).toMatchObject({ id: 'train-1', notes: run.notes, epochs: run.epochs, stepCount: 3 });
  });

  it('keeps the result of a finder, and calls a going run interrupted', () => {
    expect(keptRunOf(finderRun()).header.finder).toEqual(finderRun().settings);
    expect(keptRunOf(trainRun({ status: 'running' })).status).toBe('interrupted');
  });

  it('does not follow a run that goes on', () => {
    const run = trainRun({ metrics: metricsOf([1, 2]) });
    const { steps } = exportedRunOf(run);
    const part = Float32Array.of(9);
    run.metrics.append({
      firstStep: 1,
      losses: part,
      smoothed: part,
      learningRates: part,
      momenta: part,
      elapsedMs: part,
    });
    expect(Array.from(steps.losses)).toEqual([1, 2]);
  });
});
