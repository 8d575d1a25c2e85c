import { describe, expect, it, test } from 'vitest';
import { epochRow, finderRun, metricsOf, trainRun } from '#client/runRecord.fixtures.ts';
import { recordOfKept } from '#client/runRecord.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import { stepsCsv } from '#export/csv.ts';
import { decodeRuns, encodeRuns } from '#export/runsJson.ts';
import { exportedRunOf, findersOfStudies, keptRunOf } from './exportedRuns.ts';

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

  it('has of a fork the steps that it has taken itself, also where a file has others', () => {
    const rest = metricsOf([2, 1.5]).series('losses');
    const run = trainRun({
      status: 'interrupted',
      datasetHash: 'ab'.repeat(32),
      forkOf: { runId: 'o', step: 3 },
    });
    run.metrics.append({
      firstStep: 3,
      losses: rest,
      smoothed: rest,
      learningRates: rest,
      momenta: rest,
      elapsedMs: rest,
    });
    const exported = exportedRunOf(run);
    expect(stepsCsv([exported]).trimEnd().split('\r\n').slice(1)).toEqual([
      expect.stringContaining(',3,2,2,'),
      expect.stringContaining(',4,1.5,1.5,'),
    ]);
    const text = encodeRuns([exported], 0);
    const padded = run.metrics.series('losses').slice();
    const old = encodeRuns(
      [
        {
          run: { ...exported.run, stepCount: 5 },
          steps: {
            firstStep: 0,
            losses: padded,
            smoothed: padded,
            learningRates: padded,
            momenta: padded,
            elapsedMs: padded,
          },
        },
      ],
      0,
    ).replace('"formatVersion":2', '"formatVersion":1');
    for (const file of [text, old]) {
      const [back] = decodeRuns(file);
      expect(back!.run.stepCount).toBe(2);
      expect(back!.steps.firstStep).toBe(3);
      expect(Array.from(back!.steps.losses)).toEqual([2, 1.5]);
      expect(recordOfKept(back!.run).stepCount).toBe(5);
    }
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

test('the finders of the studies of some runs, and of the other studies of their question', () => {
  const origin = (studyId: string, id?: 'P2' | 'P4'): NonNullable<TrainRecord['origin']> => ({
    studyId,
    studyTitle: '',
    arm: 0,
    mode: 'queue',
    question: id && { id, size: 'quick' },
  });
  const all = [
    finderRun({ id: 'same study', origin: origin('s') }),
    finderRun({ id: 'another study', origin: origin('t') }),
    finderRun({ id: 'same question', origin: origin('u', 'P2') }),
    finderRun({ id: 'another question', origin: origin('v', 'P4') }),
    finderRun({ id: 'alone' }),
    trainRun({ id: 'a', origin: origin('s') }),
    trainRun({ id: 'b', origin: origin('w', 'P2') }),
    trainRun({ id: 'c' }),
  ];
  const ids = (...runs: readonly string[]): readonly string[] =>
    findersOfStudies(
      all,
      all.filter(({ id }) => runs.includes(id)),
    ).map(({ id }) => id);
  expect(ids('a', 'b')).toEqual(['same study', 'same question']);
  expect(ids('c')).toEqual([]);
});
