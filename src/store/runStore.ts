import type { KeptRun, RunHeader, RunNotes } from '#domain/keptRun.ts';
import type { StepChunk } from '#domain/run.ts';
import { StorageError } from '#lib/files/storageError.ts';
import type { FolderFiles, StoreFiles } from '#lib/files/storeFiles.ts';
import { CheckpointStore } from './checkpointStore.ts';
import { writeNotes } from './notesFile.ts';
import { notSaved } from './notSaved.ts';
import { eventFrame, eventsOf, headerEvent, reopenedEvent, type LogReading } from './runEvents.ts';
import { EVENTS, GIVEN_WEIGHTS, STEPS, folderOf, runIdOf } from './runFiles.ts';
import { RunLogWriter, type RunLog } from './runLog.ts';
import { again, fileBytes, runOfLog, readLogOf } from './runReading.ts';
import { emptySteps, readSteps, stepRecords, stepsByteLength, stepsHeader } from './stepRecords.ts';

/** Runs that are read at once: enough to keep the file system busy, few enough for little memory. */
const READ_AT_ONCE = 16;

/** A run that is kept but cannot be read. */
export interface RunProblem {
  readonly runId: string;
  /** Why, and what became of it. */
  readonly sentence: string;
}

/** Room that runs take, bytes, and what the browser allows; undefined where it does not say. */
export interface RunUsage {
  readonly runBytes: number;
  readonly usage: number | undefined;
  readonly quota: number | undefined;
  /** Whether the browser may clear it by itself. */
  readonly isPersistent: boolean | undefined;
}

/**
 * Runs kept over visits. Each is a folder: `events.log` (append-only, checksummed, says what the run is and what
 * became of it), `steps.log` (one record per step), notes and checkpoints (files that are never changed, newest
 * counts). Writing a run is for the tab that computes it alone; reading and describing is for all.
 */
export class RunStore {
  readonly checkpoints: CheckpointStore;
  readonly #files: StoreFiles;
  readonly #now: () => number;
  /** Runs that this tab is writing. */
  readonly #logs = new Map<string, RunLogWriter>();

