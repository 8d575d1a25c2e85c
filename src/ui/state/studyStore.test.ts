import { beforeEach, describe, expect, it } from 'vitest';
import { questions } from '#analysis/questions.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { parseSeeds, plansToStart, studyActions, useStudy } from './studyStore.ts';

const bn = defaultExperiment();
const gn = { ...bn, norm: 'gn' } as const;
const plan = (): ReturnType<typeof useStudy.getState>['plans'][number] => useStudy.getState().plans[0]!;

describe('the study that is being built', () => {
  beforeEach(() => studyActions.clear());

  it('takes each arm once, whatever its seed', () => {
    expect(studyActions.addArms([bn, gn, { ...bn, seed: 7 }])).toBe(2);
    expect(studyActions.addArms([gn])).toBe(0);
    studyActions.removeArm(0);
    expect(plan().arms).toEqual([gn]);
  });

  it('keeps the last allowed seeds while others are typed', () => {
    studyActions.typeSeeds('3 seeds');
    expect(plan().seeds).toEqual([0, 1, 2]);
    studyActions.typeSeeds('3 see');
    expect(plan().seeds).toEqual([0, 1, 2]);
  });

  it('repeats finders, and gives each batch size its own length for a budget of images', () => {
    studyActions.addArms([bn, { ...bn, batchSize: 2 }]);
    studyActions.setKind('finder');
    expect(plan()).toMatchObject({ mode: 'queue', seeds: [0, 1, 2], finder: { steps: 100 } });
    expect(useStudy.getState().finderImages).toBe(6400);
    expect(plansToStart(plan(), undefined)).toEqual([plan()]);
    expect(plansToStart(plan(), 6400).map((one) => [one.title, one.finder?.steps])).toEqual([
      ['Study, batch 64', 100],
      ['Study, batch 2', 2000],
    ]);
  });

  it('answers its question until it is changed', () => {
    studyActions.loadQuestion(questions[0]!, 'quick');
    expect(plan().question).toEqual({ id: questions[0]!.id, size: 'quick' });
    studyActions.setMode('queue');
    expect(plan().question).toBeUndefined();
  });

  it('gives arms their own rates and remembers why', () => {
    studyActions.addArms([bn, gn]);
    studyActions.setRate(gn, 0.001, 'by hand');
    studyActions.setRate(gn, 0.003, 'valley, median of 3');
    expect(plan().arms.map((arm) => arm.maxLearningRate)).toEqual([5e-4, 0.003]);
    expect(plan().rateReasons).toEqual(['', 'valley, median of 3']);
    studyActions.addArms([{ ...gn, maxLearningRate: 0.1 }]);
    studyActions.setRate(gn, 0.5, 'steep, median of 3');
    expect(plan().arms.map((arm) => arm.maxLearningRate)).toEqual([5e-4, 0.003, 0.1, 0.5]);
    studyActions.removeArm(0);
    expect(plan().rateReasons).toEqual(['valley, median of 3', '', 'steep, median of 3']);
  });

  it('gives every arm the same rate, and makes one of arms that differed in it alone', () => {
    studyActions.addArms([bn, { ...bn, maxLearningRate: 0.1 }, gn]);
    studyActions.setEveryRate(0.02, 'by hand');
    expect(plan().arms).toEqual([
      { ...bn, maxLearningRate: 0.02 },
      { ...gn, maxLearningRate: 0.02 },
    ]);
    expect(plan().rateReasons).toEqual(['by hand', 'by hand']);
  });

  it('says which rates of a question are the notebook’s', () => {
    studyActions.loadQuestion(
      questions.find(({ id }) => id === 'P1')!,
      'full',
    );
    expect(plan().rateReasons).toContain('notebook');
  });
});

describe('parseSeeds', () => {
  it.each([
    ['0 1 2', [0, 1, 2]],
    ['4, 9,4', [4, 9]],
    ['2 seeds', [0, 1]],
    ['1 seed', [0]],
  ])('reads %s', (text, seeds) => expect(parseSeeds(text)).toEqual(seeds));

  it.each(['', 'x', '1.5', '-1', '0 seeds', '4294967296'])('refuses “%s”', (text) =>
    expect(parseSeeds(text)).toBeUndefined(),
  );
});
