import { areEqualArms } from '#domain/arms.ts';
import type { Experiment } from '#domain/experiment.ts';
import type { ForkOrigin } from '#domain/run.ts';
import type { RunOptions } from '#domain/runOptions.ts';
import type { RunOrigin, Study } from '#domain/study.ts';

/** One run that a study wants. */
export interface QueueEntry {
  readonly key: string;
  readonly studyId: string;
  readonly kind: Study['kind'];
  /** Index into the study's arms. */
  readonly arm: number;
  /** The arm with the seed of this run. */
  readonly experiment: Experiment;
  /** It goes on from the state of another run. */
  readonly forkOf?: ForkOrigin;
  /** It begins again a run of its study, with other settings, and goes alone. */
  readonly isAgain?: true;
  /** Set from its start on; a waiting entry with one was interrupted and goes on from its kept state. */
  readonly runId?: string;
  /** It cannot go on together with the others of its race any more. */
  readonly isAlone?: true;
  readonly state: 'waiting' | 'going' | 'done' | 'skipped';
}

/** Studies that wait or go; entries run in their order. A value: every change is a new one. */
export interface StudyQueue {
  readonly studies: readonly Study[];
  readonly entries: readonly QueueEntry[];
  readonly isPaused: boolean;
  /** Why it is paused, where the user did not ask for that. */
  readonly pauseReason: string | undefined;
}

export const EMPTY_QUEUE: StudyQueue = { studies: [], entries: [], isPaused: false, pauseReason: undefined };

/**
 * Appends the runs of a study, seed by seed, so that every arm has its first run before any has its second.
 * What is over makes room for it.
 */
export function withStudy(queue: StudyQueue, study: Study): StudyQueue {
  const kept = isQueueOver(queue) ? EMPTY_QUEUE : queue;
  const entries = study.seeds.flatMap((seed) =>
    study.arms.map((experiment, arm): QueueEntry => ({
      key: `${study.id}/${arm}/${seed}`,
      studyId: study.id,
      kind: study.kind,
      arm,
      experiment: { ...experiment, seed },
      state: 'waiting',
    })),
  );
  return { ...kept, studies: [...kept.studies, study], entries: [...kept.entries, ...entries] };
}

/** A run with other settings than one that is there. */
interface WantedArm {
  readonly experiment: Experiment;
  /** Why its learning rate is what it is; empty where nobody said. */
  readonly rateReason: string;
  /** Where the run that is there comes from. */
  readonly origin: RunOrigin | undefined;
  /** Of the run that is there. */
  readonly options: RunOptions | undefined;
}

/** A run that is to go on with other settings. */
export interface WantedFork extends WantedArm {
  readonly of: ForkOrigin;
}

/** A run that is to begin again, with the same initial weights and other settings. */
export interface WantedAgain extends WantedArm {
  /** Of the run that is there. */
  readonly number: number;
}

/** Whether the study that a run is of still stands in the queue, so that a fork of it is an arm there. */
export function isOfQueue(queue: StudyQueue, origin: RunOrigin | undefined): boolean {
  return queue.studies.some(({ id, kind }) => kind === 'train' && id === origin?.studyId);
}

/** Whether a run that is to begin again is one of its study already. */
export function hasRun(queue: StudyQueue, { origin, experiment }: WantedArm): boolean {
  return queue.entries.some(
    (entry) =>
      entry.studyId === origin?.studyId &&
      !entry.forkOf &&
      entry.state !== 'skipped' &&
      entry.experiment.seed === experiment.seed &&
      areEqualArms(entry.experiment, experiment),
  );
}

/**
 * Appends a fork: as an arm of the study that its run is of, where that still stands in the queue, and else as a
 * study of its own, named `id`.
 */
export function withFork(queue: StudyQueue, wanted: WantedFork, id: string): StudyQueue {
  const { of, options } = wanted;
  const title = of.number === undefined ? 'Fork' : `Fork of run ${of.number}`;
  const study = { id, title, ...(options && { options }) };
  return withArm(queue, wanted, { study, entry: { forkOf: of } });
}

/** Appends a run that begins again, where a fork of that run would stand. */
export function withAgain(queue: StudyQueue, wanted: WantedAgain, id: string): StudyQueue {
  const { number, options } = wanted;
  const study = { id, title: `Run ${number} again`, ...(options && { options }) };
  return withArm(queue, wanted, { study, entry: { isAgain: true } });
}

function withArm(
  queue: StudyQueue,
  { experiment, rateReason, origin }: WantedArm,
  more: {
    readonly study: Pick<Study, 'id' | 'title' | 'options'>;
    readonly entry: Pick<QueueEntry, 'forkOf' | 'isAgain'>;
  },
): StudyQueue {
  const isThere = isOfQueue(queue, origin);
  const kept = isThere || !isQueueOver(queue) ? queue : EMPTY_QUEUE;
  const study: Study = kept.studies.find((one) => isThere && one.id === origin?.studyId) ?? {
    ...more.study,
    kind: 'train',
    mode: 'queue',
    arms: [],
    seeds: [experiment.seed],
    finder: undefined,
    question: undefined,
  };
  const { forkOf } = more.entry;
  const arm = study.arms.length;
  const grown: Study = {
    ...study,
    arms: [...study.arms, experiment],
    rateReasons: [...study.arms.map((_, i) => study.rateReasons?.[i] ?? ''), rateReason],
    ...(forkOf && { forks: [...(study.forks ?? []), { arm, of: forkOf }] }),
  };
  const entry: QueueEntry = {
    key: `${study.id}/${arm}/${experiment.seed}`,
    studyId: study.id,
    kind: 'train',
    arm,
    experiment,
    ...more.entry,
    state: 'waiting',
  };
  return {
    ...kept,
    studies: isThere ? kept.studies.map((one) => (one === study ? grown : one)) : [...kept.studies, grown],
    entries: [...kept.entries, entry],
  };
}

