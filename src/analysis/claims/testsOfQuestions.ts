import { armName } from '#domain/experiment.ts';
import type { FinderRule } from '#domain/run.ts';
import type { QuestionRef } from '#domain/study.ts';
import { logRatio, stopRate, toleranceRate, TOLERANCES } from '../finderTolerance.ts';
import type { RateReading } from '../finderTolerance.ts';
import type { Question, QuestionId, StudyPlan } from '../question.ts';
import { bestArm, lossSums, seedTest, validLoss } from './claimTest.ts';
import type { AtEpoch, ClaimTest, SeedValue } from './claimTest.ts';
import { overheads } from './overheads.ts';
import type { FinderClaimRun } from './pool.ts';

/** Losses that differ by less are alike: twice the error of an evaluation on 10,000 images. */
const ALIKE = 0.02;
/** A suggestion within this factor of the best rate is right. */
const NEAR = 3;
/** Loss of guessing among ten classes. */
const CHANCE = Math.log(10);

const { NEGATIVE_INFINITY, POSITIVE_INFINITY } = Number;
const within = { from: -ALIKE, to: ALIKE };
const above = (bound: number) => ({ from: bound, to: POSITIVE_INFINITY });
const below = (bound: number) => ({ from: NEGATIVE_INFINITY, to: bound });

const epochText: Readonly<Record<AtEpoch, string>> = { last: 'last epoch', best: 'best epoch' };

/** Loss of one arm minus that of another of the same study. */
function difference(
  studies: readonly StudyPlan[],
  index: number,
  [baseline, baselineName]: readonly [number, string],
  [other, otherName]: readonly [number, string],
  rest: { readonly region: ClaimTest['region']; readonly at?: AtEpoch; readonly where?: string },
): ClaimTest {
  const { region, at = 'last', where = '' } = rest;
  return seedTest(
    {
      measure: `validation loss, ${otherName} − ${baselineName}, ${epochText[at]}${where}`,
      unit: 'loss',
      studies: [index],
      needsSteps: false,
      region,
    },
    (pool) =>
      lossSums(
        pool,
        studies[index]!,
        [
          { arm: other, weight: 1, name: otherName },
          { arm: baseline, weight: -1, name: baselineName },
        ],
        at,
      ),
  );
}

const BN = [0, 'BN'] as const;
const BN_WS = [1, 'BN+WS'] as const;

/** P4: BN and BN+WS at the first rate, then at the second. */
function atLargeBatches(studies: readonly StudyPlan[]): readonly ClaimTest[] {
  const study = studies[0]!;
  const tests: ClaimTest[] = [];
  for (const at of ['last', 'best'] as const) {
    for (const first of [0, 2]) {
      const rate = study.arms[first]!.maxLearningRate;
      tests.push(
        difference(studies, 0, [first, 'BN'], [first + 1, 'BN+WS'], {
          region: above(0),
          at,
          where: `, both at ${rate}`,
        }),
      );
    }
    tests.push(
      seedTest(
        {
          measure: `validation loss, BN+WS − BN, ${epochText[at]}, each at its better rate`,
          unit: 'loss',
          studies: [0],
          needsSteps: false,
          region: above(0),
        },
        (pool) => {
          const plain = bestArm(pool, study, [0, 2], at);
          const standardized = bestArm(pool, study, [1, 3], at);
          if (plain === undefined || standardized === undefined) return [];
          return lossSums(
            pool,
            study,
            [
              { arm: standardized.arm, weight: 1, name: 'BN+WS' },
              { arm: plain.arm, weight: -1, name: 'BN' },
            ],
            at,
          );
        },
      ),
    );
  }
  return tests;
}

/** P2 and P6: the rates that finders of BN and BN+WS withstand. */
function tolerances(studies: readonly StudyPlan[]): readonly ClaimTest[] {
  return studies.flatMap((study, index) => {
    const steps = `${study.finder!.steps.toLocaleString('en-US')} steps`;
    const compare = (what: string, rateOf: (run: FinderClaimRun) => RateReading | undefined) =>
      seedTest(
        {
          measure: `learning rate ${what}, BN+WS over BN, ${steps}`,
          unit: 'ratio',
          studies: [index],
          needsSteps: true,
          region: above(1),
        },
        (pool) =>
          pool.seeds(study).map((seed) => {
            const [plain, standardized] = [pool.finder(study, 0, seed), pool.finder(study, 1, seed)];
            if (!plain || !standardized) return undefined;
            return ratioOfRates(rateOf(plain), rateOf(standardized));
          }),
      );
    return [
      ...TOLERANCES.map((share) =>
        compare(`${Math.round(100 * share)} % above the lowest loss`, (run) =>
          toleranceRate({ losses: run.metrics.series('losses'), result: run.result }, run.settings, share),
        ),
      ),
      compare('at the stop rule', (run) => stopRate(run, run.settings)),
    ];
  });
}

/** log₁₀ of BN+WS's rate over BN's; undefined while the steps of one are not there. */
function ratioOfRates(plain: RateReading | undefined, standardized: RateReading | undefined): SeedValue {
  if (!plain || !standardized) return undefined;
  const ratio = logRatio(plain, standardized);
  if (!ratio) return 'neither came to that point before the end of the ramp';
  if (ratio.is === 'exact') return ratio.value;
  const name = ratio.is === 'at least' ? 'BN' : 'BN+WS';
  return { ...ratio, why: `only ${name} came to that point before the end of the ramp` };
}

