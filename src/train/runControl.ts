/**
 * What the user asked of a run: pause, resume, stop. The run looks between steps; nothing here interrupts
 * work on the GPU, except that a stop aborts an evaluation through `signal`.
 */
export class RunControl {
  readonly #stop = new AbortController();
  #isPaused = false;
  #wake: () => void = () => {};

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Aborted by `stop`. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#wake();
  }

  /** Ends the run, also out of a pause. */
  stop(): void {
    this.#stop.abort();
    this.#wake();
  }

  /** Resolves once the run is neither paused nor waiting: at `resume` or `stop`. */
  async whenAwake(): Promise<void> {
    while (this.#isPaused && !this.isStopped) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
