import type { FinderResult, FinderRule, Suggestion } from '#domain/run.ts';
import { DIVERGENCE_FACTOR } from './divergence.ts';
import { Smoother, SMOOTHING_BETA } from './smoothing.ts';

/** Suggestions that differ by more than this are reported as disagreeing. */
const DISAGREEMENT_FACTOR = 10;
/**
 * Shares of the ramp that the rules leave out: its start, before the average has settled, and the end of the curve,
 * where the loss is exploding.
 */
const TRIM_START = 1 / 10;
const TRIM_END = 1 / 20;
/** The interval slide's distance in points, and the difference of slopes at which it stops. */
const SLIDE_DISTANCE = 15;
const SLIDE_THRESHOLD = 0.005;

/**
 * Smoothing of a finder of so many steps: fastai's beta at its 100 steps, and otherwise the one whose window
 * covers the same stretch of the ramp, in decades of learning rate.
 */
export function finderBeta(steps: number): number {
  return SMOOTHING_BETA ** (100 / steps);
}

/**
 * The finder's stop rule, fed with the loss of every step in order.
 *
 * After the update of step k, with s the smoothed loss including it: best ← s if k = 0 or s < best; then
 * stop when all steps are done, when s > 4·best, or when s is not a number. (fastai goes on after an
 * infinite loss until it becomes NaN a step later; here it stops at once.)
 *
 * Source: fastai v1, `callbacks/lr_finder.py`.
 */
export class FinderStopRule {
  readonly #steps: number;
  readonly #smoother: Smoother;
  #best = Number.POSITIVE_INFINITY;

  /** @param steps of the whole ramp. */
  constructor(steps: number) {
    this.#smoother = new Smoother(finderBeta(steps));
    this.#steps = steps;
  }

