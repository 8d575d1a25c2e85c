/** A rule that turns each value, in order, into one of another series. */
export type Rule = () => (value: number, step: number) => number;

/**
 * A series that follows from another one step by step, such as its moving average; only what has been added to
 * the other since the last call is computed.
 */
export class DerivedSeries {
  readonly #rule: Rule;
  #next: (value: number, step: number) => number;
  #values = new Float64Array(1024);
  #count = 0;
  #revision = 0;

  constructor(rule: Rule) {
    this.#rule = rule;
    this.#next = rule();
  }

  /**
   * The derived series of `source`, a view that the next call may leave behind.
   * @param revision of `source`: another one means that earlier values have changed.
   */
  of(source: ArrayLike<number>, revision: number): Float64Array {
    if (revision !== this.#revision || source.length < this.#count) {
      this.#count = 0;
      this.#next = this.#rule();
      this.#revision = revision;
    }
    if (source.length > this.#values.length) {
      const grown = new Float64Array(2 * source.length);
      grown.set(this.#values.subarray(0, this.#count));
      this.#values = grown;
    }
    for (let step = this.#count; step < source.length; step++) {
      this.#values[step] = this.#next(source[step]!, step);
    }
    this.#count = source.length;
    return this.#values.subarray(0, this.#count);
  }
}
