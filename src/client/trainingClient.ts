import type { Experiment } from '#domain/experiment.ts';
import { isOver } from '#domain/run.ts';
import type { FinderSettings } from '#domain/run.ts';
import type { DeviceInfo, Requests, WorkerEvent } from '#protocol/messages.ts';
import { RemoteError } from '#protocol/wireError.ts';
import { DatasetClient, type DatasetState, sentence } from './datasetClient.ts';
import { browserMemory } from './datasetMemory.ts';
import { GpuMeasurement } from './gpuMeasurement.ts';
import type { MeasurementState } from './gpuMeasurement.ts';
import { MetricBuffer } from './metricBuffer.ts';
import type { FinderRecord, RunRecord, TrainRecord } from './runRecord.ts';
import { WorkerLink, WorkerLostError } from './workerLink.ts';
import type { WorkerPort } from './workerPort.ts';

export type Connection =
  | { readonly status: 'starting' }
  | { readonly status: 'ready'; readonly device: DeviceInfo }
  /** Nothing can train in this browser. */
  | { readonly status: 'unsupported'; readonly message: string; readonly code: string | undefined }
  /** The worker or its device died; `restart()` may help. */
  | { readonly status: 'failed'; readonly message: string };

/** Everything that the page shows, as one immutable value; only the metric buffers in `runs` are mutable. */
export interface ClientState {
  readonly connection: Connection;
  readonly dataset: DatasetState;
  readonly measurement: MeasurementState;
  /** In order of start. */
  readonly runs: readonly RunRecord[];
  /** Grows, at most four times a second, when metric buffers have changed. */
  readonly metricsVersion: number;
}

/** Charts redraw at most this often while steps come in. */
const METRIC_INTERVAL_MS = 250;

/**
 * The page's side of training: owns the worker, turns its messages into `ClientState`, and keeps every run
 * of the visit. Shaped for `useSyncExternalStore`: `subscribe` and `getState` are bound.
 */
export class TrainingClient {
  /** Loads and shows data sets. */
  readonly data: DatasetClient;
  /** Times training steps on the GPU. */
  readonly measurement: GpuMeasurement;
  readonly #startWorker: () => WorkerPort;
  readonly #listeners = new Set<() => void>();
  readonly #started = { train: 0, finder: 0 };
  #link: WorkerLink;
  #isAnnounced = false;
  #state: ClientState;

