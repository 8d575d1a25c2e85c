import type { Checkpoint } from '#domain/checkpoint.ts';
import { StorageError } from '#lib/files/storageError.ts';
import type { FolderFiles, StoreFiles } from '#lib/files/storeFiles.ts';
import { checkpointParts, checkpointState, holds, readCheckpoint } from './checkpointFile.ts';
import { notSaved } from './notSaved.ts';
import { folderOf } from './runFiles.ts';

/** Complete checkpoints that stay; two, in case the newest turns out to be damaged. */
const KEPT = 2;

interface Generation {
  readonly file: string;
  /** Steps done. */
  readonly step: number;
  /** Counts up with each save of a run. */
  readonly number: number;
}

/**
 * Checkpoints of runs, each a file of its own that is never changed: a save writes a new one, reads it back, and
 * only then removes older ones. The newest that is whole counts.
 */
export class CheckpointStore {
  readonly #files: StoreFiles;
  readonly #flushLog: (runId: string) => Promise<void>;
  /** Files that grow right now: a file that changes while it is read cannot be read. */
  readonly #growing = new Set<string>();

  /** @param flushLog writes out what the run has recorded so far: a checkpoint is worth nothing without it. */
  constructor(files: StoreFiles, flushLog: (runId: string) => Promise<void>) {
    this.#files = files;
    this.#flushLog = flushLog;
  }

  /**
   * Saves a checkpoint. Reads the arrays until it resolves, and keeps none of them.
   * @throws {StorageError} with a sentence for people; earlier checkpoints are as before then.
   */
  async save(checkpoint: Checkpoint): Promise<void> {
    const { runId, step } = checkpoint;
    await this.#flushLog(runId);
    const folder = folderOf(runId);
    const earlier = await this.#generations(runId);
    const number = (earlier.at(-1)?.number ?? 0) + 1;
    const file = `checkpoint-${String(step).padStart(10, '0')}-${number}.bin`;
    const parts = await checkpointParts(checkpoint);
    const path = `${folder}/${file}`;
    this.#growing.add(path);
    try {
      await this.#files.write(folder, file, parts);
      const written = await this.#files.read(folder, file);
      if (!written || !(await holds(written, parts))) throw new Error(`${file} is not what was written`);
    } catch (error) {
      await this.#files.removeFile(folder, file).catch(() => {
        // Not complete, so it never counts, and the next save removes it.
      });
      const byteLength = parts.reduce((sum, part) => sum + part.byteLength, 0);
      throw await notSaved(this.#files, byteLength, error);
    } finally {
      this.#growing.delete(path);
    }
    await this.#removeOld(runId);
  }

  /**
   * The newest checkpoint that is whole, of at most `upTo` steps.
   * @returns undefined when there is none; arrays are the caller's.
   * @throws {StorageError} when all there is was saved in a way that this version cannot read.
   */
  async newest(runId: string, upTo = Number.POSITIVE_INFINITY): Promise<Checkpoint | undefined> {
    let reason: string | undefined;
    for (const { file, step } of (await this.#generations(runId)).toReversed()) {
      if (step > upTo) continue;
      const blob = await this.#files.read(folderOf(runId), file);
      const reading = blob && (await readCheckpoint(blob));
      if (reading?.kind === 'checkpoint') return reading.checkpoint;
      if (reading?.kind === 'refused') reason ??= reading.reason;
    }
    if (reason !== undefined) {
      throw new StorageError(`The checkpoint of this run cannot be read: ${reason}. It is left as it is.`);
    }
    return undefined;
  }

  /** Steps done at each checkpoint that is not cut off, newest last. Reads only their first bytes. */
  async steps(runId: string): Promise<number[]> {
    const complete: number[] = [];
    for (const generation of await this.#generations(runId)) {
      if ((await this.#state(runId, generation)) === 'complete') complete.push(generation.step);
    }
    return complete;
  }

  /** Steps done at the newest checkpoint that is not cut off, of at most `upTo` steps. */
  async newestStep(runId: string, folder: FolderFiles, upTo: number): Promise<number | undefined> {
    for (const { file, step } of this.#whole(runId, folder.names).toReversed()) {
      if (step > upTo) continue;
      if ((await stateOf(await folder.read(file))) === 'complete') return step;
    }
    return undefined;
  }

  /**
   * Removes the checkpoints of a run that goes on after `step` steps from beyond that step, since what they
   * followed from is dropped; never one of a newer version.
   */
  async removeBeyond(runId: string, step: number): Promise<void> {
    for (const generation of await this.#generations(runId)) {
      if (generation.step <= step || (await this.#state(runId, generation)) === 'newer') continue;
      await this.#files.removeFile(folderOf(runId), generation.file);
    }
  }

  async #generations(runId: string): Promise<Generation[]> {
    return this.#whole(runId, (await this.#files.look(folderOf(runId))).names);
  }

  /** Oldest first, without the one that is being written. */
  #whole(runId: string, files: readonly string[]): Generation[] {
    return generationsIn(files).filter(({ file }) => !this.#growing.has(`${folderOf(runId)}/${file}`));
  }

  async #state(runId: string, { file }: Generation): Promise<'complete' | 'damaged' | 'newer'> {
    return stateOf(await this.#files.read(folderOf(runId), file));
  }

  /** Those beyond the newest two, and what failed saves have left; never one of a newer version. */
  async #removeOld(runId: string): Promise<void> {
    let kept = 0;
    for (const generation of (await this.#generations(runId)).toReversed()) {
      const state = await this.#state(runId, generation);
      if (state === 'newer' || (state === 'complete' && ++kept <= KEPT)) continue;
      await this.#files.removeFile(folderOf(runId), generation.file).catch(() => {
        // It does no harm but take room; the next save tries again.
      });
    }
  }
}

function stateOf(file: Blob | undefined): Promise<'complete' | 'damaged' | 'newer'> {
  return file ? checkpointState(file) : Promise.resolve('damaged');
}

/** Oldest first. */
function generationsIn(files: readonly string[]): Generation[] {
  return files
    .flatMap((file) => {
      const [, step, number] = /^checkpoint-(\d+)-(\d+)\.bin$/.exec(file) ?? [];
      return step && number ? [{ file, step: Number(step), number: Number(number) }] : [];
    })
    .sort((a, b) => a.number - b.number);
}