  /** @param now milliseconds on any clock; decides when records are written out. */
  constructor(files: StoreFiles, now: () => number = () => performance.now()) {
    this.#files = files;
    this.#now = now;
    this.checkpoints = new CheckpointStore(files, async (runId) => this.#logs.get(runId)?.flush());
  }

  /**
   * All runs that can be read, oldest first, without their steps.
   * @param options.isOwned tells runs that another tab is computing; those of this store's logs are known. Others
   *   that were going read as 'interrupted'.
   */
  async list(options: { readonly isOwned?: (runId: string) => boolean } = {}): Promise<KeptRun[]> {
    const runs = await this.#each((runId) =>
      this.#readRun(runId, options.isOwned).catch((error: unknown) => {
        // One that cannot be read now must not hide all the others.
        console.warn(`The kept run ${runId} cannot be read:`, error);
        return undefined;
      }),
    );
    return runs
      .filter((run) => run !== undefined)
      .sort((a, b) => a.header.startedAt - b.header.startedAt || a.header.number - b.header.number);
  }

  /** Runs that are there but cannot be read: damaged, or of a newer NormLab. Nothing touches them but `remove`. */
  async problems(): Promise<RunProblem[]> {
    const problems = await this.#each(async (runId): Promise<RunProblem | undefined> => {
      const reading = await this.#readLog(runId);
      if (reading?.kind !== 'refused') return undefined;
      return { runId, sentence: `A saved run cannot be read: ${reading.reason}. It is left as it is.` };
    });
    return problems.filter((problem) => problem !== undefined);
  }

  /** One run; undefined when it is not kept or cannot be read. */
  read(
    runId: string,
    options: { readonly isOwned?: (runId: string) => boolean } = {},
  ): Promise<KeptRun | undefined> {
    return this.#readRun(runId, options.isOwned);
  }

  /** All recorded steps of a run in arrays of the caller's; empty when there are none. */
  async steps(runId: string): Promise<StepChunk> {
    await this.#logs.get(runId)?.flush();
    const bytes = await this.#bytes(runId, STEPS);
    return (bytes && readSteps(bytes)) ?? emptySteps();
  }

  /**
   * Begins the log of a new run. Never rejects.
   * @param onFailure called at most once, with a sentence for people, when something cannot be written.
   */
  async create(header: RunHeader, onFailure: (sentence: string) => void): Promise<RunLog> {
    const folder = folderOf(header.runId);
    await this.#logs.get(header.runId)?.close();
    // The header would be written over a log that is there: an id is for one run.
    const isTaken = await this.#files.read(folder, EVENTS).then(
      (file) => file !== undefined && file.size > 0,
      () => false,
    );
    const log = this.#open(header.runId, {
      first: headerEvent(header),
      eventBytes: 0,
      stepBytes: 0,
      nextStep: undefined,
      onFailure,
    });
    if (isTaken) {
      await log.abandon();
      onFailure('Not saved: a run with the same id is kept already.');
    }
    return log;
  }

  /**
   * Looks whether a kept run can go on after `step` steps, and changes nothing.
   * @returns opens its log there, at once: what was recorded from that step on is dropped, and its status is
   *   'preparing'. Later faults of writing go to `onFailure`, as for `create`.
   * @throws {StorageError} when the run cannot be read, or steps before `step` were never saved.
   */
  async reopen(runId: string, step: number): Promise<(onFailure: (sentence: string) => void) => RunLog> {
    await this.#logs.get(runId)?.close();
    const reading = await this.#readLog(runId);
    if (reading?.kind !== 'run') {
      const reason = reading?.reason ?? 'it is not saved in this browser any more';
      throw new StorageError(`This run cannot go on: ${reason}.`);
    }
    const steps = await this.steps(runId);
    const count = steps.losses.length;
    const isBegun = count > 0;
    const kept = isBegun ? Math.max(0, step - steps.firstStep) : 0;
    if (kept > count || (!isBegun && step > (reading.header.forkOf?.step ?? 0))) {
      throw new StorageError(
        `This run cannot go on after step ${step}: only ${count} of its steps were saved.`,
      );
    }
    return (onFailure) =>
      this.#open(runId, {
        first: reopenedEvent(step),
        eventBytes: reading.end,
        stepBytes: isBegun ? stepsByteLength(kept) : 0,
        nextStep: isBegun ? steps.firstStep + kept : undefined,
        onFailure,
      });
  }

  /**
   * Writes what people say about a run, in place of what was there.
   * @throws {StorageError} when there is no such run, or no room.
   */
  async describe(runId: string, notes: RunNotes): Promise<void> {
    const folder = folderOf(runId);
    await this.#files.exclusive(`notes-${runId}`, async () => {
      await this.#logs.get(runId)?.flush();
      if (!(await this.#files.read(folder, EVENTS)))
        throw new StorageError('This run is not saved in this browser any more.');
      try {
        await writeNotes(this.#files, folder, notes);
      } catch (error) {
        throw await notSaved(this.#files, notes.note.length, error);
      }
    });
  }

  /** Removes a run with its steps, notes and checkpoints; nothing happens when there is none. */
  async remove(runId: string): Promise<void> {
    await this.#logs.get(runId)?.abandon();
    await this.#files.remove(folderOf(runId));
  }

  /**
   * Keeps a run that came from a file, unless its id is kept already.
   * @throws {StorageError} when it cannot be written; nothing is left of it then.
   */
  import(run: KeptRun, steps: StepChunk): Promise<'added' | 'skipped'> {
    const { runId } = run.header;
    const folder = folderOf(runId);
    return this.#files.exclusive(`import-${runId}`, async () => {
      if (this.#logs.has(runId) || (await this.#files.read(folder, EVENTS))) return 'skipped';
      const events = eventsOf(run).map(eventFrame);
      const records = [stepsHeader(steps.firstStep), stepRecords(steps)];
      try {
        if (steps.losses.length > 0) await this.#writeChecked(folder, STEPS, records);
        await writeNotes(this.#files, folder, run.notes);
        // Last, since a folder without it is no run.
        await this.#writeChecked(folder, EVENTS, events);
      } catch (error) {
        await this.#files.remove(folder).catch(() => undefined);
        throw await notSaved(this.#files, stepsByteLength(steps.losses.length), error);
      }
      return 'added';
    });
  }

  /**
   * Keeps the file of weights that a run was started from, without which it could not begin again.
   * @throws {StorageError} when there is no room.
   */
  async keepGivenWeights(runId: string, bytes: Uint8Array): Promise<void> {
    try {
      await this.#writeChecked(folderOf(runId), GIVEN_WEIGHTS, [bytes]);
    } catch (error) {
      throw await notSaved(this.#files, bytes.length, error);
    }
  }

  /** The file of weights that a run was started from; undefined where none was, or it was not kept. */
  givenWeights(runId: string): Promise<Uint8Array | undefined> {
    return this.#bytes(runId, GIVEN_WEIGHTS);
  }

  async usage(): Promise<RunUsage> {
    const sizes = this.#each(async (runId) => {
      const { names, read } = await this.#files.look(folderOf(runId));
      const blobs = await Promise.all(names.map(read));
      return blobs.reduce((sum, blob) => sum + (blob?.size ?? 0), 0);
    });
    const [bytes, estimate, isPersistent] = await Promise.all([
      sizes,
      this.#files.estimate(),
      this.#files.isPersistent(),
    ]);
    return {
      runBytes: bytes.reduce((sum, size) => sum + size, 0),
      usage: estimate?.usage,
      quota: estimate?.quota,
      isPersistent,
    };
  }

  #open(
    runId: string,
    options: Pick<
      ConstructorParameters<typeof RunLogWriter>[0],
      'first' | 'eventBytes' | 'stepBytes' | 'nextStep' | 'onFailure'
    >,
  ): RunLogWriter {
    const log = new RunLogWriter({
      ...options,
      files: this.#files,
      folder: folderOf(runId),
      now: this.#now,
      onClosed: () => {
        if (this.#logs.get(runId) === log) this.#logs.delete(runId);
      },
    });
    this.#logs.set(runId, log);
    return log;
  }

  /** What `work` gives for every folder of a run, a few at a time. */
  async #each<Result>(work: (runId: string) => Promise<Result>): Promise<Result[]> {
    const runIds = (await this.#files.folders()).flatMap((folder) => runIdOf(folder) ?? []);
    const results: Result[] = [];
    for (let at = 0; at < runIds.length; at += READ_AT_ONCE) {
      results.push(...(await Promise.all(runIds.slice(at, at + READ_AT_ONCE).map(work))));
    }
    return results;
  }

  /** Undefined when there is no log, as while another tab creates or removes the run. */
  async #readLog(runId: string): Promise<LogReading | undefined> {
    return readLogOf(await this.#look(runId));
  }

  /** The files of a run, with all in them that this tab has recorded. */
  async #look(runId: string): Promise<FolderFiles> {
    await this.#logs.get(runId)?.flush();
    return this.#files.look(folderOf(runId));
  }

  #bytes(runId: string, file: string): Promise<Uint8Array | undefined> {
    return fileBytes({ read: (name) => this.#files.read(folderOf(runId), name) }, file);
  }

  #readRun(runId: string, isOwned: ((runId: string) => boolean) | undefined): Promise<KeptRun | undefined> {
    return again(async () => {
      const folder = await this.#look(runId);
      const reading = await readLogOf(folder);
      if (reading?.kind !== 'run') return undefined;
      const isGoing = (): boolean => this.#logs.has(runId) || (isOwned?.(runId) ?? false);
      return runOfLog(reading, { folder, checkpoints: this.checkpoints, isGoing });
    });
  }

  async #writeChecked(folder: string, name: string, parts: readonly Uint8Array[]): Promise<void> {
    await this.#files.write(folder, name, parts);
    const size = (await this.#files.read(folder, name))?.size;
    if (size !== parts.reduce((sum, part) => sum + part.length, 0))
      throw new StorageError(`${name} is not what was written.`);
  }
}
