import type { LayerHistory } from '#domain/layerHistory.ts';
import type {
  Divergence,
  EpochRow,
  FinderResult,
  HiddenSpan,
  PairedValidation,
  ProbeRow,
  RunPlan,
  RunStatus,
  StepChunk,
} from '#domain/run.ts';
import type { RunEnder } from '#domain/runOptions.ts';
import type { StepTime } from '#domain/stepTime.ts';
import { StorageError } from '#lib/files/storageError.ts';
import type { StoreFiles } from '#lib/files/storeFiles.ts';
import { notSaved } from './notSaved.ts';
import { eventFrame, type RunEvent } from './runEvents.ts';
import { EVENTS, STEPS } from './runFiles.ts';
import { stepRecords, stepsHeader } from './stepRecords.ts';

/**
 * Writes what a run reports, in the background and in order. Calls never throw and never wait. What could not be
 * written is reported once and tried again with later calls, so that the log is whole again once there is room.
 */
export interface RunLog {
  plan(plan: RunPlan): void;
  /** Copies the arrays before it returns. Chunks must follow each other; what is recorded already is left out. */
  steps(chunk: StepChunk): void;
  epoch(row: EpochRow): void;
  probe(row: ProbeRow): void;
  hidden(span: HiddenSpan): void;
  diverged(divergence: Divergence): void;
  layers(layers: LayerHistory): void;
  result(result: FinderResult): void;
  paired(row: PairedValidation): void;
  stepTime(time: StepTime): void;
  status(status: RunStatus, detail?: string, endedBy?: RunEnder): void;
  /** Resolves, never rejects, when everything reported before has been written or has failed. */
  flush(): Promise<void>;
  /** Flushes; later calls are ignored. */
  close(): Promise<void>;
  /** Writes nothing more; resolves when no write is under way. */
  abandon(): Promise<void>;
}

/** What is written together is at most this old at the next call, or this large. */
const FLUSH_MS = 1000;
const FLUSH_BYTES = 64 * 1024;
/** A full disk is not asked every second. */
const RETRY_MS = 10_000;

export interface RunLogOptions {
  readonly files: StoreFiles;
  readonly folder: string;
  /** First event of this session; written before anything else. */
  readonly first: RunEvent;
  /** Bytes of both files that hold; what follows them is cut off. */
  readonly eventBytes: number;
  readonly stepBytes: number;
  /** The step that comes next; undefined while the file of steps has no header. */
  readonly nextStep: number | undefined;
  readonly onFailure: (sentence: string) => void;
  readonly onClosed: () => void;
  /** Milliseconds; looked at when something is reported, since frozen tabs have no timers. */
  readonly now: () => number;
}

/** A file that grows only by what was checked to be there. */
interface LogFile {
  readonly name: string;
  /** Bytes known to be good. */
  size: number;
  /** There may be something behind them. */
  isDirty: boolean;
  pending: Uint8Array[];
}

export class RunLogWriter implements RunLog {
  readonly #options: RunLogOptions;
  /** The first event, alone: until it is there, nothing else is written. */
  #opening: Uint8Array | undefined;
  readonly #events: LogFile;
  readonly #steps: LogFile;
  #nextStep: number | undefined;
  #queue: Promise<void> = Promise.resolve();
  #lastFlush: number;
  #hasFailed = false;
  #hasReported = false;
  #isClosed = false;
  #isAbandoned = false;

  constructor(options: RunLogOptions) {
    this.#options = options;
    this.#opening = eventFrame(options.first);
    this.#events = { name: EVENTS, size: options.eventBytes, isDirty: true, pending: [] };
    this.#steps = { name: STEPS, size: options.stepBytes, isDirty: true, pending: [] };
    this.#nextStep = options.nextStep;
    this.#lastFlush = options.now();
    void this.flush();
  }

  plan(plan: RunPlan): void {
    this.#record({ type: 'plan', plan });
  }

