import type { PauseSwitch, RunControl } from './runControl.ts';
import type { LapTimer } from './stopwatch.ts';

/** What a pause does to a run. */
export interface Pausable {
  readonly control: RunControl;
  /** Reports what there is; called once per pause. */
  pausing(): void;
  /** Reports a single step that was taken meanwhile. */
  stepped(): void;
  goingOn(): void;
}

/** Tells the runs of a session of its pauses, during which their clocks stand still. */
export class Pauses {
  readonly #switch: PauseSwitch;
  readonly #timer: LapTimer;
  readonly #paused = new Set<Pausable>();

  constructor(pauseSwitch: PauseSwitch, timer: LapTimer) {
    this.#switch = pauseSwitch;
    this.#timer = timer;
  }

  /** Whether something other than a single step has to wait. */
  get holdsBack(): boolean {
    return this.#switch.isPaused && !this.#switch.isStepWanted;
  }

  /** Resolves when the runs may go on or take a step, or one of them was stopped. */
  async wait(runs: readonly Pausable[]): Promise<void> {
    for (const run of runs) {
      if (this.#paused.has(run)) {
        run.stepped();
        continue;
      }
      this.#paused.add(run);
      run.pausing();
    }
    if (!this.#switch.isStepWanted) await this.#switch.woken();
    this.#timer.skip();
    if (this.#switch.isPaused) return;
    for (const run of this.#paused) if (!run.control.isStopped) run.goingOn();
    this.#paused.clear();
  }
}
