/** Training steps that were timed and what they took together: without validation, compilation and pauses. */
export interface StepTime {
  readonly steps: number;
  readonly milliseconds: number;
}

/**
 * Adds up the time of training steps as they arrive. Steps of one submission arrive at once: what the first ones
 * of an epoch, or of a run that goes on, took is not known, since something else may lie before them.
 */
export class StepTimer {
  #steps = 0;
  #milliseconds = 0;
  /** Of the first arrival since the epoch began or the run went on. */
  #first: number | undefined;
  #last = 0;

  /** Undefined before a step was timed. */
  get time(): StepTime | undefined {
    return this.#steps > 0 && this.#milliseconds > 0
      ? { steps: this.#steps, milliseconds: this.#milliseconds }
      : undefined;
  }

  /**
   * @param elapsedMs compute time at the arrival of each step, from `firstStep` on.
   * @param stepsPerEpoch undefined: all is one epoch.
   */
  add(firstStep: number, elapsedMs: ArrayLike<number>, stepsPerEpoch = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < elapsedMs.length; i++) {
      const now = elapsedMs[i]!;
      if (Number.isNaN(now)) continue;
      if (this.#first === undefined || (firstStep + i) % stepsPerEpoch === 0) this.#first = now;
      else if (now !== this.#first) {
        this.#steps += 1;
        this.#milliseconds += now - this.#last;
      }
      this.#last = now;
    }
  }
}
