import * as v from 'valibot';
import { forkOriginSchema as forkOf } from '#domain/keptRunSchema.ts';
import type { Study } from '#domain/study.ts';
import {
  experimentSchema as experiment,
  finderSettingsSchema as finderSettings,
  runOptionsSchema as runOptions,
} from '#domain/runSchema.ts';
import type { StudyQueue } from './studyQueue.ts';

/** A queue as it outlives the page, with the data that its runs are meant for. */
export interface KeptQueue {
  readonly queue: StudyQueue;
  readonly dataset: { readonly title: string; readonly hash: string };
}

/** Where the queue of a page outlives it. */
export interface StudyMemory {
  /** What the last page left; undefined when there is nothing, or while another tab still owns it. */
  open(): Promise<KeptQueue | undefined>;
  /** Undefined forgets. Nothing is written before `open` has made this page the owner. */
  write(kept: KeptQueue | undefined): void;
}

const KEY = 'normlab.study';

const study = v.object({
  id: v.string(),
  title: v.string(),
  kind: v.picklist(['train', 'finder']),
  mode: v.picklist(['queue', 'race']),
  arms: v.pipe(v.array(experiment), v.minLength(1)),
  seeds: v.pipe(v.array(v.number()), v.minLength(1)),
  finder: v.optional(finderSettings),
  question: v.optional(v.object({ id: v.string(), size: v.picklist(['full', 'quick']) })),
  rateReasons: v.exactOptional(v.array(v.string())),
  forks: v.exactOptional(v.array(v.object({ arm: v.number(), of: forkOf }))),
  options: v.exactOptional(runOptions),
});

const keptQueue = v.object({
  queue: v.object({
    studies: v.array(study),
    entries: v.array(
      v.object({
        key: v.string(),
        studyId: v.string(),
        kind: v.picklist(['train', 'finder']),
        arm: v.number(),
        experiment,
        forkOf: v.exactOptional(forkOf),
        runId: v.exactOptional(v.string()),
        isAgain: v.exactOptional(v.literal(true)),
        isAlone: v.exactOptional(v.literal(true)),
        state: v.picklist(['waiting', 'going', 'done', 'skipped']),
      }),
    ),
    isPaused: v.boolean(),
    pauseReason: v.optional(v.string()),
  }),
  dataset: v.object({ title: v.string(), hash: v.string() }),
});

/** Reads what `write` left; undefined where it is damaged or of another version. */
export function parseKeptQueue(text: string): KeptQueue | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const result = v.safeParse(keptQueue, value);
  if (!result.success) return undefined;
  const { queue, dataset } = result.output;
  const arms = new Map(queue.studies.map((one) => [one.id, one.arms]));
  if (queue.entries.some((entry) => !arms.get(entry.studyId)?.[entry.arm])) return undefined;
  // JSON has no `undefined`: fields that are absent read as such.
  const studies = queue.studies.map((one): Study => ({ ...one, finder: one.finder, question: one.question }));
  return { queue: { ...queue, studies, pauseReason: queue.pauseReason }, dataset };
}

/** In `localStorage`, owned by one tab at a time; the page works without. */
export function browserStudyMemory(): StudyMemory {
  let isOwner = false;
  return {
    async open() {
      isOwner = await own();
      if (!isOwner) return undefined;
      try {
        return parseKeptQueue(localStorage.getItem(KEY) ?? '');
      } catch {
        return undefined;
      }
    },
    write(kept) {
      if (!isOwner) return;
      try {
        if (kept) localStorage.setItem(KEY, JSON.stringify(kept));
        else localStorage.removeItem(KEY);
      } catch {
        // Storage is refused in some private windows: the queue ends with the page.
      }
    },
  };
}

/** Takes the lock that a tab holds for as long as it lives. */
function own(): Promise<boolean> {
  // Only a secure page has locks.
  if (!('locks' in navigator)) return Promise.resolve(true);
  return new Promise((resolve) => {
    void navigator.locks
      .request(KEY, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : new Promise<never>(() => undefined);
      })
      .catch(() => resolve(false));
  });
}
