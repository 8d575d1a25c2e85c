import type { RunOrigin, Study } from '#domain/study.ts';
import { isGoing } from './runRecord.ts';
import type { RunRecord } from './runRecord.ts';
import type { RunRequests, StartedRuns, WantedRun } from './runRequests.ts';
import type { Runs } from './runs.ts';
import type { StudyMemory } from './studyMemory.ts';
import {
  EMPTY_QUEUE,
  hasRun,
  isLate,
  isOfQueue,
  isQueueOver,
  nextEntries,
  studyOf,
  withAgain,
  withEnded,
  withFork,
  withInterruption,
  withMoved,
  withPaused,
  withResumed,
  withSkipped,
  withStarted,
  withStopped,
  withStudy,
  withWaiting,
} from './studyQueue.ts';
import type { QueueEntry, StudyQueue, WantedAgain, WantedFork } from './studyQueue.ts';

/** What the runner must know of the page. */
export interface RunnerSurroundings {
  /** Whether a run could start now: device, data and the list of kept runs are there. */
  isReady(): boolean;
  dataset(): { readonly title: string; readonly hash: string } | undefined;
  loadSteps(runIds: readonly string[]): Promise<void>;
}

/** What the user can do with the queue. */
export interface QueueActions {
  pause(): void;
  resume(): void;
  /** Leaves a run out, and stops it when it is going. */
  skip(key: string): void;
  /** Moves a waiting run by so many places, negative ones towards the front. */
  move(key: string, by: number): void;
  /** Stops what is going and leaves out everything else. */
  stop(): void;
}

/** Runs studies: starts what is next whenever nothing is going. */
export class StudyRunner implements QueueActions {
  readonly #requests: RunRequests;
  readonly #runs: Runs;
  readonly #page: RunnerSurroundings;
  readonly #memory: StudyMemory;
  readonly #changed: (queue: StudyQueue) => void;
  #queue = EMPTY_QUEUE;
  /** The data that the queue's runs are meant for. */
  #dataset: { readonly title: string; readonly hash: string } = { title: '', hash: '' };

  /** @param changed told of every new queue. */
  constructor(
    requests: RunRequests,
    runs: Runs,
    options: { page: RunnerSurroundings; memory: StudyMemory; changed: (queue: StudyQueue) => void },
  ) {
    this.#requests = requests;
    this.#runs = runs;
    this.#page = options.page;
    this.#memory = options.memory;
    this.#changed = options.changed;
    void this.#restore();
  }

  get queue(): StudyQueue {
    return this.#queue;
  }

