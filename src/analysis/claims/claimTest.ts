import type { StudyPlan } from '../question.ts';
import {
  boundedEstimate,
  MEDIAN_VALUES,
  meanEstimate,
  medianEstimate,
  ratioOf,
  type BoundedValue,
} from '../statistics.ts';
import { counted } from '../text.ts';
import { judge, valuesToAdd, valuesToAddToMedian, type Region, type Verdict } from './judge.ts';
import type { RunPool, TrainClaimRun } from './pool.ts';

/** What one decision rule makes of the runs at hand. */
export interface Outcome {
  /** Values that it rests on, and what one of them is. */
  readonly count: number;
  readonly countOf: 'seed' | 'block';
  /** A difference of losses, a ratio, or a loss; NaN without any value. */
  readonly estimate: number;
  /**
   * What the estimate is: a mean; a lower or upper bound of one, whose interval has one end; or, where runs diverged,
   * a median.
   */
  readonly is: 'mean' | 'at least' | 'at most' | 'median';
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
  /** Beside the claim: it says more than the claim does, and has no part in its verdict. */
  readonly isAside?: boolean;
  evaluate(pool: RunPool): Outcome;
}

/** A value that stands for more than itself, and why: 'only BN diverged'. An infinite one is that of a diverged run. */
export interface SpecialValue extends BoundedValue {
  readonly why: string;
}

/** One value per seed; undefined where the pair (or the run) is not complete, text where it has no value. */
export type SeedValue = number | SpecialValue | string | undefined;

/**
 * A rule over one value per seed, with the t interval of their mean; of a bound of it where some values are bounds, and
 * of the median, by ranks, where some are infinite.
 * @param values log₁₀ of ratios where `unit` is 'ratio'.
 */
export function seedTest(
  test: Omit<ClaimTest, 'evaluate'>,
  values: (pool: RunPool) => readonly SeedValue[],
): ClaimTest {
  return {
    ...test,
    evaluate(pool) {
      const all = values(pool);
      const special = all.filter((value) => typeof value === 'object');
      const counting = [
        ...all.filter((value) => typeof value === 'number').map((value) => ({ value, is: 'exact' }) as const),
        ...special,
      ];
      const outcome = counting.every(({ value }) => Number.isFinite(value))
        ? outcomeOfMean(counting, test)
        : outcomeOfMedian(counting, test.region);
      const leftOut = all.filter((value) => typeof value === 'string');
      const note = [specialText(special, counting.length, outcome.is), leftOutText(leftOut)];
      return { ...outcome, note: note.filter(Boolean).join(' ') };
    },
  };
}

function outcomeOfMean(
  values: readonly BoundedValue[],
  { unit, region }: Pick<ClaimTest, 'unit' | 'region'>,
): Omit<Outcome, 'note'> {
  const estimate = boundedEstimate(values);
  const isRatio = unit === 'ratio';
  const scaled = isRatio ? { from: Math.log10(region.from), to: Math.log10(region.to) } : region;
  const shown = ratioOf(estimate);
  const { count, mean, low, high, is } = estimate;
  return {
    count,
    countOf: 'seed',
    estimate: isRatio ? shown.ratio : mean,
    is: is === 'exact' || is === 'unknown' ? 'mean' : is,
    low: isRatio ? shown.low : low,
    high: isRatio ? shown.high : high,
    verdict: judge(low, high, scaled),
    seedsToAdd: valuesToAdd(estimate, scaled),
  };
}

function outcomeOfMedian(values: readonly BoundedValue[], region: Region): Omit<Outcome, 'note'> {
  const { count, median, low, high } = medianEstimate(values.map(({ value }) => value));
  const verdict = judge(low, high, region);
  return {
    count,
    countOf: 'seed',
    estimate: median,
    is: 'median',
    low,
    high,
    verdict,
    seedsToAdd: valuesToAddToMedian(count, verdict),
  };
}

