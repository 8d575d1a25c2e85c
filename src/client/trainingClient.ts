import type { Experiment } from '#domain/experiment.ts';
import type { KeptRun, RunNotes, RunStart } from '#domain/keptRun.ts';
import type { FinderSettings, StepChunk } from '#domain/run.ts';
import type { Study } from '#domain/study.ts';
import type { KeptStorage, Requests, WorkerEvent } from '#protocol/messages.ts';
import { RemoteError } from '#protocol/wireError.ts';
import { browserClientMemory } from './clientState.ts';
import type { ClientState, Connection } from './clientState.ts';
import { DatasetClient, sentence } from './datasetClient.ts';
import { DeviceLosses } from './deviceLosses.ts';
import { GpuMeasurement } from './gpuMeasurement.ts';
import { KeptRuns } from './keptRuns.ts';
import { LossRecovery } from './lossRecovery.ts';
import { RunRequests } from './runRequests.ts';
import type { WeightsFile } from './runRequests.ts';
import { isGoing } from './runRecord.ts';
import { soundSteps, wantedAgain, wantedFork } from './otherSettings.ts';
import { Runs } from './runs.ts';
import type { RunSetting } from './runs.ts';
import { StudyRunner } from './studyRunner.ts';
import type { QueueActions } from './studyRunner.ts';
import { WorkerLink, WorkerLostError } from './workerLink.ts';
import type { WorkerPort } from './workerPort.ts';

/**
 * The page's side of training: owns the worker, turns its messages into `ClientState`, and knows every run.
 * Shaped for `useSyncExternalStore`: `subscribe` and `getState` are bound.
 */
export class TrainingClient {
  /** Loads and shows data sets. */
  readonly data: DatasetClient;
  /** Times training steps on the GPU. */
  readonly measurement: GpuMeasurement;
  readonly #startWorker: () => WorkerPort;
  readonly #listeners = new Set<() => void>();
  readonly #runs: Runs;
  readonly #requests: RunRequests;
  readonly #kept: KeptRuns;
  readonly #studies: StudyRunner;
  readonly #losses = new DeviceLosses();
  readonly #recovery: LossRecovery;
  #isHidden = false;
  #link: WorkerLink;
  #state: ClientState;

