import type { KeptRun, RunNotes } from '#domain/keptRun.ts';
import { isOver } from '#domain/run.ts';
import type { StepChunk } from '#domain/run.ts';
import type { KeptStorage, Requests } from '#protocol/messages.ts';
import { sentence } from './datasetClient.ts';
import { MetricBuffer } from './metricBuffer.ts';
import type { RemovalMemory } from './removalMemory.ts';
import { isGoing, recordOfKept } from './runRecord.ts';
import type { RunRecord } from './runRecord.ts';
import type { Runs } from './runs.ts';
import { StepCache } from './stepCache.ts';
import { WorkerLostError } from './workerLink.ts';
import type { WorkerLink } from './workerLink.ts';

/** So long a removed run can be brought back. */
export const UNDO_MS = 10_000;

export interface KeptRunsState {
  /** Whether the runs of earlier visits were read, or could not be, which `problem` says. */
  readonly isRead: boolean;
  /** Runs that were removed last and can still be brought back. */
  readonly removed: readonly RunRecord[];
  /** What could not be read or written last, in a sentence. */
  readonly problem: string | undefined;
}

/** Runs of earlier visits: reads, describes, removes and imports them over the worker of the moment. */
export class KeptRuns {
  readonly #runs: Runs;
  readonly #link: () => WorkerLink;
  readonly #changed: (state: KeptRunsState) => void;
  readonly #removals: RemovalMemory;
  readonly #cache: StepCache;
  /** Steps that are being read, by run. */
  readonly #loading = new Map<string, Promise<void>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #state: KeptRunsState = { isRead: false, removed: [], problem: undefined };

  /** @param changed told of every new state. */
  constructor(
    runs: Runs,
    link: () => WorkerLink,
    options: { removals: RemovalMemory; changed: (state: KeptRunsState) => void },
  ) {
    this.#runs = runs;
    this.#link = link;
    this.#removals = options.removals;
    this.#changed = options.changed;
    this.#cache = new StepCache(runs, (runId) => link().request('keptSteps', { runId }));
  }

  get state(): KeptRunsState {
    return this.#state;
  }

