import type { GradientMemory } from '#domain/checkpoint.ts';
import type { Divergence } from '#domain/run.ts';
import { median } from '#lib/median.ts';
import { Smoother } from './smoothing.ts';

/** fastai's factor in the learning-rate finder: four times the best smoothed loss. */
export const DIVERGENCE_FACTOR = 4;
/** Images whose mean loss is a fair start for 'best': its standard error is about 0.1 nats. */
const SETTLING_IMAGES = 64;
/** Before that, only a loss this many times that of guessing (or of the first batch) ends a run. */
const EXPLOSION_FACTOR = 100;
/** A gradient this many times its running median has exploded: section 4.6 of NormLab's product specification. */
const GRADIENT_FACTOR = 100;
/** Samples that the running median is taken from; every fifth step is sampled. */
const GRADIENT_PAST = 100;
/** Samples that a median needs: they are 100 steps, so that a warm-up from tiny gradients is behind them. */
const FEWEST_GRADIENTS = 20;

/**
 * Decides when a training run has diverged. Fed with every training loss in order:
 *
 * 1. a loss that is NaN or infinite ends the run, at any step;
 * 2. from the first 64 images on, a smoothed loss above four times the best smoothed loss *and* above the
 *    loss of guessing, ln(classes), ends it;
 * 3. before that, only a smoothed loss of a hundred times the loss of guessing or of the first batch does;
 * 4. from 20 sampled gradients on, a gradient norm above a hundred times its median over the last 100 samples
 *    *and* of the first 20 ends it.
 *
 * fastai's bare rule (2 without its second half, from the first batch on) serves a finder of a hundred
 * steps. In a run at batch size 2 it fires on noise, for two reasons. The average of the first few batches
 * can be four times too low by luck: so 'best' starts only once 64 images are in it. And at the end of
 * training the moving average covers 198 images, whose losses are mostly near zero with rare large ones:
 * it swings between 0.1 and 0.7 without anything being wrong. No such swing lifts it above ln(classes); a
 * network that has lost what it learned does exactly that.
 *
 * The second half of 4 has the same reason: once a network knows its images, most gradients are near zero, and
 * the one of a batch that it gets wrong is thousands of times as large, though no larger than those of its first
 * steps. A run that goes on therefore takes up the memory of its gradients, and a fork the first median of the run
 * that it goes on from, beside that of its own first samples. Without such a memory there is nothing to measure
 * against in the middle of a run, and it must not be fed gradients. A run that clips its gradients
 * must not be fed them either: a large one does no harm there.
 */
export class DivergenceRule {
  readonly #smoother = new Smoother();
  readonly #settlingSteps: number;
  readonly #chance: number;
  #best = Number.POSITIVE_INFINITY;
  #first = 0;
  /** The last samples, oldest first. */
  #gradients: readonly number[];
  /** Median of the first samples; undefined until there are enough. */
  #firstGradient: number | undefined;

  /**
   * @param batchSize images per training loss.
   * @param classes of the data set.
   * @param gradients what a run that goes on had by then.
   */
  constructor(batchSize: number, classes: number, gradients: GradientMemory = { last: [] }) {
    this.#settlingSteps = Math.ceil(SETTLING_IMAGES / batchSize);
    this.#chance = Math.log(classes);
    this.#gradients = gradients.last;
    this.#firstGradient = gradients.first;
  }

  /**
   * Takes the next loss.
   * @param gradientNorm of the same step; NaN where it was not sampled.
   * @returns the smoothed loss, and the reason to end the run if there is one.
   */
  add(
    loss: number,
    gradientNorm = Number.NaN,
  ): { readonly smoothed: number; readonly reason: Divergence['reason'] | undefined } {
    const smoothed = this.#smoother.add(loss);
    if (!Number.isFinite(loss)) return { smoothed, reason: 'not-finite' };
    const { count } = this.#smoother;
    if (count === 1) this.#first = loss;
    const settled = count >= this.#settlingSteps;
    if (settled) this.#best = Math.min(this.#best, smoothed);
    const limit = settled
      ? Math.max(DIVERGENCE_FACTOR * this.#best, this.#chance)
      : EXPLOSION_FACTOR * Math.max(this.#first, this.#chance);
    if (smoothed > limit) return { smoothed, reason: 'above-threshold' };
    return { smoothed, reason: this.#hasExploded(gradientNorm) ? 'gradient-exploded' : undefined };
  }

  #hasExploded(norm: number): boolean {
    if (Number.isNaN(norm)) return false;
    if (this.#firstGradient !== undefined && this.#gradients.length >= FEWEST_GRADIENTS) {
      const usual = Math.max(this.#firstGradient, median(this.#gradients));
      if (norm > GRADIENT_FACTOR * usual) return true;
    }
    this.#gradients = [...this.#gradients, norm].slice(-GRADIENT_PAST);
    if (this.#gradients.length === FEWEST_GRADIENTS) {
      this.#firstGradient = Math.max(this.#firstGradient ?? 0, median(this.#gradients));
    }
    return false;
  }

  /** What the next gradients are measured against. */
  get gradients(): GradientMemory {
    const first = this.#firstGradient;
    return { ...(first !== undefined && { first }), last: this.#gradients };
  }

  /** The smoothed loss after the last value; NaN before the first. */
  get smoothed(): number {
    return this.#smoother.value;
  }
}
