import type { StudyPlan } from '#analysis/question.ts';
import type { DatasetInfo } from '#domain/dataset.ts';
import { studiesMs } from './studyCost.ts';
import type { StepTimes } from './studyCost.ts';

/** How much of the data, and how often, fits a budget of time. */
export interface Fit {
  /** Training images of every run. */
  readonly images: number;
  /** At most so many epochs. */
  readonly epochs: number;
  readonly milliseconds: number;
}

/** With fewer steps than this an epoch says little; before that, epochs are given up. */
const LEAST_STEPS = 100;

/** Training plans with no more images and epochs than that. */
export function shortened<Plan extends StudyPlan>(
  plan: Plan,
  { images, epochs }: Omit<Fit, 'milliseconds'>,
): Plan {
  if (plan.kind !== 'train') return plan;
  const arms = plan.arms.map((arm) => ({
    ...arm,
    trainLimit: arm.trainLimit === 0 ? images : Math.min(arm.trainLimit, images),
    epochs: Math.min(arm.epochs, epochs),
  }));
  // Those that are equal now are one; twins stay two.
  const texts = arms.map((arm) => JSON.stringify(arm));
  const before = plan.arms.map((arm) => JSON.stringify(arm));
  const isFirst = (_: unknown, i: number): boolean =>
    !texts.slice(0, i).some((text, j) => text === texts[i] && before[j] !== before[i]);
  const { rateReasons } = plan;
  return {
    ...plan,
    arms: arms.filter(isFirst),
    ...(rateReasons && { rateReasons: rateReasons.filter(isFirst) }),
  };
}

/**
 * The most images, and of those the most epochs, that plans can take in a time; undefined where too few steps would
 * be left, and where the time of a step is not known. Epochs are kept for as long as each has steps enough.
 */
export function fitToBudget(
  plans: readonly StudyPlan[],
  info: DatasetInfo,
  times: StepTimes,
  budgetMs: number,
): Fit | undefined {
  const arms = plans.flatMap((plan) => (plan.kind === 'train' ? plan.arms : []));
  if (arms.length === 0) return undefined;
  const batch = Math.max(...arms.map((arm) => arm.batchSize));
  const timeOf = (images: number, epochs: number): number =>
    studiesMs(
      plans.map((plan) => shortened(plan, { images, epochs })),
      info,
      times,
    ) ?? Number.POSITIVE_INFINITY;
  for (let epochs = Math.max(...arms.map((arm) => arm.epochs)); epochs > 0; epochs--) {
    const images = rounded(mostImages(info.trainCount, (count) => timeOf(count, epochs) <= budgetMs));
    if (images >= LEAST_STEPS * batch || (epochs === 1 && images >= 2 * batch)) {
      return { images, epochs, milliseconds: timeOf(images, epochs) };
    }
  }
  return undefined;
}

/** The largest count up to `all` that fits; what is smaller fits too. */
function mostImages(all: number, fits: (count: number) => boolean): number {
  let [low, high] = [0, all];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Down to two digits, as people would choose it. */
function rounded(count: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, count))) - 1);
  return Math.floor(count / unit) * unit;
}
