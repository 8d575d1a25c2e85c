import type { Checkpoint } from '#domain/checkpoint.ts';
import type { RunHeader } from '#domain/keptRun.ts';
import type { LayerHistory } from '#domain/layerHistory.ts';
import { isOver } from '#domain/run.ts';
import type {
  Divergence,
  EpochRow,
  FinderResult,
  HiddenSpan,
  PairedValidation,
  Preparation,
  ProbeRow,
  RunPlan,
  RunStatus,
  StepChunk,
} from '#domain/run.ts';
import type { RunEnder } from '#domain/runOptions.ts';
import { StepTimer } from '#domain/stepTime.ts';
import { VERSION } from '#domain/version.ts';
import type { WorkerEvent } from '#protocol/messages.ts';
import type { RunLog } from '#store/runLog.ts';
import type { LanePair, RunReporter, RunState, StateKeeper } from '#train/reporter.ts';
import type { KeptStore, StateMemory } from './keptStore.ts';

export interface RunRecorderParts {
  readonly header: RunHeader;
  readonly emit: (event: WorkerEvent) => void;
  /** Title of the device that computes. */
  readonly device: string;
  /** Absent: nothing is kept. */
  readonly store: KeptStore | undefined;
  readonly memory: StateMemory;
  /** Runs of the race in the order of its lanes; of a run alone its own. */
  readonly raceRunIds: readonly string[];
  /** Said with every status, such as that the run goes on elsewhere. */
  readonly remark: string | undefined;
  /** Of the state that the run goes on from, where it has any. */
  readonly resumedTiles: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const NO_STORAGE =
  'This browser keeps no files for this page (as in a private window): runs are lost when it is closed.';
const OTHER_TILES = 'Resumed with other kernel tiles, which round differently.';
const TAKEN_OVER = 'Taken over by another tab.';

/** Tells the page the story of a run, writes it into the run's log, and keeps its states. */
export class RunRecorder implements RunReporter, StateKeeper {
  readonly #parts: RunRecorderParts;
  #log: RunLog | undefined;
  #isNotKeptTold = false;
  #isTakenOver = false;
  #hasBegun = false;
  readonly #stepTimer = new StepTimer();
  #stepsPerEpoch: number | undefined;
  #tilesHash: string | undefined;
  /** Of the last step that was reported. */
  #wallMs = 0;
  /** Since when the page is hidden, on the run's wall clock. */
  #hiddenFrom: number | undefined;

  constructor(parts: RunRecorderParts) {
    this.#parts = parts;
  }

  get runId(): string {
    return this.#parts.header.runId;
  }

  /** Where the run is written from now on. */
  set log(log: RunLog) {
    this.#log = log;
  }

  /** Whether anything was reported. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  get isTakenOver(): boolean {
    return this.#isTakenOver;
  }

  status(status: RunStatus, detail?: string, endedBy?: RunEnder): void {
    this.#hasBegun = true;
    if (this.#isTakenOver) {
      this.#emitStatus('interrupted', TAKEN_OVER);
      return;
    }
    const text = [detail, this.#remark].filter((part) => part !== undefined).join(' ') || undefined;
    if (isOver(status)) {
      this.#logStepTime();
      this.pageHidden(false);
    }
    this.#log?.status(status, text, endedBy);
    this.#emitStatus(status, text, endedBy);
    if (!this.#parts.store) this.notKept(NO_STORAGE);
  }

  plan(plan: RunPlan): void {
    this.#stepsPerEpoch = plan.stepsPerEpoch;
    this.#tilesHash = plan.tilesHash;
    this.#log?.plan(plan);
    this.#parts.emit({ type: 'run-plan', runId: this.runId, plan });
  }

  preparing(preparation: Preparation): void {
    this.#parts.emit({ type: 'preparing', runId: this.runId, ...preparation });
  }

  steps(reported: StepChunk): void {
    const chunk = { ...reported, wallMs: this.#wallTimes(reported.elapsedMs) };
    this.#stepTimer.add(chunk.firstStep, chunk.elapsedMs, this.#stepsPerEpoch);
    // The log copies at once; the event hands the arrays over to the page.
    this.#log?.steps(chunk);
    this.#parts.emit({ type: 'steps', runId: this.runId, chunk });
  }

  validating(done: number, total: number): void {
    this.#parts.emit({ type: 'validating', runId: this.runId, done, total });
  }

  epoch(row: EpochRow): void {
    this.#log?.epoch(row);
    this.#parts.emit({ type: 'epoch', runId: this.runId, row });
  }

  probe(row: ProbeRow): void {
    this.#log?.probe(row);
    this.#parts.emit({ type: 'probe', runId: this.runId, row });
  }

  /** The page was hidden or shown. */
  pageHidden(isHidden: boolean): void {
    const { header, now, emit } = this.#parts;
    const at = Math.max(0, now() - header.startedAt);
    const fromMs = this.#hiddenFrom;
    this.#hiddenFrom = isHidden ? (fromMs ?? at) : undefined;
    if (isHidden || fromMs === undefined) return;
    const span: HiddenSpan = { fromMs, toMs: Math.max(fromMs, at) };
    this.#log?.hidden(span);
    emit({ type: 'hidden', runId: this.runId, span });
  }

