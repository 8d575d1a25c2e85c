/** Milliseconds from any fixed origin, never going back: `performance.now`, or a test's own. */
export type Clock = () => number;

/** Adds up the time between `start` and `stop`; made stopped. */
export class Stopwatch {
  readonly #clock: Clock;
  #before = 0;
  #startedAt: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    this.#startedAt ??= this.#clock();
  }

  stop(): void {
    this.#before = this.elapsedMs;
    this.#startedAt = undefined;
  }

  get elapsedMs(): number {
    return this.#before + (this.#startedAt === undefined ? 0 : this.#clock() - this.#startedAt);
  }
}