  /** Reads the runs of earlier visits, without their steps, and removes those that these were to remove. */
  async begin(link: WorkerLink): Promise<void> {
    const removed = new Set(this.#state.removed.map((run) => run.id));
    const due = this.#removals
      .read()
      .filter(({ runId, dueAt }) => dueAt <= Date.now() && !removed.has(runId));
    const isDue = new Set(due.map(({ runId }) => runId));
    let left: RunRecord[] = [];
    await this.#try(async () => {
      const { runs } = await link.request('keptRuns', {});
      const records = runs.filter((run) => !removed.has(run.header.runId)).map(recordOfKept);
      this.#runs.add(records.filter((run) => !isDue.has(run.id)));
      left = records.filter((run) => isDue.has(run.id));
      this.#forget([...isDue].filter((runId) => !left.some((run) => run.id === runId)));
    });
    this.#patch({ isRead: true });
    // A worker that was lost in the middle of it has brought them back.
    this.#runs.drop(left.map((run) => run.id));
    await this.#delete(left);
  }

  /** Reads the steps of the runs that have not theirs yet; charts need them. */
  async loadSteps(runIds: readonly string[]): Promise<void> {
    const absent = runIds.filter((runId) => this.#runs.get(runId)?.stepsLoaded === 'absent');
    for (const runId of absent) {
      this.#runs.changeSoon(runId, (run) => ({ ...run, stepsLoaded: 'loading' }));
      const loading = this.#loadSteps(runId).finally(() => {
        if (this.#loading.get(runId) === loading) this.#loading.delete(runId);
      });
      this.#loading.set(runId, loading);
    }
    await Promise.all(runIds.flatMap((runId) => this.#loading.get(runId) ?? []));
  }

  /** Keeps the steps of some runs in memory, those that are read later too. @returns lets go of them. */
  holdSteps(runIds: readonly string[]): () => void {
    return this.#cache.hold(runIds);
  }

  /**
   * Makes a run ready to go on: reads its steps, and also those that another tab has recorded since this page
   * had it, and how it ended there.
   */
  async prepare(runId: string): Promise<void> {
    await this.#try(async () => {
      const { runs } = await this.#link().request('keptRuns', {});
      const kept = runs.find(({ header }) => header.runId === runId);
      const record = kept && recordOfKept(kept);
      const run = this.#runs.get(runId);
      if (!record || !run || isGoing(run)) return;
      const hasEnded = isOver(record.status) && !isOver(run.status);
      if (record.stepCount <= run.stepCount && !hasEnded) return;
      this.#runs.change(runId, () => (hasEnded ? record : { ...record, status: run.status }));
    });
    await this.loadSteps([runId]);
  }

  /** Changes what is said about a run. */
  async describe(runId: string, notes: RunNotes): Promise<void> {
    this.#runs.change(runId, { notes });
    await this.#try(() => this.#link().request('describeRun', { runId, notes }));
  }

  /** Hides runs at once, and removes them for good when they were not brought back in time. */
  remove(runIds: readonly string[]): void {
    const removed = runIds.flatMap((runId) => this.#runs.get(runId) ?? []);
    if (removed.length === 0) return;
    for (const run of removed) {
      if (!isGoing(run)) continue;
      this.#link()
        .request('stop', { runId: run.id })
        .catch(() => undefined);
    }
    void this.#removeForGood();
    this.#runs.drop(runIds);
    this.#patch({ removed });
    this.#remember(removed, Date.now() + UNDO_MS);
    this.#timer = setTimeout(() => void this.#removeForGood(), UNDO_MS);
  }

  /** Brings back what was removed last. */
  undoRemove(): void {
    clearTimeout(this.#timer);
    this.#forget(this.#state.removed.map((run) => run.id));
    this.#runs.add(this.#state.removed.map(broughtBack));
    this.#patch({ removed: [] });
  }

  /** The page goes: nobody will undo a removal any more, and the next visit ends what this one cannot. */
  leave(): void {
    this.#remember(this.#state.removed, 0);
    void this.#removeForGood();
  }

  /** Keeps runs that came from a file; those that are known already are left out. */
  async import(
    runs: readonly { run: KeptRun; steps: StepChunk }[],
  ): Promise<Requests['importRuns']['response']> {
    const removed = new Set(this.#state.removed.map((run) => run.id));
    // Or they would be left out as known, and deleted after that.
    if (runs.some(({ run }) => removed.has(run.header.runId))) await this.#removeForGood();
    const answer = await this.#link().request('importRuns', { runs });
    const added = runs.filter(({ run }) => answer.added.includes(run.header.runId));
    this.#runs.add(
      added.map(({ run, steps }) => {
        const record = recordOfKept(run);
        record.metrics.append(steps);
        return { ...record, stepCount: record.metrics.count, stepsLoaded: 'loaded' };
      }),
    );
    return answer;
  }

  /** The newest state of a run as a file; undefined without one. */
  async checkpoint(runId: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { bytes } = await this.#link().request('checkpoint', { runId });
    return bytes;
  }

  /** Keeps such a file as the newest state of its run. @throws {RemoteError} by rejection. */
  async importCheckpoint(bytes: Uint8Array<ArrayBuffer>): Promise<Requests['importCheckpoint']['response']> {
    const answer = await this.#link().request('importCheckpoint', { bytes });
    this.#runs.change(answer.runId, { checkpointStep: answer.step });
    return answer;
  }

  /** Weights of a run as a safetensors file. @throws {RemoteError} by rejection. */
  async weights(runId: string, which: 'initial' | 'last'): Promise<Uint8Array<ArrayBuffer>> {
    const { bytes } = await this.#link().request('weights', { runId, which });
    return bytes;
  }

  /** A .zip that continues a training run in PyTorch. @throws {RemoteError} by rejection. */
  async pytorchBundle(runId: string, which: 'initial' | 'last'): Promise<Uint8Array<ArrayBuffer>> {
    const { bytes } = await this.#link().request('pytorchBundle', { runId, which });
    return bytes;
  }

  /** What runs take of the browser's storage, and those that cannot be read. @throws {RemoteError} by rejection. */
  storage(): Promise<KeptStorage> {
    return this.#link().request('keptStorage', {});
  }

  /** Removes for good, without undo, a run that cannot be read. @throws {RemoteError} by rejection. */
  async removeUnreadable(runId: string): Promise<void> {
    await this.#link().request('removeRun', { runId });
  }

  dismissProblem(): void {
    this.#patch({ problem: undefined });
  }

  async #loadSteps(runId: string): Promise<void> {
    const isRead = await this.#try(async () => {
      const steps = await this.#link().request('keptSteps', { runId });
      const metrics = new MetricBuffer();
      metrics.append(steps);
      this.#runs.changeSoon(runId, (run) =>
        run.stepsLoaded === 'loading' ? { ...run, metrics, stepsLoaded: 'loaded' } : run,
      );
    });
    if (isRead) return;
    this.#runs.change(runId, (run) =>
      run.stepsLoaded === 'loading' ? { ...run, stepsLoaded: 'absent' } : run,
    );
  }

  async #removeForGood(): Promise<void> {
    clearTimeout(this.#timer);
    const { removed } = this.#state;
    this.#patch({ removed: [] });
    await this.#delete(removed);
  }

  async #delete(removed: readonly RunRecord[]): Promise<void> {
    for (const run of removed) {
      const isRemoved = await this.#try(() => this.#link().request('removeRun', { runId: run.id }));
      this.#forget([run.id]);
      if (!isRemoved) this.#runs.add([broughtBack(run)]);
    }
  }

  #remember(removed: readonly RunRecord[], dueAt: number): void {
    if (removed.length === 0) return;
    const ids = removed.map((run) => run.id);
    const others = this.#removals.read().filter(({ runId }) => !ids.includes(runId));
    this.#removals.write([...others, ...ids.map((runId) => ({ runId, dueAt }))]);
  }

  #forget(runIds: readonly string[]): void {
    if (runIds.length === 0) return;
    this.#removals.write(this.#removals.read().filter(({ runId }) => !runIds.includes(runId)));
  }

  /** @returns whether it worked; otherwise the state says why, unless the worker is gone. */
  async #try(action: () => Promise<unknown>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      if (!(error instanceof WorkerLostError)) this.#patch({ problem: sentence(error) });
      return false;
    }
  }

  #patch(change: Partial<KeptRunsState>): void {
    this.#state = { ...this.#state, ...change };
    this.#changed(this.#state);
  }
}

/** A run that was stopped by its removal told so to nobody. */
function broughtBack(run: RunRecord): RunRecord {
  return isGoing(run) ? { ...run, status: 'stopped', asked: undefined } : run;
}