  steps(chunk: StepChunk): void {
    const count = chunk.losses.length;
    if (this.#isClosed || count === 0) return;
    if (this.#nextStep === undefined) {
      this.#nextStep = chunk.firstStep;
      this.#steps.pending.push(stepsHeader(chunk.firstStep));
    }
    const known = this.#nextStep - chunk.firstStep;
    if (known < 0) {
      this.#report(`Not saved: steps ${this.#nextStep} to ${chunk.firstStep - 1} are missing.`);
      return;
    }
    if (known >= count) return;
    this.#steps.pending.push(stepRecords(chunk, known));
    this.#nextStep = chunk.firstStep + count;
    this.#flushWhenDue(false);
  }

  epoch(row: EpochRow): void {
    this.#record({ type: 'epoch', row });
  }

  probe(row: ProbeRow): void {
    this.#record({ type: 'probe', row });
  }

  hidden(span: HiddenSpan): void {
    this.#record({ type: 'hidden', span });
  }

  diverged(divergence: Divergence): void {
    this.#record({ type: 'diverged', divergence });
  }

  layers(layers: LayerHistory): void {
    this.#record({ type: 'layers', layers });
  }

  result(result: FinderResult): void {
    this.#record({ type: 'result', result });
  }

  paired(row: PairedValidation): void {
    this.#record({ type: 'paired', row });
  }

  stepTime(time: StepTime): void {
    this.#record({ type: 'step-time', time });
  }

  status(status: RunStatus, detail?: string, endedBy?: RunEnder): void {
    this.#record(
      { type: 'status', status, detail: detail?.slice(0, 4000), ...(endedBy && { endedBy }) },
      true,
    );
  }

  flush(): Promise<void> {
    this.#lastFlush = this.#options.now();
    this.#queue = this.#queue.then(() => this.#writeOut());
    return this.#queue;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return this.#queue;
    this.#isClosed = true;
    await this.flush();
    // A run that was never begun would be a folder that nobody can read.
    if (this.#events.size === 0) {
      await this.#options.files.remove(this.#options.folder).catch(() => undefined);
    }
    this.#options.onClosed();
  }

  async abandon(): Promise<void> {
    this.#isClosed = true;
    this.#isAbandoned = true;
    await this.#queue;
    this.#options.onClosed();
  }

  #record(event: RunEvent, isUrgent = false): void {
    if (this.#isClosed) return;
    this.#events.pending.push(eventFrame(event));
    this.#flushWhenDue(isUrgent);
  }

  #flushWhenDue(isUrgent: boolean): void {
    const waited = this.#options.now() - this.#lastFlush;
    const isDue = this.#hasFailed
      ? waited >= RETRY_MS
      : isUrgent || waited >= FLUSH_MS || this.#pendingBytes() >= FLUSH_BYTES;
    if (isDue) void this.flush();
  }

  #pendingBytes(): number {
    return byteLength(this.#events.pending) + byteLength(this.#steps.pending);
  }

  /** Steps before the events that speak of them, so that no epoch is kept without its steps. */
  async #writeOut(): Promise<void> {
    if (this.#isAbandoned) return;
    try {
      if (this.#opening) {
        await this.#append(this.#events, [this.#opening]);
        this.#opening = undefined;
      }
      for (const file of [this.#steps, this.#events]) {
        const { pending } = file;
        file.pending = [];
        try {
          await this.#append(file, pending);
        } catch (error) {
          file.pending = [...pending, ...file.pending];
          throw error;
        }
      }
      this.#hasFailed = false;
    } catch (error) {
      this.#hasFailed = true;
      if (this.#hasReported) return;
      this.#report((await notSaved(this.#options.files, this.#pendingBytes(), error)).sentence);
      console.warn('A run is not being saved:', error);
    }
  }

  /** Appends and looks: a browser may report a success that was none. */
  async #append(file: LogFile, parts: readonly Uint8Array[]): Promise<void> {
    if (this.#isAbandoned || (parts.length === 0 && !file.isDirty)) return;
    const { files, folder } = this.#options;
    if (file.isDirty) {
      await files.truncate(folder, file.name, file.size);
      await this.#expectSize(file, file.size);
      file.isDirty = false;
    }
    if (parts.length === 0) return;
    const bytes = joined(parts);
    file.isDirty = true;
    try {
      await files.append(folder, file.name, bytes);
      await this.#expectSize(file, file.size + bytes.length);
    } catch (error) {
      await files.truncate(folder, file.name, file.size).catch(() => {
        // Tried again before the next append; readers stop at the torn end meanwhile.
      });
      throw error;
    }
    file.size += bytes.length;
    file.isDirty = false;
  }

  async #expectSize(file: LogFile, size: number): Promise<void> {
    const { files, folder } = this.#options;
    const actual = (await files.read(folder, file.name))?.size ?? 0;
    if (actual !== size) throw new StorageError(`${file.name} has ${actual} of ${size} bytes.`);
  }

  #report(sentence: string): void {
    if (this.#hasReported) return;
    this.#hasReported = true;
    this.#options.onFailure(sentence);
  }
}

function byteLength(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  const out = new Uint8Array(byteLength(parts));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
