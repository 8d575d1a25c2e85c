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
import { TrainingSession } from '#train/session.ts';
import type { Clock } from '#train/stopwatch.ts';
import { KeptRuns } from './kept.ts';
import type { KeptStore } from './keptStore.ts';
import { RequestError } from './requestError.ts';
import type { RunLocks } from './runLocks.ts';
import { Runs } from './runs.ts';
import type { RunGround } from './runs.ts';
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
  /** Opens the store of runs, once; undefined where the browser keeps no files. */
  openStore(): Promise<KeptStore | undefined>;
  readonly locks: RunLocks;
  readonly startWeights: StartWeightsSource;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly now: () => number;
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
  readonly #runs: Runs;
  readonly #kept: KeptRuns;
  #store: Promise<KeptStore | undefined> | undefined;

  constructor(parts: DispatchParts) {
    this.#parts = parts;
    const { locks, now, startWeights } = parts;
    const store = (): Promise<KeptStore | undefined> => (this.#store ??= parts.openStore());
    this.#runs = new Runs({
      emit: (event) => this.#emit(event),
      ground: () => this.#ground(),
      store,
      locks,
      now,
      ended: () => this.#announceFailure(),
    });
    this.#kept = new KeptRuns({
      store,
      locks,
      startWeights,
      runs: this.#runs,
      dataset: () => this.#dataset,
      now,
    });
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
        return this.#runs.train(request.body);
      case 'race':
        return this.#runs.race(request.body);
      case 'resumeKept':
        return this.#runs.resumeKept(request.body);
      case 'resumeRace':
        return this.#runs.resumeRace(request.body);
      case 'findLearningRate':
        return this.#runs.find(request.body);
      case 'pause':
        return this.#control(request.body, (session) => session.pause());
      case 'resume':
        return this.#control(request.body, (session) => session.resume());
      case 'step':
        return this.#control(request.body, (session) => session.step());
      case 'pageHidden':
        return Promise.resolve(this.#runs.pageHidden(request.body.isHidden));
      case 'stop':
        return this.#control(request.body, (session, index) => session.stop(index));
      case 'saveState':
        return this.#control(request.body, (session, index) => session.saveState(index));
      case 'keptRuns':
        return this.#kept.list();
      case 'keptSteps':
        return this.#kept.steps(request.body);
      case 'describeRun':
        return this.#kept.describe(request.body);
      case 'removeRun':
        return this.#kept.remove(request.body);
      case 'importRuns':
        return this.#kept.import(request.body);
      case 'weights':
        return this.#kept.weights(request.body);
      case 'keptStorage':
        return this.#kept.storage();
      case 'pytorchBundle':
        return this.#kept.pytorchBundle(request.body);
      case 'checkpointSteps':
        return this.#kept.checkpointSteps(request.body);
      case 'checkpoint':
        return this.#kept.checkpoint(request.body);
      case 'importCheckpoint':
        return this.#kept.importCheckpoint(request.body);
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
    if (this.#runs.isGoing)
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

  async #ground(): Promise<RunGround> {
    const { device, session } = await this.#start();
    const dataset = this.#loaded();
    if (this.#loading) throw new RequestError('Data are being loaded; start the run after that.');
    if (this.#measuring) {
      throw new RequestError('The GPU is being measured; wait for the end of that or cancel it.');
    }
    this.#refuseFailedDevice();
    return { device, session, dataset };
  }

  /** Alone on the GPU, or it would measure the run, and slow it down. */
  async #benchmark(options: BenchmarkOptions): Promise<BenchmarkReport> {
    const { device } = await this.#start();
    if (!device.measure) throw new RequestError('Only WebGPU is measured, and this page trains on WebGL.');
    if (this.#runs.isGoing) {
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

  async #control(
    { runId }: { readonly runId: string },
    act: (session: TrainingSession, index: number) => void,
  ): Promise<Record<never, never>> {
    return this.#runs.control(runId, act);
  }

  #deviceFailed(error: Error): void {
    this.#failure ??= error;
    this.#announceFailure();
  }

  /** Tells the page that the device is gone, once the run on it has reported its own end. */
  #announceFailure(): void {
    if (this.#failure && !this.#runs.isGoing)
      this.#emit({ type: 'device-lost', message: this.#failure.message });
  }

  #loaded(): Dataset {
    if (!this.#dataset) throw new RequestError('No data set is loaded yet.');
    return this.#dataset;
  }

  #emit(event: WorkerEvent): void {
    this.#post({ type: 'event', event });
  }

  #post(message: WorkerMessage): void {
    this.#parts.post(message, transferList(message));
  }
}
