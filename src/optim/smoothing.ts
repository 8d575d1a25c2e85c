/** fastai's `SmoothenValue`: its `beta` for losses, in the recorder as in the learning-rate finder. */
export const SMOOTHING_BETA = 0.98;

/**
 * Debiased exponential moving average: m ← β·m + (1 − β)·x, and the n-th value is m / (1 − βⁿ).
 *
 * One smoother serves one whole run; fastai never resets it between epochs. A value that is not finite
 * makes every later average not finite: a run ends there, so nothing has to recover from it.
 *
 * Source: fastai v1, `callback.py`, class `SmoothenValue`.
 */
export class Smoother {
  readonly #beta: number;
  #average = 0;
  #weight = 1;
  #count = 0;

  constructor(beta: number = SMOOTHING_BETA) {
    if (!(beta >= 0 && beta < 1))
      throw new RangeError(`Smoother: beta ${beta} must be at least 0 and below 1`);
    this.#beta = beta;
  }

  /** Takes the next value and returns the average that includes it. */
  add(value: number): number {
    this.#count += 1;
    this.#average = this.#beta * this.#average + (1 - this.#beta) * value;
    this.#weight *= this.#beta; // βⁿ
    return this.value;
  }

  /** The average of all values so far; NaN before the first. */
  get value(): number {
    return this.#count === 0 ? Number.NaN : this.#average / (1 - this.#weight);
  }

  get count(): number {
    return this.#count;
  }
}

/** The debiased moving average at every position of `values`. */
export function smooth(values: ArrayLike<number>, beta: number = SMOOTHING_BETA): Float64Array {
  const smoother = new Smoother(beta);
  return Float64Array.from(values, (value) => smoother.add(value));
}
