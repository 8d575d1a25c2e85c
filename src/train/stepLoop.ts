import type { StepResults, TrainingEngine } from '#engine/engine.ts';
import type { RunControl } from './runControl.ts';
import type { Clock, LapTimer } from './stopwatch.ts';

/** Two submissions keep the GPU busy while the results of a third are read; more where these are long on their way. */
const MAX_IN_FLIGHT = 3;
const MAX_IN_FLIGHT_LATE = 12;
/** Work queued ahead, so that Pause answers within about this time. */
const MAX_QUEUED_MS = 120;
/** Results that take this long to arrive are as good as lost time; some browsers look ten times a second. */
const MAX_DELAY_MS = 250;

/** One engine in the loop, and what its run does with the results. */
export interface LoopLane {
  readonly engine: TrainingEngine;
  readonly control: RunControl;
  /**
   * Handles results in order. Returning 'end' issues nothing more and drops what is still in flight.
   * @param milliseconds of the queue's time that belong to these steps.
   */
  arrived(results: StepResults, milliseconds: number): 'go' | 'end';
}

export interface StepLoopHooks<Lane extends LoopLane> {
  /** All steps of a lane before `step` are issued; all lanes are told of the same steps, one after the other. */
  issued?(lane: Lane, step: number): void;
  /** Called once, when all steps of all lanes were issued and results are still to come. */
  allIssued?(): void;
  /** Called with idle engines; resolves when a lane may go on or was stopped. */
  paused(): Promise<void>;
  /** A lane has left: the user stopped it, or `arrived` ended it. Nothing of it is in flight. */
  left(lane: Lane, why: 'stopped' | 'ended'): Promise<void>;
}

interface Place<Lane> {
  readonly lane: Lane;
  /** First step that is not issued yet. */
  next: number;
  /** Of the last arrival; undefined until one was measured, and then nothing else is in flight. */
  millisecondsPerStep: number | undefined;
}

interface Pending<Lane> {
  readonly place: Place<Lane>;
  readonly firstStep: number;
  readonly count: number;
  readonly issuedAt: number;
  /** When the device will be done with it, by what the engines know; undefined where they do not. */
  readonly doneAt: number | undefined;
  readonly results: Promise<StepResults>;
  isDone: boolean;
}

/**
 * Keeps the GPU busy with one engine, or with several that take the same steps in turn. Up to three `advance`
 * calls are in flight over all lanes, fewer when steps are slow; progress depends on results alone, never on
 * timers or animation frames. The GPU's queue is serial, so the time between two arrivals belongs to the lane
 * that arrived. A lane that is stopped gives up what the GPU has not begun. One loop serves all epochs, since it remembers how long a step takes.
 */
export class StepLoop<Lane extends LoopLane> {
  readonly #clock: Clock;
  readonly #timer: LapTimer;
  #places: readonly Place<Lane>[];
  #pending: Pending<Lane>[] = [];
  #lastArrival = Number.NEGATIVE_INFINITY;
  /** From the end of a call's work to the arrival of its results, as far as the engines can tell. */
  #delayMs = 0;
  /** Called whenever a call is done. */
  #wake: () => void = () => undefined;
  /** Every lane takes the steps up to here before one takes the next. */
  #roundEnd = 0;
  #end = 0;

  constructor(lanes: readonly Lane[], clock: Clock, timer: LapTimer) {
    this.#places = lanes.map((lane) => ({ lane, next: 0, millisecondsPerStep: undefined }));
    this.#clock = clock;
    this.#timer = timer;
    for (const { engine, control } of lanes) {
      control.signal.addEventListener('abort', () => engine.cancel?.(), { once: true });
    }
  }

  /** Lanes that have not left, in their order. */
  get lanes(): readonly Lane[] {
    return this.#places.map(({ lane }) => lane);
  }

