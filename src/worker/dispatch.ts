import { augmentPreview } from '#data/augmentPreview.ts';
import type { DataLibrary } from '#data/dataLibrary.ts';
import { samplePage } from '#data/samples.ts';
import { datasetStatistics } from '#data/statistics.ts';
import type { BenchmarkOptions, BenchmarkReport } from '#domain/benchmark.ts';
import type { Dataset, DatasetSource } from '#domain/dataset.ts';
import type {
  KeptData,
  RequestMessage,
  RequestName,
  Requests,
  WorkerEvent,
  WorkerMessage,
} from '#protocol/messages.ts';
import { parseRequest, requestId } from '#protocol/parse.ts';
import { transferList } from '#protocol/transfer.ts';
import { toWireError } from '#protocol/wireError.ts';
import type { StartWeightsSource } from '#train/plan.ts';
import type { RunReporter } from '#train/reporter.ts';
import { BusyError, TrainingSession } from '#train/session.ts';
import type { Clock } from '#train/stopwatch.ts';
import type { TrainingDevice } from './trainingDevice.ts';

/** Progress of loading reaches the page at most this often. */
const PROGRESS_INTERVAL_MS = 100;

/** What the worker is made of; tests give it fakes. */
export interface DispatchParts {
  post(message: WorkerMessage, transfer: ArrayBuffer[]): void;
  startDevice(): Promise<TrainingDevice>;
  readonly library: Pick<
    DataLibrary,
    'load' | 'list' | 'remove' | 'usage' | 'downloadState' | 'discardDownload'
  >;
  readonly startWeights: StartWeightsSource;
  readonly clock: Clock;
}

/** A request that cannot be met in the worker's present state; `message` says what has to come first. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
}

interface Started {
  readonly device: TrainingDevice;
  readonly session: TrainingSession;
}

/** Translates the page's messages into calls of a training session, and what comes of them into messages. */
export class Dispatcher {
  readonly #parts: DispatchParts;
  #started: Promise<Started> | undefined;
  /** The device's first failure: no run may start after it. */
  #failure: Error | undefined;
  #dataset: Dataset | undefined;
  #loading: AbortController | undefined;
  #measuring: { readonly all: AbortController; readonly stock: AbortController } | undefined;
  #current: { readonly runId: string; readonly session: TrainingSession } | undefined;

  constructor(parts: DispatchParts) {
    this.#parts = parts;
  }

  /** Takes a message as it came. Every request is answered, also one that is refused; never rejects. */
  async receive(data: unknown): Promise<void> {
    const id = requestId(data);
    try {
      const request = parseRequest(data);
      const body = await this.#answer(request);
      this.#post({ type: 'response', id: request.id, ok: true, body });
    } catch (error) {
      if (id === undefined) console.error('A message that is no request reached the worker.', error);
      else this.#post({ type: 'response', id, ok: false, error: toWireError(error) });
    }
  }