  /** Starts a worker, its device and the data set that was used last. */
  constructor(start: () => WorkerPort, memory = browserClientMemory()) {
    const link = (): WorkerLink => this.#link;
    this.#startWorker = start;
    this.data = new DatasetClient((dataset) => this.#patch({ dataset }), memory.dataset);
    this.measurement = new GpuMeasurement((measurement) => this.#patch({ measurement }), link);
    this.#runs = new Runs((runs) => this.#patch(runs));
    this.#kept = new KeptRuns(this.#runs, link, {
      removals: memory.removals,
      changed: (kept) => this.#patch({ kept }),
    });
    this.#requests = new RunRequests(this.#runs, link, () => this.#setting());
    this.#studies = new StudyRunner(this.#requests, this.#runs, {
      page: {
        isReady: () => this.#canStart(),
        dataset: () => this.#state.dataset.info,
        loadSteps: (runIds) => this.#kept.loadSteps(runIds),
      },
      memory: memory.study,
      changed: (queue) => this.#patch({ queue }),
    });
    this.#recovery = new LossRecovery(this.#runs, this.#requests, this.#studies, (runId) =>
      this.resumeKept(runId),
    );
    this.#state = {
      connection: { status: 'starting' },
      dataset: this.data.state,
      measurement: this.measurement.state,
      ...this.#runs.state,
      kept: this.#kept.state,
      queue: this.#studies.queue,
    };
    this.#link = this.#connect();
  }

  readonly getState = (): ClientState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Ends the worker and starts another one with the data set in use. Going runs end as interrupted. */
  restart(): void {
    this.#link.close();
    this.#interrupt('The training worker was restarted.');
    this.#patch({ connection: { status: 'starting' } });
    this.#link = this.#connect();
  }

  memory(): Promise<Requests['memory']['response']> {
    return this.#link.request('memory', {});
  }

  /**
   * Starts a training run and returns its id.
   * @param weights that it starts from; absent: those that follow from the seed.
   * @param rateReason why its learning rate is what it is, where somebody said so.
   */
  train(
    experiment: Experiment,
    weights?: WeightsFile,
    { rateReason, options }: Partial<Pick<RunStart, 'rateReason' | 'options'>> = {},
  ): string {
    const more = { ...(rateReason !== undefined && { rateReason }), ...(options && { options }) };
    return this.#requests.train({ experiment, origin: undefined, ...more }, weights).runIds[0]!;
  }

  /** Starts a learning-rate finder and returns its id; `weights` as for `train`. */
  findLearningRate(experiment: Experiment, settings: FinderSettings, weights?: WeightsFile): string {
    return this.#requests.findLearningRate({ experiment, origin: undefined }, settings, weights).runIds[0]!;
  }

  /** Appends a study to the queue, and starts it when nothing else goes or waits. */
  startStudy(study: Study): void {
    this.#studies.start(study);
  }

  /** What can be done with `ClientState.queue`. */
  get queueActions(): QueueActions {
    return this.#studies;
  }

  /**
   * Continues an interrupted or stopped run from its newest kept state, or from its start without one.
   * @param takesOver ends the run in another tab first, when it goes on there.
   */
  async resumeKept(runId: string, takesOver = false): Promise<void> {
    await this.#kept.prepare(runId);
    const run = this.#runs.get(runId);
    // Asked for twice, as by a double click, or another tab was faster.
    if (run && (isGoing(run) || run.status === 'finished' || run.status === 'diverged')) return;
    await this.#requests.resumeKept(runId, takesOver).over;
  }

  /**
   * Continues a training run with other settings as a run of its own, from its newest kept state before it diverged
   * and of at most `step` steps: at once, or queued behind what goes and waits.
   */
  fork(runId: string, experiment: Experiment, step = Number.MAX_SAFE_INTEGER): void {
    const run = this.#runs.get(runId);
    if (run?.kind !== 'train') return;
    this.#studies.fork(wantedFork(run, experiment, step));
  }

  /**
   * Starts a training run again with its seed and other settings, as a run of its own: at once, or queued behind what
   * goes and waits. Its weights follow from its seed.
   * @returns false where its study has such a run already.
   */
  startAgain(runId: string, experiment: Experiment): boolean {
    const run = this.#runs.get(runId);
    return run?.kind === 'train' && this.#studies.again(wantedAgain(run, experiment));
  }

  /** Steps of the kept states that a run can be forked from, newest last. */
  async forkSteps(runId: string): Promise<readonly number[]> {
    const { steps } = await this.#link.request('checkpointSteps', { runId });
    const run = this.#runs.get(runId);
    return run?.kind === 'train' ? steps.filter((step) => step <= soundSteps(run)) : [];
  }

  /** The page was hidden or shown; hidden, it may be frozen or closed: keeps the state of what is going. */
  pageHidden(isHidden: boolean): void {
    this.#isHidden = isHidden;
    this.#requests.pageHidden(isHidden);
    if (!isHidden) return;
    for (const run of this.#state.runs) if (isGoing(run)) this.#requests.saveState(run.id);
  }

  pause(runId: string): void {
    this.#requests.pause(runId);
  }

  resume(runId: string): void {
    this.#requests.resume(runId);
  }

  /** Takes one step of a paused run, and of all others of its race. */
  step(runId: string): void {
    this.#requests.step(runId);
  }

  stop(runId: string): void {
    this.#requests.stop(runId);
  }

  /** Reads the steps of runs of earlier visits; `RunRecord.stepsLoaded` says how far that is. */
  loadSteps(runIds: readonly string[]): Promise<void> {
    return this.#kept.loadSteps(runIds);
  }

  /** Keeps the steps of some runs in memory until they are let go of by what it returns; it reads none. */
  holdSteps(runIds: readonly string[]): () => void {
    return this.#kept.holdSteps(runIds);
  }

  /** Changes name, tags and note of a run. */
  describe(runId: string, notes: RunNotes): Promise<void> {
    return this.#kept.describe(runId, notes);
  }

  /** Hides runs at once and deletes them ten seconds later; those that are going are stopped. */
  remove(runIds: readonly string[]): void {
    this.#kept.remove(runIds);
  }

  /** Brings back what `remove` hid last: `ClientState.kept.removed`. */
  undoRemove(): void {
    this.#kept.undoRemove();
  }

  /** The page is about to go: what `remove` hid must not be there at the next visit. */
  leave(): void {
    this.#kept.leave();
  }

  /** Keeps runs that came from a file; rejects where they cannot be kept. */
  importRuns(
    runs: readonly { run: KeptRun; steps: StepChunk }[],
  ): Promise<Requests['importRuns']['response']> {
    return this.#kept.import(runs);
  }

  /** The newest kept state of a run as a file, with moments and running statistics; undefined without one. */
  checkpoint(runId: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#kept.checkpoint(runId);
  }

  /** Keeps such a file as the newest state of its run, which must be there; rejects where it cannot be. */
  importCheckpoint(bytes: Uint8Array<ArrayBuffer>): Promise<Requests['importCheckpoint']['response']> {
    return this.#kept.importCheckpoint(bytes);
  }

  /** Weights of a run as the bytes of a safetensors file. */
  weights(runId: string, which: 'initial' | 'last'): Promise<Uint8Array<ArrayBuffer>> {
    return this.#kept.weights(runId, which);
  }

  /** A .zip that continues a training run in PyTorch; rejects unless its data set is loaded. */
  pytorchBundle(runId: string, which: 'initial' | 'last'): Promise<Uint8Array<ArrayBuffer>> {
    return this.#kept.pytorchBundle(runId, which);
  }

  /** What runs take of the browser's storage, and those that cannot be read. */
  storage(): Promise<KeptStorage> {
    return this.#kept.storage();
  }

  /** Removes a run that cannot be read, for good. */
  removeUnreadable(runId: string): Promise<void> {
    return this.#kept.removeUnreadable(runId);
  }

  /** Takes the notice about kept runs away. */
  dismissKeptProblem(): void {
    this.#kept.dismissProblem();
  }

  #setting(): RunSetting {
    const { info } = this.#state.dataset;
    const { connection } = this.#state;
    return {
      dataset: { title: info?.title ?? '', hash: info?.hash ?? '' },
      deviceTitle: connection.status === 'ready' ? connection.device.title : '',
      backend: connection.status === 'ready' ? connection.device.backend : 'webgpu',
    };
  }

  #connect(): WorkerLink {
    const link = new WorkerLink(this.#startWorker(), {
      event: (event) => this.#receive(event),
      lost: (error) => this.#lose(error.message),
    });
    void this.#begin(link);
    if (this.#isHidden) link.request('pageHidden', { isHidden: true }).catch(() => undefined);
    // Beside the device, and also without one: data and kept runs can be looked at.
    void this.#kept.begin(link);
    void this.data.begin(link);
    return link;
  }

  async #begin(link: WorkerLink): Promise<void> {
    try {
      const device = await link.request('start', {});
      const blockedUntil = this.#losses.waitInsteadOf(device.backend, Date.now());
      const connection: Connection =
        blockedUntil === undefined
          ? { status: 'ready', device }
          : { status: 'failed', message: device.reason ?? 'WebGPU is not there.', blockedUntil };
      this.#patch({ connection });
    } catch (error) {
      if (error instanceof WorkerLostError) return;
      const code = error instanceof RemoteError ? error.code : undefined;
      const blockedUntil = this.#losses.blockAt(Date.now());
      if (blockedUntil !== undefined) {
        this.#patch({ connection: { status: 'failed', message: sentence(error), blockedUntil } });
        return;
      }
      this.#patch({ connection: { status: 'unsupported', message: sentence(error), code } });
    }
  }

  #receive(event: WorkerEvent): void {
    if (event.type === 'dataset-progress') this.data.progress(event);
    else if (event.type === 'benchmark-progress') this.measurement.progress(event);
    else if (event.type === 'device-lost') this.#loseDevice(event.message);
    else this.#runs.receive(event);
  }

  #loseDevice(message: string): void {
    const { restarts, blockedUntil } = this.#losses.record(Date.now(), this.#setting().backend);
    if (restarts) this.#recovery.remember();
    this.#link.close();
    this.#lose(message, blockedUntil);
    if (restarts) this.restart();
  }

  #lose(message: string, blockedUntil?: number): void {
    // First: nothing may start on what is gone.
    this.#patch({ connection: { status: 'failed', message, blockedUntil } });
    this.#interrupt(message);
    this.data.lost();
  }

  #interrupt(reason: string): void {
    this.#runs.interrupt(reason);
    this.#studies.interrupt(reason);
  }

  /** Whether the next run of a study could start now; its data are checked by the runner. */
  #canStart(): boolean {
    const { connection, dataset, kept, measurement } = this.#state;
    return (
      connection.status === 'ready' &&
      dataset.info !== undefined &&
      !dataset.loading &&
      !measurement.going &&
      kept.isRead
    );
  }

  #patch(change: Partial<ClientState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
    if (this.#canStart()) this.#recovery.goOn(this.#state.dataset.info?.hash);
    // Whatever changed may be what the next run of a study has waited for.
    this.#studies.advance();
  }
}
