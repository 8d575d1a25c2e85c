import { beforeEach, describe, expect, it } from 'vitest';
import { questionById } from '#analysis/questions.ts';
import { armNames } from '#domain/arms.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { decodeHash, encodeHash } from '#export/urlState.ts';
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
    expect(plan().finderImages).toBe(6400);
    const { finderImages: _, ...asInPost } = plan();
    expect(plansToStart(asInPost)).toEqual([asInPost]);
    expect(plansToStart(plan()).map((one) => [one.title, one.finder?.steps])).toEqual([
      ['Study, batch 64', 100],
      ['Study, batch 2', 2000],
    ]);
  });

  it('answers its question for as long as it has the runs that decide it', () => {
    const question = questionById('P1')!;
    const { arms, title } = question.sizes.quick.studies[0]!;
    const reference = { id: 'P1', size: 'quick' };
    studyActions.loadQuestion(question, 'quick');
    expect(plan().question).toEqual(reference);
    studyActions.typeSeeds('0 1 2 3');
    studyActions.setMode('queue');
    studyActions.addArms([{ ...arms[0]!, norm: 'gn' }]);
    expect(plan()).toMatchObject({ question: reference, seeds: [0, 1, 2, 3], mode: 'queue', title });
    studyActions.removeArm(1);
    expect(plan()).toMatchObject({
      question: undefined,
      source: { question: reference },
      title: `${title}, changed`,
    });
    studyActions.restoreQuestion();
    expect(plan()).toMatchObject({ question: reference, title });
    expect(plan().arms).toEqual([...arms, { ...arms[0]!, norm: 'gn' }]);
    studyActions.setKind('finder');
    expect(plan().question).toBeUndefined();
    studyActions.setKind('train');
    expect(plan().question).toEqual(reference);
  });

  it('keeps the question of a study whose neighbour is changed', () => {
    studyActions.loadQuestion(questionById('P2')!, 'quick');
    studyActions.edit(1);
    studyActions.setFinderImages(6400);
    const [first, second] = useStudy.getState().plans;
    expect(first!.question).toEqual({ id: 'P2', size: 'quick' });
    expect(second!.question).toBeUndefined();
    // Only the changed one takes its length from the images.
    expect(plansToStart(first!).map(({ finder }) => finder?.steps)).toEqual([100]);
    expect(plansToStart(second!).map(({ finder }) => finder?.steps)).toEqual([2000]);
  });

  it('keeps the question of finders whose arms get rates of their own: a finder does not use them', () => {
    const question = questionById('P2')!;
    studyActions.loadQuestion(question, 'quick');
    const { title, arms } = plan();
    for (const [i, arm] of arms.entries()) studyActions.setRate(arm, (i + 1) * 1e-3, 'valley, median of 3');
    expect(plan()).toMatchObject({ title, question: { id: 'P2', size: 'quick' } });
    expect(plan().arms.map((arm) => arm.maxLearningRate)).toEqual([1e-3, 2e-3]);
  });

  it('starts what is switched to another kind without the siblings that its question had', () => {
    const question = questionById('P2')!;
    studyActions.loadQuestion(question, 'quick');
    studyActions.edit(1);
    studyActions.setKind('train');
    expect(useStudy.getState().plans.map(({ kind }) => kind)).toEqual(['train']);
    studyActions.addArms([gn]);
    studyActions.restoreQuestion();
    const { plans, active } = useStudy.getState();
    expect(plans.map((one) => [one.finder?.steps, one.arms.length, one.question?.id])).toEqual([
      [100, 2, 'P2'],
      [1000, 3, 'P2'],
    ]);
    expect(active).toBe(1);
  });

  it('trains arms at given rates as a study of its own, as a race where they can', () => {
    studyActions.loadQuestion(questionById('P2')!, 'quick');
    const arms = [bn, gn].map((arm) => ({ arm: { ...arm, maxLearningRate: 0.01 }, reason: 'valley' }));
    studyActions.train(arms, [0, 1]);
    expect(useStudy.getState().plans).toMatchObject([
      { kind: 'train', mode: 'race', seeds: [0, 1], rateReasons: ['valley', 'valley'], finder: undefined },
    ]);
    expect(plan()).toMatchObject({ question: undefined, source: undefined });
    studyActions.train([...arms, { arm: { ...bn, batchSize: 2 }, reason: '' }], [0]);
    expect(plan().mode).toBe('queue');
  });

  it('believes a plan from elsewhere only the question whose runs it has', () => {
    const study = questionById('P1')!.sizes.quick.studies[0]!;
    studyActions.load([{ ...study, arms: study.arms.slice(1) }]);
    expect(plan().question).toBeUndefined();
    studyActions.load([{ ...study, arms: study.arms.toReversed(), seeds: [9] }]);
    expect(plan().question).toEqual({ id: 'P1', size: 'quick' });
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

  it('has an arm twice where that is asked for, through a link, one rate for all and fewer images', () => {
    studyActions.addArms([bn, gn]);
    studyActions.addTwin(0);
    expect(armNames(plan().arms)).toEqual(['BN', 'twin of BN', 'GN']);
    studyActions.setEveryRate(0.02, 'by hand');
    studyActions.shorten({ images: 640, epochs: 1 });
    expect(armNames(plan().arms)).toEqual(['BN', 'twin of BN', 'GN']);
    const link = decodeHash(
      encodeHash({ experiment: bn, studies: useStudy.getState().plans, active: 0, data: undefined }),
    );
    expect(link.kind === 'setup' && link.setup.studies[0]!.arms).toEqual(plan().arms);
    studyActions.removeArm(1);
    expect(armNames(plan().arms)).toEqual(['BN', 'GN']);
  });

  it('says which rates of a question are the notebook’s', () => {
    studyActions.loadQuestion(questionById('P1')!, 'full');
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
