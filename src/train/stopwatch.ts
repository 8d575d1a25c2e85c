/** Milliseconds from any fixed origin, never going back: `performance.now`, or a test's own. */
export type Clock = () => number;

/**
 * Cuts the time of one queue into laps, so that each of the runs that share it can add up its own. With a
 * single run the laps add up to the time that has passed, without what was skipped.
 */
export class LapTimer {
  readonly #clock: Clock;
  #mark: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#mark = clock();
  }

  /** Milliseconds since the last call to `lap` or `skip`. */
  lap(): number {
    const before = this.#mark;
    this.#mark = this.#clock();
    return this.#mark - before;
  }

  /** Time up to now belongs to nobody: a pause, the preparation. */
  skip(): void {
    this.#mark = this.#clock();
  }
}
