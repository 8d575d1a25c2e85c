import type { StepResults, TrainingEngine } from '#engine/engine.ts';
import type { RunControl } from './runControl.ts';
import type { Clock } from './stopwatch.ts';

/** Two submissions keep the GPU busy while the results of a third are read. */
const MAX_IN_FLIGHT = 3;
/** Work queued ahead, so that Stop and Pause answer within about this time. */
const MAX_QUEUED_MS = 200;

interface Pending {
  readonly firstStep: number;
  readonly count: number;
  readonly issuedAt: number;
  readonly results: Promise<StepResults>;
}

export interface StepLoopHooks {
  /** Handles results in order. Returning 'end' issues nothing more and drops what is still in flight. */
  arrived(results: StepResults): 'go' | 'end';
  /** Called once, when all steps were issued and their results are still to come. */
  allIssued?(): void;
  /** Called with an idle engine; resolves when the run may go on. */
  paused(): Promise<void>;
}

/** How `runSteps` ended: all steps done, stopped by the user, or by `arrived`. */
export type StepLoopEnd = 'done' | 'stopped' | 'ended';

/**
 * Keeps an engine busy. Up to three `advance` calls are in flight, fewer when steps are slow; progress
 * depends on results alone, never on timers or animation frames. One loop serves all epochs of a run, since
 * it remembers how long a step takes.
 */
export class StepLoop {
  readonly #engine: TrainingEngine;
  readonly #control: RunControl;
  readonly #clock: Clock;
  #pending: Pending[] = [];
  /** Of the last arrival; undefined until one was measured, and then only one call is in flight. */
  #millisecondsPerStep: number | undefined;
  #lastArrival = Number.NEGATIVE_INFINITY;

  constructor(engine: TrainingEngine, control: RunControl, clock: Clock) {
    this.#engine = engine;
    this.#control = control;
    this.#clock = clock;
  }

  /**
   * Runs the steps from `from` up to, not including, `to`; none is in flight afterwards.
   * @throws what the engine rejects with; results that came before have been handled.
   */
  async run(from: number, to: number, hooks: StepLoopHooks): Promise<StepLoopEnd> {
    let issued = from;
    try {
      for (;;) {
        while (issued < to && this.#mayIssue(to - issued)) {
          issued += this.#issue(issued, to);
          if (issued === to) hooks.allIssued?.();
        }
        const next = this.#pending.shift();
        if (next) {
          if (hooks.arrived(await this.#receive(next)) === 'end') return 'ended';
        } else if (this.#control.isStopped) {
          return 'stopped';
        } else if (issued === to) {
          return 'done';
        } else {
          await hooks.paused();
        }
      }
    } finally {
      const dropped = this.#pending;
      this.#pending = [];
      await Promise.allSettled(dropped.map(({ results }) => results));
    }
  }

  #mayIssue(remaining: number): boolean {
    if (this.#control.isPaused || this.#control.isStopped) return false;
    if (this.#pending.length === 0) return true;
    if (this.#pending.length >= MAX_IN_FLIGHT || this.#millisecondsPerStep === undefined) return false;
    const queued = this.#pending.reduce((sum, { count }) => sum + count, 0);
    const next = Math.min(remaining, this.#engine.stepsPerAdvance);
    return (queued + next) * this.#millisecondsPerStep <= MAX_QUEUED_MS;
  }

  #issue(firstStep: number, to: number): number {
    const count = Math.min(to - firstStep, Math.max(1, this.#engine.stepsPerAdvance));
    const results = this.#engine.advance(count);
    // Awaited in order later; a rejection must not count as unhandled until then.
    results.catch(() => undefined);
    this.#pending.push({ firstStep, count, issuedAt: this.#clock(), results });
    return count;
  }

  async #receive({ firstStep, count, issuedAt, results }: Pending): Promise<StepResults> {
    const received = await results;
    const now = this.#clock();
    this.#millisecondsPerStep = (now - Math.max(issuedAt, this.#lastArrival)) / count;
    this.#lastArrival = now;
    if (received.firstStep !== firstStep || received.losses.length !== count) {
      throw new Error(
        `The engine answered steps ${received.firstStep} to ${received.firstStep + received.losses.length - 1} ` +
          `when asked for ${firstStep} to ${firstStep + count - 1}.`,
      );
    }
    return received;
  }
}
