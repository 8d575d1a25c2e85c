import type { GpuContext } from '#gpu/device.ts';

/** Pieces of paced tasks on the device: one that runs, and the next, so that it never waits for JavaScript. */
const MOST_IN_FLIGHT = 2;
/** Reports closer than this, milliseconds, were made at one look at the device. */
const SAME_MOMENT_MS = 1;

/** What an engine wants submitted, at once or piece by piece. */
export interface Task {
  /** Tasks of one owner are submitted in the order in which they were added. */
  readonly owner: object;
  /** Waits until the device has room for another piece; other tasks wait for none but their owner's. */
  readonly isPaced: boolean;
  /** Submits the next piece; never throws. `done` is told how long the device took for it. */
  submit(): { readonly isLast: boolean; readonly done?: (milliseconds: number) => void };
  /** Called instead of further `submit`s: undoes what was begun. */
  cancelled(): void;
  /** Called instead of further `submit`s: the device has failed, or the owner was disposed. */
  failed(error: Error): void;
}

/**
 * Submits the work of all engines of a device. A paced task has at most two pieces on the device, so that what
 * is cancelled ends soon and the page can draw; a third follows when the device reports the first as done,
 * never at a timer's bidding.
 *
 * The device works on one submission at a time, so the time between two reports belongs to the later one,
 * whichever engine it is of. Reports that come together share it, and are told half: the browser looks only now and
 * then (some ten times a second), and the device has waited since. Who took all of that for work would cut ever
 * smaller pieces, each of which costs one such look.
 */
export class SubmissionQueue {
  readonly #context: GpuContext;
  #waiting: Task[] = [];
  #inFlight = 0;
  #lastDone = Number.NEGATIVE_INFINITY;
  /** Who is to be told of the last moment, and the time up to it. */
  #moment: { readonly dones: ((milliseconds: number) => void)[]; milliseconds: number } = {
    dones: [],
    milliseconds: 0,
  };

  constructor(context: GpuContext) {
    this.#context = context;
    context.onFailure((error) => this.fail(() => true, error));
  }

  add(task: Task): void {
    this.#waiting.push(task);
    this.#pump();
  }

  /**
   * Calls `work` as soon as everything added for the owner before was submitted: now, where nothing waits.
   * @throws AbortError by rejection, when it is cancelled before.
   */
  run<Result>(owner: object, work: () => Result | Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.add({
        owner,
        isPaced: false,
        submit: () => {
          resolve((async () => work())());
          return { isLast: true };
        },
        cancelled: () => reject(cancellation()),
        failed: reject,
      });
    });
  }

  /** Submits nothing more of the tasks that match. */
  cancel(matches: (task: Task) => boolean): void {
    for (const task of this.#take(matches)) task.cancelled();
    this.#pump();
  }

  fail(matches: (task: Task) => boolean, error: Error): void {
    for (const task of this.#take(matches)) task.failed(error);
    this.#pump();
  }

  #take(matches: (task: Task) => boolean): Task[] {
    const taken = this.#waiting.filter(matches);
    this.#waiting = this.#waiting.filter((task) => !taken.includes(task));
    return taken;
  }

  #pump(): void {
    for (let task = this.#next(); task; task = this.#next()) this.#submit(task);
  }

  #next(): Task | undefined {
    if (this.#inFlight < MOST_IN_FLIGHT) return this.#waiting[0];
    return this.#waiting.find(
      (task, i) => !task.isPaced && this.#waiting.findIndex(({ owner }) => owner === task.owner) === i,
    );
  }

  #submit(task: Task): void {
    const submittedAt = performance.now();
    const { isLast, done } = task.submit();
    if (isLast) this.#waiting = this.#waiting.filter((other) => other !== task);
    if (task.isPaced) this.#inFlight += 1;
    const arrived = (): void => {
      const now = performance.now();
      const milliseconds = now - Math.max(submittedAt, this.#lastDone);
      if (now - this.#lastDone >= SAME_MOMENT_MS) this.#tell();
      this.#lastDone = now;
      if (done) {
        this.#moment.dones.push(done);
        this.#moment.milliseconds += milliseconds;
      }
      if (task.isPaced) this.#inFlight -= 1;
      this.#pump();
      // Nothing else can be reported in this moment.
      if (this.#inFlight === 0) this.#tell();
    };
    // A lost device rejects, or resolves all the same: the failure itself ends what waits.
    void this.#context.device.queue.onSubmittedWorkDone().then(arrived, arrived);
  }

  #tell(): void {
    const { dones, milliseconds } = this.#moment;
    this.#moment = { dones: [], milliseconds: 0 };
    const share = milliseconds / dones.length / (dones.length > 1 ? 2 : 1);
    for (const done of dones) done(share);
  }
}

/** What a cancelled call rejects with, as an aborted one does. */
export function cancellation(): DOMException {
  return new DOMException('Cancelled before it was done', 'AbortError');
}

const queues = new WeakMap<GpuContext, SubmissionQueue>();

/** The one queue of a device. */
export function submissionQueue(context: GpuContext): SubmissionQueue {
  let queue = queues.get(context);
  if (!queue) {
    queue = new SubmissionQueue(context);
    queues.set(context, queue);
  }
  return queue;
}