  /** @returns the smoothed loss, and why the finder stops after this step, if it does. */
  add(loss: number): { readonly smoothed: number; readonly reason: FinderResult['reason'] | undefined } {
    const smoothed = this.#smoother.add(loss);
    if (!Number.isFinite(smoothed)) return { smoothed, reason: 'not-finite' };
    this.#best = Math.min(this.#best, smoothed);
    if (smoothed > this.stopAbove) return { smoothed, reason: 'loss-exploded' };
    return { smoothed, reason: this.#smoother.count >= this.#steps ? 'completed' : undefined };
  }

  /** The smoothed loss above which the finder stops: four times the best so far. */
  get stopAbove(): number {
    return DIVERGENCE_FACTOR * this.#best;
  }
}

/** Part of the curve that a rule looks at: from index `from` up to, not including, `to`. */
export interface Trim {
  readonly from: number;
  readonly to: number;
}

/**
 * Points of a curve with `count` points, planned with `steps`, that the rules look at: without the first tenth and the
 * last twentieth of the ramp. At fastai's 100 steps these are its own trims, the first 10 and the last 5 points. fastai
 * v2 drops 5 at any length and v1 the first 10; here they scale as smoothing does, so that they are the same stretch of
 * the ramp, in decades of learning rate.
 */
export function finderTrim(count: number, steps: number): Trim {
  const from = Math.floor(TRIM_START * steps);
  return { from, to: Math.max(from, count - Math.round(TRIM_END * steps)) };
}

/** What a rule found in a trimmed curve: the learning rate, and the index of its marker in that curve. */
type Finding = { readonly learningRate: number; readonly index: number } | { readonly note: string };
type Rule = (learningRates: Float64Array, losses: Float64Array) => Finding;

const NEVER_FALLS = 'The loss never falls over this part of the curve.';

function tooFew(count: number, needed: number): Finding {
  return { note: `Not enough points: ${count}, and this rule needs ${needed}.` };
}

/**
 * fastai v2's `valley`: the middle third of the longest decrease of the curve.
 * Parity notes: the 'start' of the decrease is its end minus its length, which is not its first element
 * unless the decrease is contiguous; and it may be -1.
 */
const valley: Rule = (learningRates, losses) => {
  const count = losses.length;
  if (count < 2) return tooFew(count, 2);
  // lengths[i]: of the longest strictly decreasing subsequence that ends at i.
  const lengths = new Int32Array(count).fill(1);
  let end = 0;
  for (let i = 1; i < count; i++) {
    for (let j = 0; j < i; j++) {
      if (losses[i]! < losses[j]!) lengths[i] = Math.max(lengths[i]!, lengths[j]! + 1);
    }
    if (lengths[i]! > lengths[end]!) end = i;
  }
  const length = lengths[end]!;
  if (length < 2) return { note: NEVER_FALLS };
  const third = length / 3;
  const index = end - length + Math.floor(third) + Math.floor(third / 2);
  if (index < 0) return { note: 'The longest decrease is only two points long.' };
  return { learningRate: learningRates[index]!, index };
};

/** fastai v2's `steep`: where the loss falls fastest per unit of ln η. */
const steep: Rule = (learningRates, losses) => {
  const count = losses.length;
  if (count < 2) return tooFew(count, 2);
  const slopes = Float64Array.from(
    { length: count - 1 },
    (_, i) => (losses[i + 1]! - losses[i]!) / (Math.log(learningRates[i + 1]!) - Math.log(learningRates[i]!)),
  );
  const index = argmin(slopes);
  return slopes[index]! < 0 ? { learningRate: learningRates[index]!, index } : { note: NEVER_FALLS };
};

/** A tenth of the learning rate of the lowest loss; the marker sits at that lowest loss. */
const minimum: Rule = (learningRates, losses) => {
  const count = losses.length;
  if (count < 2) return tooFew(count, 2);
  const index = argmin(losses);
  return index > 0 ? { learningRate: learningRates[index]! / 10, index } : { note: NEVER_FALLS };
};

/** fastai v2's `slide`: walks two points 15 apart down from the end until their slopes are alike. */
const slide: Rule = (learningRates, losses) => {
  const count = losses.length;
  if (count < SLIDE_DISTANCE + 1) return tooFew(count, SLIDE_DISTANCE + 1);
  const slopes = gradient(losses);
  let right = count - 1;
  let left = right - SLIDE_DISTANCE;
  let index = left;
  while (left >= 0 && Math.abs(slopes[right]! - slopes[left]!) > SLIDE_THRESHOLD) {
    index = left;
    right -= 1;
    left -= 1;
  }
  return { learningRate: learningRates[index]!, index };
};

/** fastai v1's `plot(suggestion=True)`: the lowest slope per point. */
const lowestSlope: Rule = (learningRates, losses) => {
  const count = losses.length;
  if (count < 2) return tooFew(count, 2);
  const slopes = gradient(losses);
  const index = argmin(slopes);
  return slopes[index]! < 0 ? { learningRate: learningRates[index]!, index } : { note: NEVER_FALLS };
};

const RULES: readonly (readonly [FinderRule, Rule])[] = [
  ['valley', valley],
  ['steep', steep],
  ['minimum', minimum],
  ['slide', slide],
  ['v1', lowestSlope],
];

/**
 * Every rule's suggestion for a finder's curve.
 *
 * @param learningRates η of each recorded step.
 * @param smoothed smoothed loss of each, same length.
 * @param steps that the ramp was planned with (the curve may be shorter).
 *
 * Source: fastai v2, `callback/schedule.py`; fastai v1, `basic_train.py` `Recorder.plot`. Where fastai returns
 * a meaningless point (a curve that never falls, an index of -1), the suggestion says why there is none.
 */
export function suggestLearningRates(
  learningRates: ArrayLike<number>,
  smoothed: ArrayLike<number>,
  steps: number,
): { readonly suggestions: readonly Suggestion[]; readonly disagree: boolean } {
  const rates = Float64Array.from(learningRates);
  const losses = Float64Array.from(smoothed);
  const suggestions = RULES.map(([rule, find]): Suggestion => {
    const { from, to } = beforeNaN(losses, finderTrim(losses.length, steps));
    const finding = find(rates.slice(from, to), losses.slice(from, to));
    return 'note' in finding
      ? { rule, learningRate: undefined, index: undefined, note: finding.note }
      : { rule, learningRate: finding.learningRate, index: from + finding.index };
  });
  const found = suggestions.flatMap(({ learningRate }) => (learningRate === undefined ? [] : [learningRate]));
  const disagree = found.length > 1 && Math.max(...found) > DISAGREEMENT_FACTOR * Math.min(...found);
  return { suggestions, disagree };
}

/** Ends a trim before the first value in it that is not a number. */
function beforeNaN(losses: Float64Array, { from, to }: Trim): Trim {
  const bad = losses.findIndex((loss, i) => i >= from && i < to && Number.isNaN(loss));
  return bad < 0 ? { from, to } : { from, to: bad };
}

/** Index of the first smallest value. */
function argmin(values: Float64Array): number {
  return values.reduce((best, value, i) => (value < values[best]! ? i : best), 0);
}

/** NumPy's `gradient` per index: central differences inside, one-sided at both ends. */
function gradient(values: Float64Array): Float64Array {
  const last = values.length - 1;
  return values.map((_, i) => {
    const left = Math.max(0, i - 1);
    const right = Math.min(last, i + 1);
    return (values[right]! - values[left]!) / (right - left);
  });
}
