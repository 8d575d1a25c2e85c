import type { StudyPlan } from '../question.ts';
import { wsOverhead } from '../wsOverhead.ts';
import type { TimedRun } from '../wsOverhead.ts';
import type { ClaimTest } from './claimTest.ts';
import { judge } from './judge.ts';
import type { RunPool, TrainClaimRun } from './pool.ts';

const { NEGATIVE_INFINITY, POSITIVE_INFINITY } = Number;
/** An overhead above this is a lot. */
const COSTLY = 1.1;
/** Seeds that are proposed at a time where more steps have to be timed. */
const MORE_TIMED_SEEDS = 2;
const AT_ONCE =
  'The steps arrived all at once, so there is no time between them: longer steps tell, those of the full size or of a larger batch.';

/** P5: arms are none, none+WS, BN, BN+WS, GN, GN+WS. */
export function overheads(studies: readonly StudyPlan[]): readonly ClaimTest[] {
  return studies.flatMap((study, index) =>
    ['None', 'BN', 'GN'].map((name, norm): ClaimTest => {
      const region = { from: COSTLY, to: POSITIVE_INFINITY };
      return {
        measure: `time per step, ${name}+WS over ${name}, batch ${study.arms[0]!.batchSize}`,
        unit: 'ratio',
        studies: [index],
        needsSteps: true,
        region,
        // The post timed BN.
        isAside: name !== 'BN',
        evaluate(pool) {
          const pairs = timedPairs(pool, study, 2 * norm);
          const overhead = pairs && wsOverhead(pooled(pairs.standardized), pooled(pairs.plain));
          if (!overhead) {
            const areLoaded = pairs && [...pairs.plain, ...pairs.standardized].every(hasSteps);
            return {
              count: 0,
              countOf: 'block',
              estimate: Number.NaN,
              is: 'mean',
              low: NEGATIVE_INFINITY,
              high: POSITIVE_INFINITY,
              verdict: 'undecided',
              seedsToAdd: pairs ? 0 : 1,
              note: areLoaded ? AT_ONCE : '',
            };
          }
          const { count, ratio, low, high } = overhead;
          const verdict = judge(low, high, region);
          const seeds = pairs.plain.length > 1 ? `, ${pairs.plain.length} seeds together` : '';
          return {
            count,
            countOf: 'block',
            estimate: ratio,
            is: 'mean',
            low,
            high,
            verdict,
            // Not that seeds differ: more steps narrow the interval.
            seedsToAdd: verdict === 'undecided' ? MORE_TIMED_SEEDS : 0,
            note: `On ${pairs.device}${seeds}.`,
          };
        },
      };
    }),
  );
}

/** Runs without and with WS of every seed, on the device of the newest that has both. */
function timedPairs(pool: RunPool, study: StudyPlan, plainArm: number) {
  const pairs = pool.seeds(study).flatMap((seed) => {
    const [plain, standardized] = [pool.train(study, plainArm, seed), pool.train(study, plainArm + 1, seed)];
    return plain && standardized && plain.deviceTitle === standardized.deviceTitle
      ? [{ plain: timed(plain), standardized: timed(standardized), device: plain.deviceTitle }]
      : [];
  });
  const device = pairs.at(-1)?.device;
  if (device === undefined) return undefined;
  const own = pairs.filter((pair) => pair.device === device);
  return {
    device,
    plain: own.map(({ plain }) => plain),
    standardized: own.map(({ standardized }) => standardized),
  };
}

function timed({ experiment, metrics, plan }: TrainClaimRun): TimedRun {
  return { experiment, elapsedMs: metrics.series('elapsedMs'), stepsPerEpoch: plan?.stepsPerEpoch };
}

function hasSteps({ elapsedMs }: TimedRun): boolean {
  return elapsedMs.length > 0;
}

/** Runs of equal length as one, whose epochs follow each other. */
function pooled(runs: readonly TimedRun[]): TimedRun {
  const [{ experiment, stepsPerEpoch, elapsedMs }] = runs as readonly [TimedRun];
  return {
    experiment,
    stepsPerEpoch: stepsPerEpoch ?? elapsedMs.length,
    elapsedMs: runs.flatMap((run) => Array.from(run.elapsedMs)),
  };
}
