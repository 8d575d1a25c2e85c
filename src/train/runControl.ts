/** The one switch that pauses all runs of a session. */
export class PauseSwitch {
  #isPaused = false;
  /** Single steps that were asked for and not taken yet. */
  #stepsWanted = 0;
  /** Set by a wake that nobody was waiting for: it may come while a pause is being reported. */
  #isWoken = false;
  #resolve: (() => void) | undefined;

  get isPaused(): boolean {
    return this.#isPaused;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#stepsWanted = 0;
    this.wake();
  }

  /** Lets one step through while paused. */
  step(): void {
    if (!this.#isPaused) return;
    this.#stepsWanted += 1;
    this.wake();
  }

  get isStepWanted(): boolean {
    return this.#stepsWanted > 0;
  }

  /** Whether a single step was asked for; it counts as taken. */
  takeStep(): boolean {
    if (!this.isStepWanted) return false;
    this.#stepsWanted -= 1;
    return true;
  }

  /** Makes `woken` resolve, paused or not: something else has changed. */
  wake(): void {
    this.#isWoken = true;
    this.#resolve?.();
  }

  /** Resolves at the next `resume` or `wake` since the last call; at once when nothing is paused. */
  async woken(): Promise<void> {
    if (this.#isPaused && !this.#isWoken) {
      await new Promise<void>((resolve) => {
        this.#resolve = resolve;
      });
    }
    this.#isWoken = false;
    this.#resolve = undefined;
  }
}

/**
 * What the user asked of a run. The run looks between steps; a stop also cancels, through `signal`, what the
 * GPU has not begun.
 */
export class RunControl {
  readonly #pauses: PauseSwitch;
  readonly #stop = new AbortController();
  readonly #user = new AbortController();
  #wantsState = false;

  constructor(pauses: PauseSwitch) {
    this.#pauses = pauses;
  }

  get isPaused(): boolean {
    return this.#pauses.isPaused;
  }

  get isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Aborted by `stop`. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Aborted by the user alone, also after a rule has ended the run. */
  get userSignal(): AbortSignal {
    return this.#user.signal;
  }

  /** Ends the run, also out of a pause. */
  stop(): void {
    this.#user.abort();
    this.#end();
  }

  /** Ends the run as its stop rule wants it: as a stop, which the user has not asked for. */
  stopByRule(): void {
    this.#end();
  }

  /** Whether one step may be taken during a pause; it counts as taken. */
  takeStep(): boolean {
    return this.#pauses.takeStep();
  }

  /** Asks for the run's state to be kept as soon as it can be. */
  saveState(): void {
    this.#wantsState = true;
  }

  /** Whether the state was asked for since the last call. */
  takeStateRequest(): boolean {
    const wanted = this.#wantsState;
    this.#wantsState = false;
    return wanted;
  }

  #end(): void {
    this.#stop.abort();
    this.#pauses.wake();
  }
}