  diverged(divergence: Divergence): void {
    this.#log?.diverged(divergence);
    this.#parts.emit({ type: 'diverged', runId: this.runId, divergence });
  }

  layers(history: LayerHistory): void {
    this.#log?.layers(history);
    this.#parts.emit({ type: 'layers', runId: this.runId, history });
  }

  paired({ baseline, ...validation }: LanePair): void {
    const baselineRunId = this.#parts.raceRunIds[baseline]!;
    const row: PairedValidation = { baselineRunId, runId: this.runId, ...validation };
    this.#log?.paired(row);
    this.#parts.emit({ type: 'paired-validation', ...row });
  }

  result(result: FinderResult): void {
    this.#log?.result(result);
    this.#parts.emit({ type: 'finder-done', runId: this.runId, result });
  }

  /** Says, once for a run, that it is not kept any more; the run goes on. */
  notKept(message: string): void {
    if (this.#isNotKeptTold) return;
    this.#isNotKeptTold = true;
    this.#parts.emit({ type: 'not-kept', runId: this.runId, message });
  }

  async keep(state: RunState): Promise<void> {
    if (this.#isTakenOver) return;
    this.#logStepTime();
    const { header, device, store, memory, now, emit } = this.#parts;
    const checkpoint: Checkpoint = {
      runId: this.runId,
      experiment: header.experiment,
      datasetHash: header.dataset.hash,
      device,
      version: VERSION,
      ...(this.#tilesHash !== undefined && { tilesHash: this.#tilesHash }),
      savedAt: now(),
      ...state,
    };
    if (!store || !this.#log) {
      memory.hold(checkpoint);
      return;
    }
    try {
      await store.checkpoints.save(checkpoint);
      emit({ type: 'checkpoint', runId: this.runId, step: state.step });
    } catch (error) {
      memory.hold(checkpoint);
      this.notKept(error instanceof Error ? error.message : String(error));
    }
  }

  /** Another tab goes on with this run: nothing is written any more, and its end is told as an interruption. */
  takenOver(): void {
    this.#isTakenOver = true;
    void this.#log?.abandon();
    this.#log = undefined;
  }

  /** Resolves when all is written. */
  async close(): Promise<void> {
    await this.#log?.close();
  }

  /**
   * Wall-clock time of the steps of a chunk, which goes out as its last step arrives. Time that has passed and that
   * the run did not compute in (a pause, a frozen tab, the other runs of a race) lies before the chunk.
   */
  #wallTimes(elapsedMs: Float32Array): Float32Array {
    const { header, now } = this.#parts;
    const end = now() - header.startedAt;
    const before = this.#wallMs;
    this.#wallMs = Math.max(before, end);
    const last = elapsedMs.at(-1) ?? 0;
    return elapsedMs.map((elapsed) => Math.max(before, end - (last - elapsed)));
  }

  /** What is said of a run that does not go on as it would have. */
  get #remark(): string | undefined {
    const { remark, resumedTiles } = this.#parts;
    const tiles = this.#tilesHash;
    const isOther = resumedTiles !== undefined && tiles !== undefined && tiles !== resumedTiles;
    return remark ?? (isOther ? OTHER_TILES : undefined);
  }

  #logStepTime(): void {
    const { time } = this.#stepTimer;
    if (time) this.#log?.stepTime(time);
  }

  #emitStatus(status: RunStatus, detail: string | undefined, endedBy?: RunEnder): void {
    this.#parts.emit({
      type: 'run-status',
      runId: this.runId,
      status,
      ...(detail !== undefined && { detail }),
      ...(endedBy && { endedBy }),
    });
  }
}