  /**
   * Starts a worker, its device and the data set that was used last.
   * @param memory names that set; undefined in it means the built-in one.
   */
  constructor(start: () => WorkerPort, memory = browserMemory()) {
    this.#startWorker = start;
    this.data = new DatasetClient((dataset) => this.#patch({ dataset }), memory);
    this.measurement = new GpuMeasurement(
      (measurement) => this.#patch({ measurement }),
      () => this.#link,
    );
    this.#state = {
      connection: { status: 'starting' },
      dataset: this.data.state,
      measurement: this.measurement.state,
      runs: [],
      metricsVersion: 0,
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
    this.#interruptRuns('The training worker was restarted.');
    this.#patch({ connection: { status: 'starting' } });
    this.#link = this.#connect();
  }

  memory(): Promise<Requests['memory']['response']> {
    return this.#link.request('memory', {});
  }

  /** Starts a training run and returns its id. */
  train(experiment: Experiment): string {
    const record: TrainRecord = {
      ...this.#newRecord('train', experiment),
      kind: 'train',
      epochs: [],
      validating: undefined,
      divergence: undefined,
    };
    this.#patch({ runs: [...this.#state.runs, record] });
    void this.#follow(
      record.id,
      this.#link.request('train', { runId: record.id, experiment }).then(({ status }) => {
        this.#patchRun(record.id, { status, asked: undefined });
      }),
    );
    return record.id;
  }

  /** Starts a learning-rate finder and returns its id. */
  findLearningRate(experiment: Experiment, settings: FinderSettings): string {
    const record: FinderRecord = {
      ...this.#newRecord('finder', experiment),
      kind: 'finder',
      settings,
      result: undefined,
    };
    this.#patch({ runs: [...this.#state.runs, record] });
    void this.#follow(
      record.id,
      this.#link.request('findLearningRate', { runId: record.id, experiment, settings }).then((result) => {
        const status = result.reason === 'stopped' ? 'stopped' : 'finished';
        this.#patchRun(record.id, (run) =>
          run.kind === 'finder' ? { ...run, result, status, asked: undefined } : run,
        );
      }),
    );
    return record.id;
  }

  pause(runId: string): void {
    this.#ask('pause', runId);
  }

  resume(runId: string): void {
    this.#ask('resume', runId);
  }

  stop(runId: string): void {
    this.#ask('stop', runId);
  }

  /** Forgets a run; one that is going is stopped first. Later messages about it are dropped. */
  remove(runId: string): void {
    const run = this.#run(runId);
    if (!run) return;
    if (!isOver(run.status)) this.#link.request('stop', { runId }).catch(() => undefined);
    this.#patch({ runs: this.#state.runs.filter((other) => other.id !== runId) });
  }

  #connect(): WorkerLink {
    const link = new WorkerLink(this.#startWorker(), {
      event: (event) => this.#receive(event),
      lost: (error) => this.#lose(error.message),
    });
    void this.#begin(link);
    // Beside the device, and also without one: a data set can be looked at.
    void this.data.begin(link);
    return link;
  }

  async #begin(link: WorkerLink): Promise<void> {
    try {
      const device = await link.request('start', {});
      this.#patch({ connection: { status: 'ready', device } });
    } catch (error) {
      if (error instanceof WorkerLostError) return;
      const code = error instanceof RemoteError ? error.code : undefined;
      this.#patch({ connection: { status: 'unsupported', message: sentence(error), code } });
    }
  }

  #newRecord(kind: RunRecord['kind'], experiment: Experiment): Omit<RunRecord, 'kind'> {
    this.#started[kind] += 1;
    return {
      id: `${kind}-${this.#started[kind]}-${Date.now().toString(36)}`,
      number: this.#started[kind],
      experiment,
      datasetTitle: this.#state.dataset.info?.title ?? '',
      status: 'preparing',
      detail: undefined,
      asked: undefined,
      plan: undefined,
      metrics: new MetricBuffer(),
    };
  }

  /** Ends the run's record when its request fails. */
  async #follow(runId: string, done: Promise<void>): Promise<void> {
    try {
      await done;
    } catch (error) {
      const run = this.#run(runId);
      if (!run || isOver(run.status)) return;
      const status = error instanceof WorkerLostError ? 'interrupted' : 'failed';
      this.#patchRun(runId, { status, detail: sentence(error), asked: undefined });
    }
  }

  #ask(name: 'pause' | 'resume' | 'stop', runId: string): void {
    this.#patchRun(runId, { asked: name });
    this.#link.request(name, { runId }).then(
      () => this.#patchRun(runId, (run) => (run.asked === name ? { ...run, asked: undefined } : run)),
      (error: unknown) => this.#patchRun(runId, { asked: undefined, detail: sentence(error) }),
    );
  }

  #receive(event: WorkerEvent): void {
    switch (event.type) {
      case 'dataset-progress':
        this.data.progress(event);
        break;
      case 'benchmark-progress':
        this.measurement.progress(event);
        break;
      case 'device-lost':
        this.#link.close();
        this.#lose(event.message);
        break;
      case 'run-status':
        this.#patchRun(event.runId, { status: event.status, detail: event.detail, asked: undefined });
        break;
      case 'run-plan':
        this.#patchRun(event.runId, { plan: event.plan });
        break;
      case 'steps': {
        const run = this.#run(event.runId);
        if (!run) break;
        run.metrics.append(event.chunk);
        this.#announceMetrics();
        break;
      }
      case 'epoch':
        this.#patchTrainRun(event.runId, (run) => ({
          ...run,
          epochs: [...run.epochs.filter((row) => row.epoch < event.row.epoch), event.row],
          validating: undefined,
        }));
        break;
      case 'validating':
        this.#patchSoon(event.runId, (run) =>
          run.kind === 'train' ? { ...run, validating: { done: event.done, total: event.total } } : run,
        );
        break;
      case 'preparing': {
        const { stage, done, total } = event;
        this.#patchSoon(event.runId, (run) => ({ ...run, preparation: { stage, done, total } }));
        break;
      }
      case 'diverged':
        this.#patchTrainRun(event.runId, (run) => ({ ...run, divergence: event.divergence }));
        break;
      case 'finder-done':
        this.#patchRun(event.runId, (run) =>
          run.kind === 'finder' ? { ...run, result: event.result } : run,
        );
        break;
    }
  }

  #lose(message: string): void {
    this.#interruptRuns(message);
    this.data.lost();
    this.#patch({ connection: { status: 'failed', message } });
  }

  #interruptRuns(detail: string): void {
    for (const run of this.#state.runs) {
      if (!isOver(run.status)) this.#patchRun(run.id, { status: 'interrupted', detail, asked: undefined });
    }
  }

  #run(runId: string): RunRecord | undefined {
    return this.#state.runs.find((run) => run.id === runId);
  }

  /** Changes a run that is known; messages about others fall through here. */
  #patchRun(
    runId: string,
    change:
      | Partial<Pick<RunRecord, 'status' | 'detail' | 'asked' | 'plan'>>
      | ((run: RunRecord) => RunRecord),
  ): void {
    if (!this.#run(runId)) return;
    const apply =
      typeof change === 'function' ? change : (run: RunRecord): RunRecord => ({ ...run, ...change });
    this.#patch({ runs: this.#state.runs.map((run) => (run.id === runId ? apply(run) : run)) });
  }

  /** For frequent changes: listeners hear of them with the next redraw of the charts. */
  #patchSoon(runId: string, change: (run: RunRecord) => RunRecord): void {
    if (!this.#run(runId)) return;
    this.#state = {
      ...this.#state,
      runs: this.#state.runs.map((run) => (run.id === runId ? change(run) : run)),
    };
    this.#announceMetrics();
  }

  #patchTrainRun(runId: string, change: (run: TrainRecord) => TrainRecord): void {
    this.#patchRun(runId, (run) => (run.kind === 'train' ? change(run) : run));
  }

  /** Tells listeners of new steps at the end of the current interval. */
  #announceMetrics(): void {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    setTimeout(() => {
      this.#isAnnounced = false;
      this.#patch({ metricsVersion: this.#state.metricsVersion + 1 });
    }, METRIC_INTERVAL_MS);
  }

  #patch(change: Partial<ClientState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}
