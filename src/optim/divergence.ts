import type { Divergence } from '#domain/run.ts';
import { Smoother } from './smoothing.ts';

/** fastai's factor in the learning-rate finder: four times the best smoothed loss. */
export const DIVERGENCE_FACTOR = 4;
/** Images whose mean loss is a fair start for 'best': its standard error is about 0.1 nats. */
const SETTLING_IMAGES = 64;
/** Before that, only a loss this many times that of guessing (or of the first batch) ends a run. */
const EXPLOSION_FACTOR = 100;

/**
 * Decides when a training run has diverged. Fed with every training loss in order:
 *
 * 1. a loss that is NaN or infinite ends the run, at any step;
 * 2. from the first 64 images on, a smoothed loss above four times the best smoothed loss *and* above the
 *    loss of guessing, ln(classes), ends it;
 * 3. before that, only a smoothed loss of a hundred times the loss of guessing or of the first batch does.
 *
 * fastai's bare rule (2 without its second half, from the first batch on) serves a finder of a hundred
 * steps. In a run at batch size 2 it fires on noise, for two reasons. The average of the first few batches
 * can be four times too low by luck: so 'best' starts only once 64 images are in it. And at the end of
 * training the moving average covers 198 images, whose losses are mostly near zero with rare large ones:
 * it swings between 0.1 and 0.7 without anything being wrong. No such swing lifts it above ln(classes); a
 * network that has lost what it learned does exactly that.
 */
export class DivergenceRule {
  readonly #smoother = new Smoother();
  readonly #settlingSteps: number;
  readonly #chance: number;
  #best = Number.POSITIVE_INFINITY;
  #first = 0;

  /**
   * @param batchSize images per training loss.
   * @param classes of the data set.
   */
  constructor(batchSize: number, classes: number) {
    this.#settlingSteps = Math.ceil(SETTLING_IMAGES / batchSize);
    this.#chance = Math.log(classes);
  }

  /**
   * Takes the next loss.
   * @returns the smoothed loss, and the reason to end the run if there is one.
   */
  add(loss: number): { readonly smoothed: number; readonly reason: Divergence['reason'] | undefined } {
    const smoothed = this.#smoother.add(loss);
    if (!Number.isFinite(loss)) return { smoothed, reason: 'not-finite' };
    const { count } = this.#smoother;
    if (count === 1) this.#first = loss;
    const settled = count >= this.#settlingSteps;
    if (settled) this.#best = Math.min(this.#best, smoothed);
    const limit = settled
      ? Math.max(DIVERGENCE_FACTOR * this.#best, this.#chance)
      : EXPLOSION_FACTOR * Math.max(this.#first, this.#chance);
    return { smoothed, reason: smoothed > limit ? 'above-threshold' : undefined };
  }

  /** The smoothed loss after the last value; NaN before the first. */
  get smoothed(): number {
    return this.#smoother.value;
  }
}
