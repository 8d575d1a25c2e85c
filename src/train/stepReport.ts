import type { StepChunk } from '#domain/run.ts';
import type { RunReporter } from './reporter.ts';
import type { Clock } from './stopwatch.ts';

/** At most ten messages a second reach the page, however fast the steps are. */
const INTERVAL_MS = 100;

/** One step as it is reported. */
export interface StepPoint {
  readonly loss: number;
  readonly smoothed: number;
  readonly learningRate: number;
  readonly momentum: number;
  readonly elapsedMs: number;
}

/**
 * Gathers steps into chunks. A chunk goes out with the first arrival that comes 100 ms or more after the
 * last one: no timer is involved, since timers stop in a frozen tab while training may go on. Whoever
 * knows that nothing will arrive for a while (pause, epoch end, end) calls `flush`.
 */
export class StepReport {
  readonly #reporter: Pick<RunReporter, 'steps'>;
  readonly #clock: Clock;
  #points: StepPoint[] = [];
  #nextStep: number;
  #lastFlush = Number.NEGATIVE_INFINITY;

  /** @param firstStep of the first point; a run that continues another does not begin with step 0. */
  constructor(reporter: Pick<RunReporter, 'steps'>, clock: Clock, firstStep = 0) {
    this.#reporter = reporter;
    this.#clock = clock;
    this.#nextStep = firstStep;
  }

  /** Takes the next step's point; steps come without gaps. */
  add(point: StepPoint): void {
    this.#points.push(point);
    this.#nextStep += 1;
  }

  flushWhenDue(): void {
    if (this.#clock() - this.#lastFlush >= INTERVAL_MS) this.flush();
  }

  flush(): void {
    const points = this.#points;
    if (points.length === 0) return;
    this.#points = [];
    this.#lastFlush = this.#clock();
    const column = (name: keyof StepPoint): Float32Array => Float32Array.from(points, (point) => point[name]);
    const chunk: StepChunk = {
      firstStep: this.#nextStep - points.length,
      losses: column('loss'),
      smoothed: column('smoothed'),
      learningRates: column('learningRate'),
      momenta: column('momentum'),
      elapsedMs: column('elapsedMs'),
    };
    this.#reporter.steps(chunk);
  }
}
