import { describe, expect, it } from 'vitest';
import { questionById } from '#analysis/questions.ts';
import type { StudyPlan } from '#analysis/question.ts';
import type { DatasetInfo } from '#domain/dataset.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { fitToBudget, shortened } from './fitBudget.ts';
import { studiesMs } from './studyCost.ts';

const info = { trainCount: 50_000, validCount: 10_000 } as DatasetInfo;
const bn = { ...defaultExperiment(), batchSize: 10, epochs: 3, validLimit: 300 };
const plan: StudyPlan = {
  title: '',
  kind: 'train',
  mode: 'race',
  arms: [bn, { ...bn, ws: true }],
  seeds: [0],
  finder: undefined,
  question: undefined,
};
/** 10 ms a step; an epoch ends with a validation that takes as long as ten. */
const times = new Map([
  ['bn false 10 16', 10],
  ['bn true 10 16', 10],
]);
const MINUTE = 60_000;

describe('fitToBudget', () => {
  it('takes fewer images before it takes fewer epochs', () => {
    const fit = fitToBudget([plan], info, times, MINUTE)!;
    // Two arms, three epochs: 1,000 steps each, less ten of validation.
    expect(fit).toMatchObject({ images: 9_900, epochs: 3 });
    expect(fit.milliseconds).toBeLessThanOrEqual(MINUTE);
    expect(studiesMs([shortened(plan, fit)], info, times)).toBeCloseTo(fit.milliseconds);
    expect(fitToBudget([plan], info, times, 5_000)).toMatchObject({ images: 1_100, epochs: 2 });
  });

  it('takes all where that fits, and nothing where too little is left', () => {
    expect(fitToBudget([plan], info, times, 100 * MINUTE)).toMatchObject({ images: 50_000, epochs: 3 });
    expect(fitToBudget([plan], info, times, 100)).toBeUndefined();
    expect(fitToBudget([plan], info, new Map(), MINUTE)).toBeUndefined();
    expect(fitToBudget(questionById('P2')!.sizes.quick.studies, info, times, MINUTE)).toBeUndefined();
  });

  it('leaves no arm twice, and each its reason', () => {
    const arms = [bn, { ...bn, trainLimit: 20_000 }, { ...bn, norm: 'gn' } as const];
    const study = { ...plan, arms, rateReasons: ['valley', '', 'by hand'] };
    expect(shortened(study, { images: 5_000, epochs: 2 })).toMatchObject({
      arms: [
        { norm: 'bn', trainLimit: 5_000, epochs: 2 },
        { norm: 'gn', trainLimit: 5_000, epochs: 2 },
      ],
      rateReasons: ['valley', 'by hand'],
    });
  });
});
