import { describe, expect, it } from 'vitest';
import { parameters, validateExperiment } from '#domain/parameters.ts';
import type { Experiment } from '#domain/experiment.ts';
import { RACE_LANES } from '#domain/study.ts';
import { workOf } from './question.ts';
import { questionById, questions, questionSize } from './questions.ts';

const cifar = { trainCount: 50_000, validCount: 10_000 };
const work = (id: string, size: 'full' | 'quick') => workOf(questionById(id)!.sizes[size].studies, cifar);
const studies = questions.flatMap(({ sizes }) => [...sizes.full.studies, ...sizes.quick.studies]);

describe('questions', () => {
  it('are those of the brief, in order', () => {
    expect(questions.map(({ id }) => id)).toEqual([
      'P1',
      'P2',
      'P3',
      'P4',
      'P5',
      'P6',
      'P7',
      'P8',
      'P12',
      'P14',
    ]);
    expect(questionById('P13')).toBeUndefined();
    expect(questionSize({ id: 'P1', size: 'quick' })).toBe(questionById('P1')!.sizes.quick);
  });

  it('ask only for runs that can be started', () => {
    for (const study of studies) {
      expect(study.seeds.length).toBeGreaterThan(0);
      if (study.mode === 'race') expect(study.arms.length).toBeLessThanOrEqual(RACE_LANES.most);
      expect(study.finder !== undefined).toBe(study.kind === 'finder');
      expect(new Set(study.arms.map((arm) => JSON.stringify(arm))).size).toBe(study.arms.length);
      for (const seed of study.seeds) {
        for (const arm of study.arms) {
          expect(validateExperiment({ ...arm, seed })).toEqual({ ok: true, experiment: { ...arm, seed } });
        }
      }
    }
  });

  it('name themselves in their studies, and say what a quick size reduces', () => {
    for (const { id, sizes } of questions) {
      for (const size of ['full', 'quick'] as const) {
        for (const study of sizes[size].studies) expect(study.question).toEqual({ id, size });
      }
      expect(sizes.quick.title).toMatch(/quick: width 16, .*(images|steps)/);
      const limits = new Set(sizes.quick.studies.flatMap(({ arms }) => arms.map((arm) => arm.trainLimit)));
      // Where only times count, the steps say what is left out.
      if (id === 'P5') continue;
      for (const limit of limits) expect(sizes.quick.title).toContain(limit.toLocaleString('en-US'));
    }
  });

  it('take as many images as the brief says', () => {
    expect(work('P1', 'full')).toMatchObject({
      runs: 6,
      trainImages: 6 * 3 * 781 * 64,
      validImages: 180_000,
    });
    expect(work('P3', 'full')).toMatchObject({ steps: 250_000, trainImages: 500_000 });
    expect(work('P4', 'full')).toMatchObject({ runs: 4, trainImages: 4 * 10 * 195 * 256 });
    expect(work('P5', 'full')).toMatchObject({ runs: 18, steps: 18 * 50, validImages: 18 });
    // As many on a small set, so that a fast GPU hands over more than one batch of results.
    const small = { trainCount: 6400, validCount: 1 };
    expect(workOf(questionById('P5')!.sizes.quick.studies, small).steps).toBe(18 * 200);
    expect(work('P6', 'full').steps).toBe(2 * 3 * 1100);
    expect(work('P7', 'full')).toMatchObject({ runs: 12, trainImages: 12 * 3 * 781 * 64 });
    expect(work('P8', 'full').trainImages).toBe(4 * 150_000 + 4 * 3 * 781 * 64);
    expect(work('P14', 'full')).toMatchObject({ runs: 9, trainImages: 9 * 781 * 64 });
    expect(work('P12', 'full')).toMatchObject({ runs: 12, steps: 10 * 12_500 + 2 * 1000 });
  });

  it('are minutes in their quick size', () => {
    // Width 16 is a sixteenth of 3.1 GFLOP an image: half a million images are 100 TFLOP, five minutes at 0.3 TFLOP/s.
    // A step at batch size 2 takes about 8 ms by its launches alone.
    for (const { id } of questions) {
      const { trainImages, validImages, steps } = work(id, 'quick');
      expect(trainImages + validImages / 3, id).toBeLessThan(700_000);
      expect(steps * 8, id).toBeLessThan(5 * 60_000);
    }
  });

  it('keep to the settings of the notebook where they do not say otherwise', () => {
    const kept: readonly (keyof Experiment)[] = ['optimizer', 'weightDecay', 'momentum', 'augmentation'];
    for (const { arms } of studies) {
      for (const arm of arms) {
        expect(arm.stemPadding).toBe(0);
        for (const name of kept) expect(arm[name]).toBe(parameters[name].default);
      }
    }
  });

  it('carry the numbers of the notebook', () => {
    const ghosts = questionById('P4')!.ghosts;
    expect(ghosts.map(({ label }) => label)).toEqual([
      'notebook BN, batch 256, LR 1e-2',
      'notebook BN+WS, batch 256, LR 5e-2',
    ]);
    for (const { ghosts: own } of questions) {
      expect(new Set(own.map(({ label }) => label)).size).toBe(own.length);
    }
    expect(ghosts[0]!.rows[5]).toEqual({
      epoch: 5,
      trainLoss: 0.284887,
      validLoss: 0.563302,
      milliseconds: 175_000,
    });
    expect(ghosts[1]!.note).toContain('stopped by hand after 6 of 10');
    for (const { total, rows, settings } of questions.flatMap((question) => question.ghosts)) {
      // The rows' times add up to the printed total, which is rounded by itself.
      const printed = total.split(':').reduce((sum, part) => 60 * sum + Number(part), 0);
      const summed = rows.reduce((sum, row) => sum + row.milliseconds, 0) / 1000;
      expect(Math.abs(printed - summed)).toBeLessThanOrEqual(3);
      expect(rows.length).toBeLessThanOrEqual(settings.epochs);
    }
  });
});
