import type { LoadOptions } from '#data/progress.ts';
import type { Dataset, DatasetInfo, DatasetSource } from '#domain/dataset.ts';
import type { Experiment } from '#domain/experiment.ts';
import type { RunStart } from '#domain/keptRun.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import type { RequestName, Requests, WireError, WorkerEvent, WorkerMessage } from '#protocol/messages.ts';
import { parseResponse, parseWorkerMessage } from '#protocol/parse.ts';
import { Dispatcher } from '#worker/dispatch.ts';
import type { KeptStore } from '#worker/keptStore.ts';
import { WebRunLocks } from '#worker/runLocks.ts';
import type { RunLocks } from '#worker/runLocks.ts';
import type { TrainingDevice } from '#worker/trainingDevice.ts';
import { FakeClock, fakeDataset, FakeEngine, FakeQueue, fakeStartWeights } from './fakeEngine.ts';
import type { FakeEngineOptions } from './fakeEngine.ts';

/** Twelve steps on `fakeDataset(100, 40)`, six for each epoch. */
export const experiment: Experiment = {
  ...defaultExperiment(),
  batchSize: 16,
  epochs: 2,
  maxLearningRate: 0.1,
};

export function start(runId: string, changes: Partial<Experiment> = {}): RunStart {
  return { runId, number: 1, experiment: { ...experiment, ...changes }, origin: undefined };
}

/** The body of a request that trains a new run. */
export function training(runId: string, changes: Partial<Experiment> = {}): Requests['train']['request'] {
  return { start: start(runId, changes), forkOf: undefined };
}

export interface PageOptions {
  readonly engine?: FakeEngineOptions;
  /** Absent: nothing is kept. */
  readonly store?: KeptStore;
  readonly locks?: RunLocks;
  /** Title of the device. */
  readonly device?: string;
}

/** A page: posts requests as they would cross the wire, and reads what comes back as the real one does. */
export class Page {
  readonly events: WorkerEvent[] = [];
  readonly clock = new FakeClock();
  startCount = 0;
  startDevice: () => Promise<TrainingDevice> = async () => this.#device();
  load: (source: DatasetSource, options: LoadOptions) => Promise<Dataset> = async () => fakeDataset(100, 40);
  measure: TrainingDevice['measure'];
  kept: DatasetInfo[] = [];
  downloaded = 0;
  onEvent: (event: WorkerEvent) => void = () => undefined;
  readonly options: PageOptions;
  readonly #answers = new Map<number, (message: Extract<WorkerMessage, { type: 'response' }>) => void>();
  readonly #dispatcher: Dispatcher;
  #failure: (error: Error) => void = () => undefined;
  readonly #queue = new FakeQueue();
  #nextId = 0;

  constructor(options: PageOptions = {}) {
    this.options = options;
    this.#dispatcher = new Dispatcher({
      post: (message, transfer) => this.#receive(structuredClone(message, { transfer })),
      startDevice: () => {
        this.startCount += 1;
        return this.startDevice();
      },
      library: {
        load: (source, options) => this.load(source, options ?? {}),
        list: async () => this.kept.map((info) => ({ info, savedAt: 1, byteLength: 10 })),
        remove: async (hash) => {
          this.kept = this.kept.filter((info) => info.hash !== hash);
        },
        usage: async () => ({
          datasetBytes: 10,
          usage: undefined,
          quota: undefined,
          isPersistent: undefined,
        }),
        downloadState: async () => ({ done: this.downloaded, total: 100 }),
        discardDownload: async () => {
          this.downloaded = 0;
        },
      },
      openStore: () => Promise.resolve(this.options.store),
      locks: this.options.locks ?? new WebRunLocks(undefined),
      now: () => 1e12 + this.clock.read(),
      startWeights: (_network, _norm, seed) => fakeStartWeights(seed),
      clock: this.clock.read,
    });
  }

  async request<Name extends RequestName>(
    name: Name,
    body: Requests[Name]['request'],
  ): Promise<Requests[Name]['response']> {
    const message = await this.post({ type: 'request', id: this.#nextId++, name, body });
    if (message.ok) return parseResponse(name, message.body);
    throw Object.assign(new Error(message.error.sentence), { wire: message.error });
  }

  /** Posts anything with an id and waits for the answer to it. */
  async post(
    data: { readonly id: number } & Record<string, unknown>,
  ): Promise<Extract<WorkerMessage, { type: 'response' }>> {
    return new Promise((resolve) => {
      this.#answers.set(data.id, resolve);
      void this.#dispatcher.receive(structuredClone(data));
    });
  }

  async ready(): Promise<this> {
    await this.request('start', {});
    await this.request('loadDataset', { source: { kind: 'built-in' } });
    return this;
  }

  failDevice(error: Error): void {
    this.#failure(error);
  }

  statuses(): string[] {
    return this.events.flatMap((event) => (event.type === 'run-status' ? [event.status] : [event.type]));
  }

  #receive(data: unknown): void {
    const message = parseWorkerMessage(data);
    if (message.type === 'event') {
      this.events.push(message.event);
      this.onEvent(message.event);
    } else {
      this.#answers.get(message.id)!(message);
    }
  }

  #device(): TrainingDevice {
    return {
      info: {
        backend: 'webgpu',
        title: this.options.device ?? 'Fake',
        vendor: '',
        architecture: '',
        isFallback: false,
        features: [],
        maxBufferBytes: 1,
      },
      createEngine: async (config, onPreparing) => {
        onPreparing?.({ stage: 'compiling kernels', done: 1, total: 1 });
        return new FakeEngine(config, { clock: this.clock, queue: this.#queue, ...this.options.engine });
      },
      ...(this.measure ? { measure: this.measure } : {}),
      onFailure: (listener) => {
        this.#failure = listener;
      },
    };
  }
}

/** The error that a request fails with, as it crosses the wire. */
export const wireOf = async (request: Promise<unknown>): Promise<WireError> => {
  const error = await request.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return (error as { wire: WireError }).wire;
};