export function studyOf(queue: StudyQueue, { studyId }: QueueEntry): Study {
  const study = queue.studies.find(({ id }) => id === studyId);
  if (!study) throw new Error(`studyQueue: no study ${studyId}`);
  return study;
}

/** Whether nothing goes and nothing waits. */
export function isQueueOver(queue: StudyQueue): boolean {
  return queue.entries.every(({ state }) => state === 'done' || state === 'skipped');
}

/** What starts or goes on next, together: one run, or the arms of one seed of a race; empty while something goes. */
export function nextEntries(queue: StudyQueue): readonly QueueEntry[] {
  if (queue.isPaused || queue.entries.some(({ state }) => state === 'going')) return [];
  const first = queue.entries.find(({ state }) => state === 'waiting');
  return first
    ? queue.entries.filter((entry) => entry.state === 'waiting' && isTogether(queue, first, entry))
    : [];
}

/** Entries have started as these runs. */
export function withStarted(queue: StudyQueue, runIds: ReadonlyMap<string, string>): StudyQueue {
  return changed(queue, (entry) => {
    const runId = runIds.get(entry.key);
    return runId === undefined ? entry : { ...entry, runId, state: 'going' };
  });
}

/** A run is over, whatever its end: diverged and failed ones stop nothing. */
export function withEnded(queue: StudyQueue, key: string): StudyQueue {
  return changed(queue, (entry) =>
    entry.key === key && entry.state === 'going' ? { ...entry, state: 'done' } : entry,
  );
}

/** Runs that were to go on have not: their turn comes again, alone where they cannot go on together. */
export function withWaiting(
  queue: StudyQueue,
  keys: readonly string[],
  how: 'together' | 'alone' = 'together',
): StudyQueue {
  return changed(queue, (entry) => {
    if (!keys.includes(entry.key) || entry.state !== 'going') return entry;
    return { ...entry, state: 'waiting', ...(how === 'alone' && { isAlone: true }) };
  });
}

/** The worker or its device is gone: what was going waits again, and nothing starts before `withResumed`. */
export function withInterruption(queue: StudyQueue, reason: string): StudyQueue {
  if (isQueueOver(queue)) return queue;
  const waiting = changed(queue, (entry) =>
    entry.state === 'going' ? { ...entry, state: 'waiting' } : entry,
  );
  // The first reason is the cause: a restart of the worker follows it.
  return { ...waiting, isPaused: true, pauseReason: queue.pauseReason ?? reason };
}

export function withPaused(queue: StudyQueue): StudyQueue {
  return { ...queue, isPaused: true, pauseReason: undefined };
}

export function withResumed(queue: StudyQueue): StudyQueue {
  return { ...queue, isPaused: false, pauseReason: undefined };
}

/** Leaves a run out; one that is going must be stopped by the caller. */
export function withSkipped(queue: StudyQueue, key: string): StudyQueue {
  return changed(queue, (entry) =>
    entry.key === key && entry.state !== 'done' ? { ...entry, state: 'skipped' } : entry,
  );
}

/** Leaves out everything that is not done. */
export function withStopped(queue: StudyQueue): StudyQueue {
  const left = changed(queue, (entry) => (entry.state === 'done' ? entry : { ...entry, state: 'skipped' }));
  return { ...left, isPaused: false, pauseReason: undefined };
}

/** Moves a waiting entry among those that wait, and with it what starts together with it. */
export function withMoved(queue: StudyQueue, key: string, by: number): StudyQueue {
  const groups: QueueEntry[][] = [];
  for (const entry of queue.entries.filter(({ state }) => state === 'waiting')) {
    const group = groups.find(([first]) => first && isTogether(queue, first, entry));
    if (group) group.push(entry);
    else groups.push([entry]);
  }
  const from = groups.findIndex((group) => group.some((entry) => entry.key === key));
  const to = Math.min(groups.length - 1, Math.max(0, from + by));
  if (from < 0 || from === to) return queue;
  const [moved] = groups.splice(from, 1);
  groups.splice(to, 0, moved!);
  const others = queue.entries.filter(({ state }) => state !== 'waiting');
  return { ...queue, entries: [...others, ...groups.flat()] };
}

/** Runs of a race that share a seed go together: those that are to start, and those that were interrupted. */
function isTogether(queue: StudyQueue, a: QueueEntry, b: QueueEntry): boolean {
  if (a.key === b.key) return true;
  const isRace = a.studyId === b.studyId && studyOf(queue, a).mode === 'race' && !isLate(a) && !isLate(b);
  const isAlike = (a.runId === undefined) === (b.runId === undefined) && !a.isAlone && !b.isAlone;
  return isRace && isAlike && a.experiment.seed === b.experiment.seed;
}

/** Whether a run came to its study when that was going, as a fork or to begin again. */
export function isLate({ forkOf, isAgain }: QueueEntry): boolean {
  return forkOf !== undefined || isAgain === true;
}

function changed(queue: StudyQueue, change: (entry: QueueEntry) => QueueEntry): StudyQueue {
  return { ...queue, entries: queue.entries.map(change) };
}