/** 'Only BN diverged: 2 of 3 seeds.', and what that makes of the estimate. */
function specialText(values: readonly SpecialValue[], count: number, is: Outcome['is']): string {
  if (values.length === 0) return '';
  const reasons = [...new Set(values.map(({ why }) => why))].map((why) => {
    const times = values.filter((value) => value.why === why).length;
    return `${why.charAt(0).toUpperCase()}${why.slice(1)}: ${times} of ${counted(count, 'seed')}.`;
  });
  const meaning = {
    mean: 'They contradict each other, so there is no number.',
    'at least': 'There the ratio counts as that to the end of the ramp: it is at least that.',
    'at most': 'There the ratio counts as that to the end of the ramp: it is at most that.',
    median: `A run that diverged counts as worse than any loss; the median with its interval by ranks stands for the mean, from ${MEDIAN_VALUES} seeds on.`,
  }[is];
  return [...reasons, meaning].join(' ');
}

/** '2 seeds left out: BN diverged.' */
function leftOutText(reasons: readonly string[]): string {
  if (reasons.length === 0) return '';
  return `${counted(reasons.length, 'seed')} left out: ${[...new Set(reasons)].join(', ')}.`;
}

/** The epoch whose validation loss counts. */
export type AtEpoch = 'last' | 'best';

/** Validation loss of a complete run, infinite for one that diverged; text for one without. */
export function validLoss(
  run: TrainClaimRun | undefined,
  at: AtEpoch,
  name: string,
): number | string | undefined {
  if (!run) return undefined;
  if (run.status === 'diverged') return Number.POSITIVE_INFINITY;
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

/** The weighted sum for every seed of a study; infinite where the runs that diverged all weigh to one side. */
export function lossSums(
  pool: RunPool,
  study: StudyPlan,
  terms: readonly LossTerm[],
  at: AtEpoch,
): readonly SeedValue[] {
  return pool.seeds(study).map((seed) => {
    let sum = 0;
    const diverged: LossTerm[] = [];
    for (const term of terms) {
      const value = validLoss(pool.train(study, term.arm, seed), at, term.name);
      if (typeof value !== 'number') return value;
      if (value === Number.POSITIVE_INFINITY) diverged.push(term);
      else sum += term.weight * value;
    }
    const [first] = diverged;
    if (!first) return sum;
    const names = [...new Set(diverged.map(({ name }) => name))].join(' and ');
    const isOneSided = diverged.every(({ weight }) => Math.sign(weight) === Math.sign(first.weight));
    return isOneSided
      ? { value: first.weight * Number.POSITIVE_INFINITY, is: 'exact', why: `only ${names} diverged` }
      : `${names} diverged`;
  });
}

/** The better one of several arms. */
export interface BestArm {
  readonly arm: number;
  /** Whether some run of it did not diverge. */
  readonly hasTrained: boolean;
}

/**
 * Of several arms the one that diverges least often, and of those the one with the lowest mean loss, over the seeds
 * that all of them were run with; undefined without such a seed.
 */
export function bestArm(
  pool: RunPool,
  study: StudyPlan,
  arms: readonly number[],
  at: AtEpoch,
): BestArm | undefined {
  const seeds = pool.seeds(study).filter((seed) => arms.every((arm) => pool.train(study, arm, seed)));
  let best: { readonly arm: number; readonly trained: number; readonly mean: number } | undefined;
  for (const arm of arms) {
    const losses = seeds.map((seed) => validLoss(pool.train(study, arm, seed), at, ''));
    if (losses.length === 0 || !losses.every((loss) => typeof loss === 'number')) continue;
    const finite = losses.filter(Number.isFinite);
    const { mean } = meanEstimate(finite);
    const isBetter =
      best === undefined ||
      finite.length > best.trained ||
      (finite.length === best.trained && mean < best.mean);
    if (isBetter) best = { arm, trained: finite.length, mean };
  }
  return best && { arm: best.arm, hasTrained: best.trained > 0 };
}
