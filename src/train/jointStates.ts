import type { Lane } from './lane.ts';

/**
 * Decides when the states of a race are kept: for all of its runs after the same step, so that the race can go on
 * as one. What is due for one of them is due for all, once all can take one.
 */
export class JointStates {
  readonly #lanes: () => readonly Lane[];
  #step: number | undefined;
  #isDue = false;

  /** @param lanes gives those that have not left. */
  constructor(lanes: () => readonly Lane[]) {
    this.#lanes = lanes;
  }

  /** All steps of a lane before `step` are issued. */
  issued(lane: Lane, step: number): void {
    // The first lane to get there asks for all: the others follow.
    if (step !== this.#step) {
      this.#step = step;
      const due = this.#lanes().map((one) => one.isStateDue(step));
      this.#isDue = due.includes(true) && !due.includes(undefined);
    }
    if (this.#isDue) lane.keepState(step);
  }
}
