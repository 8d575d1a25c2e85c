/** The one switch that pauses all runs of a session. */
export class PauseSwitch {
  #isPaused = false;
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
    this.wake();
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

  /** Ends the run, also out of a pause. */
  stop(): void {
    this.#stop.abort();
    this.#pauses.wake();
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
}
