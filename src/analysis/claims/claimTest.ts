import type { StudyPlan } from '../question.ts';
import { meanEstimate, ratioOf, type Estimate } from '../statistics.ts';
import { counted } from '../text.ts';
import { judge, valuesToAdd, type Region, type Verdict } from './judge.ts';
import type { RunPool, TrainClaimRun } from './pool.ts';

/** What one decision rule makes of the runs at hand. */
export interface Outcome {
  /** Values that it rests on, and what one of them is. */
  readonly count: number;
  readonly countOf: 'seed' | 'block';
  /** A difference of losses, a ratio, or a loss; NaN without any value. */
  readonly estimate: number;
  /** The 95 % interval; infinite below two values. */
  readonly low: number;
  readonly high: number;
  readonly verdict: Verdict;
  /** Seeds that would decide it; 0 when decided, or when seeds are no help. */
  readonly seedsToAdd: number;
  /** What was left out or is special, in a sentence; empty without. */
  readonly note: string;
}

/** One decision rule of a question. */
export interface ClaimTest {
  /** What is estimated: 'validation loss, BN+WS − BN, last epoch'. */
  readonly measure: string;
  readonly unit: 'loss' | 'ratio';
  /** Studies of the question's size that it reads, by index. */
  readonly studies: readonly number[];
  /** Whether it reads steps, not results alone. */
  readonly needsSteps: boolean;
  readonly region: Region;
  evaluate(pool: RunPool): Outcome;
}

/** One value per seed; undefined where the pair (or the run) is not complete, text where it has no value. */
type SeedValue = number | string | undefined;

/**
 * A rule over one value per seed, with the t interval of their mean.
 * @param values log₁₀ of ratios where `unit` is 'ratio'.
 */
export function seedTest(
  test: Pick<ClaimTest, 'measure' | 'unit' | 'studies' | 'needsSteps' | 'region'>,
  values: (pool: RunPool) => readonly SeedValue[],
): ClaimTest {
  return {
    ...test,
    evaluate(pool) {
      const all = values(pool);
      const estimate = meanEstimate(all.filter((value) => typeof value === 'number'));
      const leftOut = all.filter((value) => typeof value === 'string');
      return { ...outcomeOf(estimate, test), note: leftOutText(leftOut) };
    },
  };
}

function outcomeOf(
  estimate: Estimate,
  { unit, region }: Pick<ClaimTest, 'unit' | 'region'>,
): Omit<Outcome, 'note'> {
  const isRatio = unit === 'ratio';
  const scaled = isRatio ? { from: Math.log10(region.from), to: Math.log10(region.to) } : region;
  const low = estimate.mean - estimate.halfWidth;
  const high = estimate.mean + estimate.halfWidth;
  const shown = ratioOf(estimate);
  return {
    count: estimate.count,
    countOf: 'seed',
    estimate: isRatio ? shown.ratio : estimate.mean,
    low: isRatio ? shown.low : low,
    high: isRatio ? shown.high : high,
    verdict: judge(low, high, scaled),
    seedsToAdd: valuesToAdd(estimate, scaled),
  };
}

/** '2 seeds left out: BN diverged.' */
function leftOutText(reasons: readonly string[]): string {
  if (reasons.length === 0) return '';
  return `${counted(reasons.length, 'seed')} left out: ${[...new Set(reasons)].join(', ')}.`;
}

/** The epoch whose validation loss counts. */
export type AtEpoch = 'last' | 'best';

/** Validation loss of a complete run; text for one that diverged. */
export function validLoss(run: TrainClaimRun | undefined, at: AtEpoch, name: string): SeedValue {
  if (!run) return undefined;
  if (run.status === 'diverged') return `${name} diverged`;
  const losses = run.epochs.map((row) => row.validLoss);
  const loss = at === 'last' ? losses.at(-1) : Math.min(...losses);
  return loss !== undefined && Number.isFinite(loss) ? loss : `${name} has no validation loss`;
}

/** A weighted sum of validation losses, seed by seed: [arm, weight] of one study. */
export interface LossTerm {
  readonly arm: number;
  readonly weight: number;
  readonly name: string;
}

/** The weighted sum for every seed of a study. */
export function lossSums(
  pool: RunPool,
  study: StudyPlan,
  terms: readonly LossTerm[],
  at: AtEpoch,
): readonly SeedValue[] {
  return pool.seeds(study).map((seed) => {
    let sum = 0;
    for (const { arm, weight, name } of terms) {
      const value = validLoss(pool.train(study, arm, seed), at, name);
      if (typeof value !== 'number') return value;
      sum += weight * value;
    }
    return sum;
  });
}

/**
 * Of several arms the one with the lowest mean loss over the seeds that all of them were run with; undefined
 * without such a seed. An arm that diverged is not the best one.
 */
export function bestArm(
  pool: RunPool,
  study: StudyPlan,
  arms: readonly number[],
  at: AtEpoch,
): number | undefined {
  const seeds = pool.seeds(study).filter((seed) => arms.every((arm) => pool.train(study, arm, seed)));
  let best: { readonly arm: number; readonly mean: number } | undefined;
  for (const arm of arms) {
    const losses = seeds.map((seed) => validLoss(pool.train(study, arm, seed), at, ''));
    if (losses.length === 0 || !losses.every((loss) => typeof loss === 'number')) continue;
    const { mean } = meanEstimate(losses);
    if (best === undefined || mean < best.mean) best = { arm, mean };
  }
  return best?.arm;
}