  /**
   * Takes the steps from `from` up to, not including, `to` in every lane; returns when they are done or all
   * lanes have left. No step is in flight afterwards.
   *
   * @throws what an engine rejects with; results that came before have been handled.
   */
  async run(from: number, to: number, hooks: StepLoopHooks<Lane>): Promise<void> {
    this.#roundEnd = from;
    this.#end = to;
    for (const place of this.#places) place.next = from;
    let isTold = false;
    try {
      for (;;) {
        this.#issueAll(hooks);
        if (!isTold && this.#isAllIssued() && this.#pending.length > 0) {
          isTold = true;
          hooks.allIssued?.();
        }
        const next = this.#pending.length > 0 ? await this.#nextDone() : undefined;
        if (next && (await this.#receive(next)) === 'end') await this.#leave(next.place, 'ended', hooks);
        for (const place of this.#places) {
          const isIdle = this.#pending.every((pending) => pending.place !== place);
          if (place.lane.control.isStopped && isIdle) await this.#leave(place, 'stopped', hooks);
        }
        if (this.#pending.length > 0 || this.#isRoundOpen()) continue;
        if (this.#isAllIssued()) return;
        if (this.#places.every(({ lane }) => lane.control.isPaused)) await hooks.paused();
      }
    } finally {
      await this.#drop(() => true);
    }
  }

  /** Takes a lane out of the loop between two calls of `run`. */
  async remove(lane: Lane, why: 'stopped' | 'ended', hooks: StepLoopHooks<Lane>): Promise<void> {
    const place = this.#places.find((other) => other.lane === lane);
    if (place) await this.#leave(place, why, hooks);
  }

  async #leave(place: Place<Lane>, why: 'stopped' | 'ended', hooks: StepLoopHooks<Lane>): Promise<void> {
    this.#places = this.#places.filter((other) => other !== place);
    await this.#drop((pending) => pending.place === place);
    await hooks.left(place.lane, why);
    // What the one that has left was still busy with is nobody else's time.
    this.#timer.skip();
  }

  async #drop(isDropped: (pending: Pending<Lane>) => boolean): Promise<void> {
    const dropped = this.#pending.filter(isDropped);
    this.#pending = this.#pending.filter((pending) => !isDropped(pending));
    await Promise.allSettled(dropped.map(({ results }) => results));
  }

  #isRoundOpen(): boolean {
    return this.#places.some(({ next }) => next < this.#roundEnd);
  }

  #isAllIssued(): boolean {
    return this.#places.every(({ next }) => next >= this.#end);
  }

  #issueAll(hooks: StepLoopHooks<Lane>): void {
    for (;;) {
      const going = this.#places.filter(({ lane }) => !lane.control.isStopped);
      let place = going.find(({ next }) => next < this.#roundEnd);
      const isRoundWanted = !place && this.#roundEnd < this.#end && going.length > 0;
      // A pause lets the round end: then all lanes have done the same steps.
      const isPaused = going.some(({ lane }) => lane.control.isPaused);
      const isSingle =
        isRoundWanted && isPaused && this.#pending.length === 0 && going[0]!.lane.control.takeStep();
      if (isRoundWanted && (!isPaused || isSingle)) {
        const most = isSingle ? 1 : Math.min(...going.map(({ lane }) => lane.engine.stepsPerAdvance));
        const end = Math.min(this.#end, this.#roundEnd + Math.max(1, most));
        if (!this.#hasRoom(going[0]!, end - this.#roundEnd)) return;
        this.#roundEnd = end;
        [place] = going;
      }
      if (!place || !this.#hasRoom(place, this.#roundEnd - place.next)) return;
      this.#issue(place, hooks);
    }
  }

  #hasRoom(place: Place<Lane>, count: number): boolean {
    if (this.#pending.length === 0) return true;
    const own = count * timeOf(place);
    const most = MAX_IN_FLIGHT + (this.#delayMs > 0 ? Math.ceil(this.#delayMs / own) : 0);
    if (this.#pending.length >= Math.min(most, MAX_IN_FLIGHT_LATE)) return false;
    return this.#queuedMs() + own <= MAX_QUEUED_MS;
  }

  /** Work that is still before the device: not what is done and on its way, as far as the engines can tell. */
  #queuedMs(): number {
    const last = this.#pending.at(-1);
    if (last?.doneAt !== undefined) return Math.max(0, last.doneAt - this.#clock());
    return this.#pending.reduce((sum, { count, place }) => sum + count * timeOf(place), 0);
  }

  #issue(place: Place<Lane>, hooks: StepLoopHooks<Lane>): void {
    const firstStep = place.next;
    const count = this.#roundEnd - firstStep;
    const issuedAt = this.#clock();
    const { millisecondsPerStep } = place.lane.engine;
    const doneAt =
      millisecondsPerStep === undefined
        ? undefined
        : issuedAt + this.#queuedMs() + count * millisecondsPerStep;
    const results = place.lane.engine.advance(count);
    const pending = { place, firstStep, count, issuedAt, doneAt, results, isDone: false };
    const settle = (): void => {
      pending.isDone = true;
      this.#wake();
    };
    // Received in order later; a rejection must not count as unhandled until then.
    results.then(settle, settle);
    this.#pending.push(pending);
    place.next = this.#roundEnd;
    hooks.issued?.(place.lane, place.next);
  }

  /** Takes the oldest call once it is done; one that a stop has cut short does not wait for its turn. */
  async #nextDone(): Promise<Pending<Lane>> {
    for (;;) {
      const next = this.#pending.find(
        ({ isDone, place }, i) => isDone && (i === 0 || place.lane.control.isStopped),
      );
      if (next) {
        this.#pending = this.#pending.filter((pending) => pending !== next);
        return next;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async #receive({
    place,
    firstStep,
    count,
    issuedAt,
    doneAt,
    results,
  }: Pending<Lane>): Promise<'go' | 'end'> {
    const { isStopped } = place.lane.control;
    let received: StepResults;
    try {
      received = await results;
    } catch (error) {
      if (isStopped && error instanceof Error && error.name === 'AbortError') return 'go';
      throw error;
    }
    const now = this.#clock();
    place.millisecondsPerStep = (now - Math.max(issuedAt, this.#lastArrival)) / count;
    this.#lastArrival = now;
    this.#delayMs = Math.max(0, Math.min(MAX_DELAY_MS, now - (doneAt ?? now)));
    const isWhole = received.losses.length === count || (isStopped && received.losses.length < count);
    if (received.firstStep !== firstStep || !isWhole) {
      throw new Error(
        `The engine answered steps ${received.firstStep} to ${received.firstStep + received.losses.length - 1} ` +
          `when asked for ${firstStep} to ${firstStep + count - 1}.`,
      );
    }
    return place.lane.arrived(received, this.#timer.lap());
  }
}

/** Of a step: what the device takes where the engine knows it, else what the last arrival says, milliseconds. */
function timeOf<Lane extends LoopLane>({ lane, millisecondsPerStep }: Place<Lane>): number {
  return Math.min(lane.engine.millisecondsPerStep ?? Infinity, millisecondsPerStep ?? Infinity);
}