  /** Appends a study, and starts it when nothing else goes or waits. */
  start(study: Study): void {
    if (isQueueOver(this.#queue)) this.#dataset = this.#page.dataset() ?? this.#dataset;
    this.#set(withStudy(this.#queue, study));
    this.advance();
  }

  /**
   * Starts a fork, or queues it behind what goes and waits. Where the study of its run still stands in the queue, the
   * fork is an arm of it.
   */
  fork(wanted: WantedFork): void {
    const { of, options } = wanted;
    this.#begin(
      wanted,
      (run) => this.#requests.fork({ ...run, ...(options && { options }) }, of),
      (id) => withFork(this.#queue, wanted, id),
    );
  }

  /**
   * Starts a run again with other settings, or queues it, as it does forks.
   * @returns false where its study has such a run already.
   */
  again(wanted: WantedAgain): boolean {
    if (hasRun(this.#queue, wanted)) return false;
    const { options } = wanted;
    this.#begin(
      wanted,
      (run) => this.#requests.train({ ...run, ...(options && { options }) }),
      (id) => withAgain(this.#queue, wanted, id),
    );
    return true;
  }

  /** At once, of no study, where nothing goes and its study is not there any more. */
  #begin(
    { experiment, rateReason, origin }: WantedFork | WantedAgain,
    atOnce: (run: WantedRun) => void,
    queued: (id: string) => StudyQueue,
  ): void {
    const isOver = isQueueOver(this.#queue);
    if (isOver) this.#dataset = this.#page.dataset() ?? this.#dataset;
    const isBusy = !isOver || this.#requests.pending.length > 0 || this.#runs.state.runs.some(isGoing);
    if (!isBusy && !isOfQueue(this.#queue, origin)) {
      atOnce({ experiment, origin: undefined, ...(rateReason && { rateReason }) });
      return;
    }
    this.#set(queued(`study-${crypto.randomUUID()}`));
    this.advance();
  }

  pause(): void {
    this.#set(withPaused(this.#queue));
    for (const runId of this.#going()) this.#requests.pause(runId);
  }

  resume(): void {
    this.#set(withResumed(this.#queue));
    for (const runId of this.#going()) {
      if (this.#runs.get(runId)?.status === 'paused') this.#requests.resume(runId);
    }
    this.advance();
  }

  skip(key: string): void {
    const entry = this.#queue.entries.find((one) => one.key === key);
    this.#set(withSkipped(this.#queue, key));
    if (entry?.state === 'going' && entry.runId) this.#requests.stop(entry.runId);
    this.advance();
  }

  move(key: string, by: number): void {
    this.#set(withMoved(this.#queue, key, by));
  }

  stop(): void {
    const going = this.#going();
    this.#set(withStopped(this.#queue));
    for (const runId of going) this.#requests.stop(runId);
  }

  /** The worker or its device is gone. */
  interrupt(reason: string): void {
    this.#set(withInterruption(this.#queue, reason));
  }

  /** Starts what is next, if anything is and if it can start now. */
  advance(): void {
    const next = nextEntries(this.#queue);
    const [first] = next;
    if (!first || !this.#page.isReady() || this.#runs.state.runs.some(isGoing)) return;
    // A run that was removed while it was going is none of the page's any more, but still the worker's.
    if (this.#requests.pending.length > 0) return;
    if (this.#page.dataset()?.hash !== this.#dataset.hash) {
      const { title } = this.#dataset;
      this.#set(withInterruption(this.#queue, `Its runs are on ${title}: load that data set to go on.`));
    } else if (first.runId !== undefined) void this.#goOn(next);
    else this.#follow(next, this.#request(next));
  }

  /** Continues interrupted runs from their kept states, or starts one anew where none is left. */
  async #goOn(entries: readonly QueueEntry[]): Promise<void> {
    const runs = entries.map(({ runId = '' }) => this.#runs.get(runId));
    const over = entries.filter((_, i) => runs[i]?.status === 'finished' || runs[i]?.status === 'diverged');
    if (over.length > 0) {
      const started = withStarted(this.#queue, new Map(over.map(({ key, runId }) => [key, runId!])));
      this.#set(over.reduce((queue, { key }) => withEnded(queue, key), started));
      this.advance();
      return;
    }
    const able = entries.filter((_, i) => {
      const run = runs[i];
      return run?.kind === 'train' && (run.status === 'interrupted' || run.status === 'stopped');
    });
    if (able.length === 0) {
      const next = entries.slice(0, 1);
      this.#follow(next, this.#request(next));
      return;
    }
    // Together; one that is not there any more begins anew after them.
    const keys = able.map(({ key }) => key);
    const runIds = able.map(({ runId }) => runId!);
    // Marked first: nothing else may start while the steps are read.
    this.#set(withStarted(this.#queue, new Map(keys.map((key, i) => [key, runIds[i]!]))));
    await this.#page.loadSteps(runIds);
    // Meanwhile the user may have left one out, or the worker may have gone.
    if (this.#queue.isPaused || !keys.every((key) => this.#isGoing(key))) {
      this.#set(withWaiting(this.#queue, keys));
    } else if (runIds.length === 1) {
      this.#follow(able, this.#requests.resumeKept(runIds[0]!));
    } else {
      this.#follow(able, this.#requests.resumeRace(runIds));
    }
    this.advance();
  }

  #request(entries: readonly QueueEntry[]): StartedRuns {
    const study = studyOf(this.#queue, entries[0]!);
    const wanted = entries.map((entry): WantedRun => ({
      experiment: entry.experiment,
      origin: originOf(study, entry),
      ...rateReasonOf(study, entry),
      ...(study.options && { options: study.options }),
    }));
    if (study.finder) return this.#requests.findLearningRate(wanted[0]!, study.finder);
    const { forkOf } = entries[0]!;
    if (forkOf) return this.#requests.fork(wanted[0]!, forkOf);
    return wanted.length > 1 ? this.#requests.race(wanted) : this.#requests.train(wanted[0]!);
  }

  #follow(entries: readonly QueueEntry[], started: StartedRuns): void {
    this.#set(withStarted(this.#queue, new Map(entries.map(({ key }, i) => [key, started.runIds[i]!]))));
    void started.over.then(() => {
      if (started.goApart?.()) {
        const keys = entries.map(({ key }) => key);
        this.#set(withWaiting(this.#queue, keys, 'alone'));
        this.advance();
        return;
      }
      const cutOff = (at: number): RunRecord | undefined => {
        const run = this.#runs.get(started.runIds[at]!);
        return run?.status === 'interrupted' ? run : undefined;
      };
      const over = entries.filter((_, at) => !cutOff(at));
      this.#set(over.reduce((queue, { key }) => withEnded(queue, key), this.#queue));
      // The device is failing, though the worker has not told so yet, or another tab trains the run.
      const at = entries.findIndex(({ key }) => this.#isGoing(key));
      if (at >= 0) this.interrupt(cutOff(at)?.detail ?? 'A run was interrupted.');
      this.advance();
    });
  }

  #isGoing(key: string): boolean {
    return this.#queue.entries.some((entry) => entry.key === key && entry.state === 'going');
  }

  #going(): string[] {
    return this.#queue.entries.flatMap(({ state, runId }) => (state === 'going' && runId ? [runId] : []));
  }

  /** Brings back what the last page left; it goes on only when the user says so. */
  async #restore(): Promise<void> {
    const kept = await this.#memory.open();
    if (!kept || isQueueOver(kept.queue) || !isQueueOver(this.#queue)) {
      this.#save();
      return;
    }
    this.#dataset = kept.dataset;
    this.#set(withInterruption(kept.queue, 'The page was closed or loaded again.'));
  }

  #set(queue: StudyQueue): void {
    if (queue === this.#queue) return;
    this.#queue = queue;
    this.#save();
    this.#changed(queue);
  }

  #save(): void {
    this.#memory.write(isQueueOver(this.#queue) ? undefined : { queue: this.#queue, dataset: this.#dataset });
  }
}

/** A finder does not use the rate of its arm. */
function rateReasonOf({ kind, rateReasons }: Study, { arm }: QueueEntry): Pick<WantedRun, 'rateReason'> {
  const rateReason = rateReasons?.[arm];
  return kind === 'train' && rateReason ? { rateReason } : {};
}

function originOf({ id, title, mode, question }: Study, entry: QueueEntry): RunOrigin {
  const shared = { studyId: id, studyTitle: title, arm: entry.arm };
  // It is none of the runs that the question asks for, and goes alone.
  return isLate(entry) ? { ...shared, mode: 'queue', question: undefined } : { ...shared, mode, question };
}
