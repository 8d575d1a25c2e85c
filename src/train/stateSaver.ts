import type { EngineState, TrainingEngine } from '#engine/engine.ts';
import type { RunState, StateKeeper } from './reporter.ts';

/** States are this far apart in compute time, once the run is that old. */
const INTERVAL_MS = 30_000;
/** A young run doubles its age between two states, so that little is lost; but not below this. */
const SHORTEST_INTERVAL_MS = 1000;

/** Where a run is: steps recorded, its clock, and what its gradients are measured against. */
export type Progress = Pick<RunState, 'step' | 'elapsedMs' | 'epochStartedMs' | 'gradients'>;

interface Candidate {
  readonly step: number;
  readonly state: Promise<EngineState | undefined>;
  /** Where the run was at `step`, once its results have arrived. */
  progress: Progress | undefined;
}

/**
 * Keeps states of a run while it goes on. A snapshot is queued behind the steps that it follows, so that the
 * pipeline never drains for it; it is written in the background once the loss *after* it has proved sound: a
 * state that has already diverged would be of no use. One state is written at a time; what falls due
 * meanwhile waits. Compute time decides what is due, and moves with results alone, never with timers.
 */
export class StateSaver {
  readonly #engine: TrainingEngine;
  readonly #keeper: StateKeeper;
  readonly #stepsPerEpoch: number;
  #candidate: Candidate | undefined;
  #writing: Promise<void> | undefined;
  /** The newest state that is kept or being written. */
  #last: { readonly step: number; readonly elapsedMs: number };
  #isWanted = false;

  /** @param start where the run begins: nothing has to be kept there. */
  constructor(engine: TrainingEngine, keeper: StateKeeper, stepsPerEpoch: number, start: Progress) {
    this.#engine = engine;
    this.#keeper = keeper;
    this.#stepsPerEpoch = stepsPerEpoch;
    this.#last = start;
  }

  /** The user may leave: the next state is due at once. */
  want(): void {
    this.#isWanted = true;
  }

  /** Whether another state can be taken now. */
  get isFree(): boolean {
    return !this.#candidate && !this.#writing;
  }

  /** Whether the state after `step` steps is to be kept; the run's clock shows `elapsedMs`. */
  isDue(step: number, elapsedMs: number): boolean {
    if (step === this.#last.step) return false;
    if (this.#isWanted) return true;
    const age = elapsedMs - this.#last.elapsedMs;
    if (age < SHORTEST_INTERVAL_MS) return false;
    return step % this.#stepsPerEpoch === 0 || age >= Math.min(INTERVAL_MS, elapsedMs / 2);
  }

  /** Takes the state behind the steps up to `step`, all of which were issued, and none after. Only while free. */
  take(step: number): void {
    this.#isWanted = false;
    this.#candidate = {
      step,
      // A device that fails here fails the run's own calls too.
      state: this.#engine.snapshot().catch(() => undefined),
      progress: undefined,
    };
  }

  /** Results have arrived, or an evaluation has moved the run's clock. */
  recorded(progress: Progress): void {
    const candidate = this.#candidate;
    if (!candidate || progress.step < candidate.step) return;
    if (progress.step === candidate.step) candidate.progress = progress;
    else this.#write(candidate);
  }

  /** The loss of `step` broke the rule: a snapshot from before it is kept, any other is not. */
  diverged(step: number): void {
    if (this.#candidate && this.#candidate.step < step) this.#write(this.#candidate);
    this.#candidate = undefined;
  }

  /** Keeps the state of an idle engine that has recorded all its steps; resolves when the engine is free. */
  async keepNow(progress: Progress): Promise<void> {
    const candidate = this.#candidate;
    this.#isWanted = false;
    this.#candidate = undefined;
    if (progress.step === this.#last.step) return;
    const taken = candidate?.step === progress.step ? await candidate.state : undefined;
    const state = taken ?? (await this.#engine.snapshot());
    this.keep({ ...progress, ...state });
  }

  /** Writes a state that the run starts with, after the one that is being written. */
  keep(state: RunState): void {
    this.#last = state;
    this.#queue(() => this.#keeper.keep(state));
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  #write({ state, progress }: Candidate): void {
    this.#candidate = undefined;
    if (!progress) return;
    this.#last = progress;
    this.#queue(async () => {
      const taken = await state;
      if (taken) await this.#keeper.keep({ ...progress, ...taken });
    });
  }

  #queue(write: () => Promise<void>): void {
    const before = this.#writing ?? Promise.resolve();
    const writing = before.then(write).finally(() => {
      if (this.#writing === writing) this.#writing = undefined;
    });
    this.#writing = writing;
  }
}
