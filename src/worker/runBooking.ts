import type { RunHeader, RunStart } from '#domain/keptRun.ts';
import { VERSION } from '#domain/version.ts';
import type { GivenFile } from './givenWeights.ts';
import type { KeptStore, StateMemory } from './keptStore.ts';
import { RequestError } from './requestError.ts';
import type { RunLock } from './runLocks.ts';
import { RunRecorder } from './runRecorder.ts';
import type { RunRecorderParts } from './runRecorder.ts';
import type { RunGround, RunsParts } from './runs.ts';
import { elsewhere } from './takeUp.ts';

/** A run with its log and its lock. */
export interface Booked {
  readonly recorder: RunRecorder;
  readonly header: RunHeader;
  readonly lock: RunLock;
  /** Nothing is to stay of a new run that is refused. */
  readonly isNew: boolean;
  /** The file of its initial weights, where it is still to be kept. */
  readonly given?: GivenFile | undefined;
}

type NewRun = Pick<RunHeader, 'kind' | 'finder' | 'forkOf'> & {
  readonly start: RunStart;
  readonly given?: GivenFile | undefined;
};

/** Gives runs their locks, logs and recorders, and takes them back. */
export class RunBooking {
  readonly #parts: Pick<RunsParts, 'emit' | 'locks' | 'now'>;
  readonly #memory: StateMemory;
  readonly #lost: (recorder: RunRecorder) => void;

  /** @param lost told when another tab has taken a run over. */
  constructor(
    parts: Pick<RunsParts, 'emit' | 'locks' | 'now'>,
    memory: StateMemory,
    lost: (recorder: RunRecorder) => void,
  ) {
    this.#parts = parts;
    this.#memory = memory;
    this.#lost = lost;
  }

  /** Takes the locks of new runs and begins their logs. */
  async book(
    ground: RunGround,
    store: KeptStore | undefined,
    runs: readonly NewRun[],
  ): Promise<readonly Booked[]> {
    const { info } = ground.dataset;
    const { title, backend } = ground.device.info;
    const booked: Booked[] = [];
    try {
      const raceRunIds = runs.map(({ start }) => start.runId);
      for (const { start, kind, finder, forkOf, given } of runs) {
        const header: RunHeader = {
          ...start,
          kind,
          finder,
          forkOf,
          startedAt: this.#parts.now(),
          dataset: { title: info.title, hash: info.hash },
          device: { title, backend },
          version: VERSION,
          ...(given && { givenWeights: given.name }),
        };
        const recorder = this.recorder(header, ground, store, { raceRunIds });
        // An id is for one run, and a new one that is refused leaves nothing behind.
        if (await store?.read(start.runId)) throw new RequestError('A run with this id is kept already.');
        const onLost = (): void => this.#lost(recorder);
        const lock = await this.#parts.locks.acquire(start.runId, { takeOver: false, onLost });
        if (!lock) throw elsewhere();
        if (store) recorder.log = await store.create(header, (sentence) => recorder.notKept(sentence));
        booked.push({ recorder, header, lock, isNew: true, given });
      }
    } catch (error) {
      for (const one of booked) await this.giveBack(one, store);
      throw error;
    }
    return booked;
  }

  /** Closes the log of a run and frees its lock. */
  async giveBack({ recorder, header, lock, isNew }: Booked, store: KeptStore | undefined): Promise<void> {
    await recorder.close();
    // Settings that were refused make no run.
    if (isNew && !recorder.hasBegun) await store?.remove(header.runId).catch(() => undefined);
    lock.release();
  }

  /** What tells and keeps the story of a run. */
  recorder(
    header: RunHeader,
    ground: RunGround,
    store: KeptStore | undefined,
    more: Pick<RunRecorderParts, 'raceRunIds'> & Partial<Pick<RunRecorderParts, 'remark' | 'resumedTiles'>>,
  ): RunRecorder {
    const { emit, now } = this.#parts;
    return new RunRecorder({
      header,
      store,
      emit,
      now,
      device: ground.device.info.title,
      memory: this.#memory,
      raceRunIds: more.raceRunIds,
      remark: more.remark,
      resumedTiles: more.resumedTiles,
    });
  }
}
