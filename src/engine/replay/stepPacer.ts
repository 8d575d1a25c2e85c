/** Length of a submission that leaves the page room to draw, milliseconds. */
const TARGET_MS = 50;
/** More would cost more than they ease. */
const MOST_SUBMITS = 16;

/**
 * Learns how long a step takes and says how many steps a submission should hold. Counts time between
 * results, so submissions that wait behind others do not seem slow.
 */
export class StepPacer {
  readonly #most: number;
  #millisecondsPerStep = Infinity;
  #lastDone = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get stepsPerAdvance(): number {
    return Math.max(1, Math.min(this.#most, Math.floor(TARGET_MS / this.#millisecondsPerStep)));
  }

  /** Into how many submissions a step is cut where one alone would take longer than the target. */
  get submitsPerStep(): number {
    // The first step's time is unknown, and it includes whatever the driver still compiles.
    if (!Number.isFinite(this.#millisecondsPerStep)) return MOST_SUBMITS;
    return Math.max(1, Math.min(MOST_SUBMITS, Math.ceil(this.#millisecondsPerStep / TARGET_MS)));
  }

  /** Call when `count` steps were issued, and `done` when their results arrived. */
  issue(count: number): { done(): void } {
    const issuedAt = performance.now();
    return {
      done: () => {
        const now = performance.now();
        const perStep = (now - Math.max(issuedAt, this.#lastDone)) / count;
        this.#lastDone = now;
        // The first figure replaces the unknown; later ones move it slowly, since a tab may be starved.
        this.#millisecondsPerStep = Number.isFinite(this.#millisecondsPerStep)
          ? 0.8 * this.#millisecondsPerStep + 0.2 * perStep
          : perStep;
      },
    };
  }
}