  #answer(request: RequestMessage): Promise<Requests[RequestName]['response']> {
    switch (request.name) {
      case 'start':
        return this.#start().then(({ device }) => device.info);
      case 'loadDataset':
        return this.#loadDataset(request.body.source);
      case 'cancelLoading':
        this.#loading?.abort();
        return Promise.resolve({});
      case 'keptData':
        return this.#keptData();
      case 'removeData':
        return this.#parts.library.remove(request.body.hash).then(() => this.#keptData());
      case 'discardDownload':
        return this.#parts.library.discardDownload().then(() => this.#keptData());
      case 'datasetStatistics':
        return Promise.resolve().then(() => datasetStatistics(this.#loaded()));
      case 'sampleImages':
        return Promise.resolve().then(() => samplePage(this.#loaded(), request.body));
      case 'augmentedImages':
        return Promise.resolve().then(() => augmentPreview(this.#loaded(), request.body));
      case 'train':
        return this.#train(request.body);
      case 'findLearningRate':
        return this.#findLearningRate(request.body);
      case 'pause':
        return this.#control(request.body.runId, (session) => session.pause());
      case 'resume':
        return this.#control(request.body.runId, (session) => session.resume());
      case 'stop':
        return this.#control(request.body.runId, (session) => session.stop());
      case 'benchmark':
        return this.#benchmark(request.body);
      case 'skipBenchmark':
        this.#measuring?.[request.body.part].abort();
        return Promise.resolve({});
      case 'memory':
        return this.#start().then(({ session }) => session.memory());
      default:
        throw new RequestError(`There is no request ${JSON.stringify(request satisfies never)}.`);
    }
  }

  /** Starts the device once; a device that could not be had is tried again at the next request. */
  #start(): Promise<Started> {
    this.#started ??= this.#parts.startDevice().then(
      (device) => {
        const { startWeights, clock } = this.#parts;
        device.onFailure((error) => this.#deviceFailed(error));
        return {
          device,
          session: new TrainingSession({ createEngine: device.createEngine, startWeights, clock }),
        };
      },
      (error: unknown) => {
        this.#started = undefined;
        throw error;
      },
    );
    return this.#started;
  }

  async #loadDataset(source: DatasetSource): Promise<Requests['loadDataset']['response']> {
    if (this.#current)
      throw new RequestError('A run is going on; wait for its end or stop it to change the data.');
    if (this.#loading) throw new RequestError('Data are being loaded already; wait for the end of that.');
    const loading = new AbortController();
    this.#loading = loading;
    let lastReport = Number.NEGATIVE_INFINITY;
    try {
      this.#dataset = await this.#parts.library.load(source, {
        signal: loading.signal,
        onProgress: (progress) => {
          const now = this.#parts.clock();
          if (now - lastReport < PROGRESS_INTERVAL_MS && progress.done < progress.total) return;
          lastReport = now;
          this.#emit({ type: 'dataset-progress', ...progress });
        },
      });
      return this.#dataset.info;
    } finally {
      this.#loading = undefined;
    }
  }

  async #keptData(): Promise<KeptData> {
    const { library } = this.#parts;
    const [datasets, usage, download] = await Promise.all([
      library.list(),
      library.usage(),
      library.downloadState(),
    ]);
    return { datasets, usage, download };
  }

  #train({ runId, experiment }: Requests['train']['request']): Promise<Requests['train']['response']> {
    return this.#run(runId, async (session, dataset, reporter) => ({
      status: await session.train(experiment, dataset, reporter),
    }));
  }

  #findLearningRate({
    runId,
    experiment,
    settings,
  }: Requests['findLearningRate']['request']): Promise<Requests['findLearningRate']['response']> {
    return this.#run(runId, async (session, dataset, reporter) => {
      const result = await session.findLearningRate(experiment, settings, dataset, reporter);
      this.#emit({ type: 'finder-done', runId, result });
      return result;
    });
  }

  /** One run at a time: the page queues. */
  async #run<Result>(
    runId: string,
    run: (session: TrainingSession, dataset: Dataset, reporter: RunReporter) => Promise<Result>,
  ): Promise<Result> {
    const { session } = await this.#start();
    const dataset = this.#loaded();
    if (this.#loading) throw new RequestError('Data are being loaded; start the run after that.');
    if (this.#current) throw new BusyError();
    if (this.#measuring) {
      throw new RequestError('The GPU is being measured; wait for the end of that or cancel it.');
    }
    this.#refuseFailedDevice();
    this.#current = { runId, session };
    try {
      return await run(session, dataset, this.#reporter(runId));
    } finally {
      this.#current = undefined;
      this.#announceFailure();
    }
  }

  /** Alone on the GPU, or it would measure the run, and slow it down. */
  async #benchmark(options: BenchmarkOptions): Promise<BenchmarkReport> {
    const { device } = await this.#start();
    if (!device.measure) throw new RequestError('Only WebGPU is measured, and this page trains on WebGL.');
    if (this.#current) {
      throw new RequestError('A run is going on; wait for its end or stop it to measure the GPU.');
    }
    if (this.#measuring) throw new RequestError('The GPU is being measured already.');
    this.#refuseFailedDevice();
    const measuring = { all: new AbortController(), stock: new AbortController() };
    this.#measuring = measuring;
    try {
      return await device.measure(options, {
        onProgress: (progress) => this.#emit({ type: 'benchmark-progress', ...progress }),
        signal: measuring.all.signal,
        skipStock: measuring.stock.signal,
      });
    } finally {
      this.#measuring = undefined;
    }
  }

  #refuseFailedDevice(): void {
    if (!this.#failure) return;
    throw new RequestError(`${this.#failure.message} Restart the training worker to go on.`, {
      cause: this.#failure,
    });
  }

  /** A run that is over, or waits in the page's queue, has nothing to control here: that is no error. */
  async #control(runId: string, act: (session: TrainingSession) => void): Promise<Record<never, never>> {
    if (this.#current?.runId === runId) act(this.#current.session);
    return {};
  }

  #deviceFailed(error: Error): void {
    this.#failure ??= error;
    this.#announceFailure();
  }

  /** Tells the page that the device is gone, once the run on it has reported its own end. */
  #announceFailure(): void {
    if (this.#failure && !this.#current) this.#emit({ type: 'device-lost', message: this.#failure.message });
  }

  #loaded(): Dataset {
    if (!this.#dataset) throw new RequestError('No data set is loaded yet.');
    return this.#dataset;
  }

  #reporter(runId: string): RunReporter {
    return {
      status: (status, detail) =>
        this.#emit({ type: 'run-status', runId, status, ...(detail === undefined ? {} : { detail }) }),
      plan: (plan) => this.#emit({ type: 'run-plan', runId, plan }),
      preparing: (preparation) => this.#emit({ type: 'preparing', runId, ...preparation }),
      steps: (chunk) => this.#emit({ type: 'steps', runId, chunk }),
      validating: (done, total) => this.#emit({ type: 'validating', runId, done, total }),
      epoch: (row) => this.#emit({ type: 'epoch', runId, row }),
      diverged: (divergence) => this.#emit({ type: 'diverged', runId, divergence }),
    };
  }

  #emit(event: WorkerEvent): void {
    this.#post({ type: 'event', event });
  }

  #post(message: WorkerMessage): void {
    this.#parts.post(message, transferList(message));
  }
}