/** P7: BN and BN+WS at a constant rate, then under one-cycle; one study per rate. */
function interactions(studies: readonly StudyPlan[]): readonly ClaimTest[] {
  return studies.map((study, index) =>
    seedTest(
      {
        measure: `(BN+WS − BN at a constant rate) − (BN+WS − BN under one-cycle), validation loss, ${study.arms[0]!.maxLearningRate}`,
        unit: 'loss',
        studies: [index],
        needsSteps: false,
        region: below(0),
      },
      (pool) =>
        lossSums(
          pool,
          study,
          [
            { arm: 1, weight: 1, name: 'BN+WS' },
            { arm: 0, weight: -1, name: 'BN' },
            { arm: 3, weight: -1, name: 'BN+WS under one-cycle' },
            { arm: 2, weight: 1, name: 'BN under one-cycle' },
          ],
          'last',
        ),
    ),
  );
}

/** P8: GN, GN+WS, BN, BN+WS at batch 2 (first study) and batch 64. */
function groupNorm(studies: readonly StudyPlan[]): readonly ClaimTest[] {
  const plain = [2, 'BN'] as const;
  const group = [0, 'GN'] as const;
  return [
    difference(studies, 0, plain, group, { region: below(0), where: ', batch 2' }),
    difference(studies, 1, plain, group, { region: above(0), where: ', batch 64' }),
    difference(studies, 1, plain, [1, 'GN+WS'], { region: below(ALIKE), where: ', batch 64' }),
  ];
}

const RULES: readonly FinderRule[] = ['valley', 'steep', 'minimum', 'slide', 'v1'];

/** P12: a sweep of BN, one of BN+WS, and a study of finders of both. The first rate is the eye's. */
function byEye(studies: readonly StudyPlan[]): readonly ClaimTest[] {
  const finderStudy = studies[2]!;
  return ['BN', 'BN+WS'].flatMap((name, index) => {
    const sweep = studies[index]!;
    const all = Array.from(sweep.arms.keys());
    const eye = seedTest(
      {
        measure: `validation loss, ${name} at ${sweep.arms[0]!.maxLearningRate} − at the best rate of the sweep`,
        unit: 'loss',
        studies: [index],
        needsSteps: false,
        region: below(ALIKE),
      },
      (pool) => {
        const best = bestArm(pool, sweep, all, 'last');
        if (best === undefined) return [];
        const term = (arm: number, weight: number) => {
          const rate = sweep.arms[arm]!.maxLearningRate;
          return { arm, weight, name: `${name} at ${rate}` };
        };
        return lossSums(pool, sweep, [term(0, 1), term(best.arm, -1)], 'last');
      },
    );
    const rules = RULES.map((rule) =>
      seedTest(
        {
          measure: `${name}: rate of the rule “${rule}” over the best rate of the sweep`,
          unit: 'ratio',
          studies: [index, 2],
          needsSteps: false,
          region: { from: 1 / NEAR, to: NEAR },
          isAside: true,
        },
        (pool) => {
          const best = bestArm(pool, sweep, all, 'last');
          if (!best?.hasTrained) return [];
          return pool.seeds(finderStudy).map((seed) => {
            const run = pool.finder(finderStudy, index, seed);
            if (!run) return undefined;
            const rate = run.result?.suggestions.find((suggestion) => suggestion.rule === rule)?.learningRate;
            return rate === undefined
              ? 'no suggestion'
              : Math.log10(rate / sweep.arms[best.arm]!.maxLearningRate);
          });
        },
      ),
    );
    return [eye, ...rules];
  });
}

/** P14: none, none+WS and none+Scaled WS. */
function withoutNorm(studies: readonly StudyPlan[]): readonly ClaimTest[] {
  const study = studies[0]!;
  return study.arms.map((settings, arm): ClaimTest => {
    const name = armName(settings);
    const test = seedTest(
      {
        measure: `validation loss, ${name}, after one epoch`,
        unit: 'loss',
        studies: [0],
        needsSteps: false,
        region: below(CHANCE),
        isAside: arm > 0,
      },
      (pool) =>
        pool.seeds(study).map((seed) => {
          const loss = validLoss(pool.train(study, arm, seed), 'last', name);
          return loss === POSITIVE_INFINITY ? `${name} diverged` : loss;
        }),
    );
    return {
      ...test,
      evaluate(pool) {
        const outcome = test.evaluate(pool);
        const runs = pool.seeds(study).flatMap((seed) => pool.train(study, arm, seed) ?? []);
        const diverged = runs.filter(({ status }) => status === 'diverged').length;
        if (diverged === 0) return outcome;
        // Here divergence is the answer, not a gap in it.
        const isAlways = diverged === runs.length && diverged >= 2;
        return {
          ...outcome,
          count: runs.length,
          verdict: isAlways ? 'contradicted' : 'undecided',
          // Where some seeds diverge and others do not, no further seed decides.
          seedsToAdd: diverged === 1 && runs.length === 1 ? 2 : 0,
          note: `${diverged} of ${runs.length} diverged.`,
        };
      },
    };
  });
}

const testsById: Readonly<Record<QuestionId, (studies: readonly StudyPlan[]) => readonly ClaimTest[]>> = {
  P1: (studies) => [difference(studies, 0, BN, BN_WS, { region: within })],
  P2: tolerances,
  P3: (studies) =>
    studies.map((study, index) =>
      difference(studies, index, BN, BN_WS, {
        region: within,
        where: `, ${study.arms[0]!.maxLearningRate} for ${study.arms[0]!.epochs} epochs`,
      }),
    ),
  P4: atLargeBatches,
  P5: overheads,
  P6: tolerances,
  P7: interactions,
  P8: groupNorm,
  P12: byEye,
  P14: withoutNorm,
};

/** The decision rules of a question over the studies of one of its sizes. */
export function testsOf(question: Question, size: QuestionRef['size']): readonly ClaimTest[] {
  return testsById[question.id](question.sizes[size].studies);
}
