import type { BenchmarkOptions, BenchmarkProgress, BenchmarkReport } from '#domain/benchmark.ts';
import type {
  DatasetInfo,
  DatasetSource,
  HalfStatistics,
  StorageUsage,
  StoredDataset,
} from '#domain/dataset.ts';
import type { KeptRun, RunNotes, RunStart } from '#domain/keptRun.ts';
import type { LayerHistory } from '#domain/layerHistory.ts';
import type {
  Divergence,
  EpochRow,
  FinderResult,
  FinderSettings,
  ForkOrigin,
  HiddenSpan,
  PairedValidation,
  Preparation,
  ProbeRow,
  RunPlan,
  RunStatus,
  StepChunk,
} from '#domain/run.ts';
import type { RunEnder } from '#domain/runOptions.ts';

/** The device that a worker computes on. */
export interface DeviceInfo {
  readonly backend: 'webgpu' | 'webgl';
  /** As the user knows it, such as 'NVIDIA GeForce RTX 4070'; best effort. */
  readonly title: string;
  readonly vendor: string;
  readonly architecture: string;
  /** A software adapter (SwiftShader, llvmpipe): correct, but very slow. */
  readonly isFallback: boolean;
  readonly features: readonly string[];
  /** Largest single buffer, bytes. */
  readonly maxBufferBytes: number;
  /** Why WebGPU is not used, in a sentence, when `backend` is 'webgl'. */
  readonly reason?: string;
}

/** Why nothing can train here. */
export interface Unsupported {
  readonly code: 'no-webgpu-no-webgl' | 'no-adapter' | 'device-refused';
  readonly message: string;
}

export type { DatasetSource } from '#domain/dataset.ts';

/** One page of images for the sample grid. */
export interface SampleImages {
  readonly width: number;
  readonly height: number;
  /** `[count, H, W, 4]` RGBA. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  readonly labels: readonly number[];
}

/** The data sets that this browser keeps, and the room they take. */
export interface KeptData {
  readonly datasets: readonly StoredDataset[];
  readonly usage: StorageUsage;
  /** Bytes that unfinished downloads of CIFAR-10 have left, and bytes of a whole one. */
  readonly download: { readonly done: number; readonly total: number };
}

/** Runs as the browser's storage sees them. */
export interface KeptStorage {
  /** Bytes of all runs. */
  readonly runBytes: number;
  /** Bytes that this site uses and may use; undefined where the browser does not say. */
  readonly usage: number | undefined;
  readonly quota: number | undefined;
  /** Whether the browser keeps them when it needs room; undefined where it does not say. */
  readonly isPersistent: boolean | undefined;
  /** Runs that are damaged, or of a newer NormLab: left as they are. */
  readonly problems: readonly { readonly runId: string; readonly sentence: string }[];
}

/** Start weights of a run from outside. */
interface FromOutside {
  /** Safetensors under torchvision's names; absent: the weights follow from the seed. */
  readonly initialWeights?: Uint8Array<ArrayBuffer>;
  /** Name of their file, for people. */
  readonly initialWeightsName?: string;
}

interface Limited {
  /** The run stops, with a checkpoint, when it has done so many steps; its schedule stays that of the whole run. */
  readonly stopAfter?: number;
}

/** Requests of the page and what each resolves to. A request that fails rejects with a `RemoteError`. */
export interface Requests {
  /** Sets up the GPU; the first request. */
  start: { request: Record<never, never>; response: DeviceInfo };
  loadDataset: { request: { source: DatasetSource }; response: DatasetInfo };
  /** The `loadDataset` that is going on rejects with an `AbortError`; nothing happens when there is none. */
  cancelLoading: { request: Record<never, never>; response: Record<never, never> };
  keptData: { request: Record<never, never>; response: KeptData };
  /** Removes what is kept under this content hash; the data set in use stays in use. */
  removeData: { request: { hash: string }; response: KeptData };
  /** Removes what unfinished downloads have left. */
  discardDownload: { request: Record<never, never>; response: KeptData };
  datasetStatistics: {
    request: Record<never, never>;
    response: { train: HalfStatistics; valid: HalfStatistics };
  };
  sampleImages: {
    request: { half: 'train' | 'valid'; offset: number; count: number; label: number | undefined };
    response: SampleImages;
  };
  /** Training images, each followed by `variants` copies as pad-4 crop and flip would show it. */
  augmentedImages: {
    request: { seed: number; offset: number; count: number; variants: number };
    response: SampleImages;
  };
  /** Resolves when the run is over, whatever its end; events tell the story meanwhile. */
  train: {
    request: {
      start: RunStart;
      /**
       * Continues another run's newest state of at most `step` steps, before it diverged; the event 'continues' tells
       * the step. Refused where no such state is left, and on other data than that run's.
       */
      forkOf: ForkOrigin | undefined;
    } & FromOutside &
      Limited;
    response: { status: RunStatus };
  };
  /**
   * Continues an interrupted or stopped run from its checkpoint, or from its start without one; what was recorded
   * after that is dropped. Fails with code 'elsewhere' when another tab trains it, unless `takeOver` ends it there.
   */
  resumeKept: {
    request: { runId: string; takeOver?: boolean } & FromOutside & Limited;
    response: { status: RunStatus };
  };
  /**
   * Trains two to six runs step by step in turn. They must share batch size, epochs, seed, width, stem padding,
   * augmentation and limits; refused with a `SetupError` otherwise. `pause` and `resume` of any of them act on
   * all, `stop` ends the one.
   */
  race: { request: { starts: readonly RunStart[] }; response: { statuses: readonly RunStatus[] } };
  /**
   * Continues interrupted runs of a race together, from the newest step that each has a checkpoint of, or from their
   * start. Fails with code 'no-common-state' where that would give up the checkpoints that there are.
   */
  resumeRace: { request: { runIds: readonly string[] }; response: { statuses: readonly RunStatus[] } };
  findLearningRate: {
    request: { start: RunStart; settings: FinderSettings } & FromOutside;
    response: FinderResult;
  };
  /** Every run that this browser keeps, oldest first. */
  keptRuns: { request: Record<never, never>; response: { runs: readonly KeptRun[] } };
  /** Room that runs take, and runs that are there but cannot be read. */
  keptStorage: { request: Record<never, never>; response: KeptStorage };
  /** All recorded steps of a kept run, from step 0. */
  keptSteps: { request: { runId: string }; response: StepChunk };
  /** Writes what people say about a run. */
  describeRun: { request: { runId: string; notes: RunNotes }; response: Record<never, never> };
  /** Removes a run with its steps and checkpoints for good; nothing happens when there is none. */
  removeRun: { request: { runId: string }; response: Record<never, never> };
  /** Keeps runs that came from a file; those with an id that is kept already are left out. */
  importRuns: {
    request: { runs: readonly { run: KeptRun; steps: StepChunk }[] };
    response: { added: readonly string[]; skipped: readonly string[] };
  };
  /**
   * Weights of a run as safetensors: 'initial' follow from its settings, 'last' are those of its newest
   * checkpoint. @see `#export/safetensors.ts`
   */
  weights: {
    request: { runId: string; which: 'initial' | 'last' };
    response: { bytes: Uint8Array<ArrayBuffer> };
  };
  /**
   * A .zip that continues a training run in PyTorch, from its initial weights or from its newest ones. The data
   * set that it ran on must be loaded. Initial weights can be handed over, where the worker has only what a file told
   * of the run. @see `#export/pytorch/bundle.ts`
   */
  pytorchBundle: {
    request: { runId: string; which: 'initial' | 'last' } & Pick<FromOutside, 'initialWeights'>;
    response: { bytes: Uint8Array<ArrayBuffer> };
  };
  /** Steps done at each kept state of a run, newest last. */
  checkpointSteps: { request: { runId: string }; response: { steps: readonly number[] } };
  /** The newest checkpoint of a run as a file; undefined without one. */
  checkpoint: { request: { runId: string }; response: { bytes: Uint8Array<ArrayBuffer> | undefined } };
  /** Keeps such a file as the newest checkpoint of its run, which must be kept: of `runId`, where that is there. */
  importCheckpoint: {
    request: { runId?: string; bytes: Uint8Array<ArrayBuffer> };
    response: { runId: string; step: number };
  };
  pause: { request: { runId: string }; response: Record<never, never> };
  resume: { request: { runId: string }; response: Record<never, never> };
  /** Takes one step of a paused run, and of all others of its race; they stay paused. */
  step: { request: { runId: string }; response: Record<never, never> };
  stop: { request: { runId: string }; response: Record<never, never> };
  /** The page was hidden or shown, which runs note: some browsers slow down what is hidden. */
  pageHidden: { request: { isHidden: boolean }; response: Record<never, never> };
  /** Keeps the state of a run soon, since the page may be frozen or closed; nothing happens when it is over. */
  saveState: { request: { runId: string }; response: Record<never, never> };
  /** Times training steps; refused while a run is going, and no run starts meanwhile. */
  benchmark: { request: BenchmarkOptions; response: BenchmarkReport };
  /**
   * 'stock': the measurement that is going on leaves out what it has not measured yet of stock tfjs; 'all': it
   * rejects with an `AbortError`. Both take effect before its next step. Nothing happens when there is none.
   */
  skipBenchmark: { request: { part: 'stock' | 'all' }; response: Record<never, never> };
  /** Tensors and GPU bytes, for the leak tests and the diagnostics panel. */
  memory: { request: Record<never, never>; response: { gpuBytes: number; objects: number } };
}

export type RequestName = keyof Requests;

/** Page to worker. */
export type RequestMessage = {
  [Name in RequestName]: { type: 'request'; id: number; name: Name; body: Requests[Name]['request'] };
}[RequestName];

/** An error as it crosses the wire; `sentence` is for people, `detail` for the console. */
export interface WireError {
  /** Class of the error in the worker, such as 'SetupError'. */
  readonly name: string;
  readonly sentence: string;
  readonly detail?: string;
  /** Which of several causes, where a caller branches: `Unsupported['code']` of a failed `start`. */
  readonly code?: string;
}

export type WorkerEvent =
  | {
      readonly type: 'dataset-progress';
      readonly stage: string;
      readonly done: number;
      readonly total: number;
      /** While data come over the network. */
      readonly bytesPerSecond?: number;
      readonly remainingMs?: number;
    }
  | {
      readonly type: 'run-status';
      readonly runId: string;
      readonly status: RunStatus;
      readonly detail?: string;
      readonly endedBy?: RunEnder;
    }
  | { readonly type: 'run-plan'; readonly runId: string; readonly plan: RunPlan }
  /** While the run's status is 'preparing', and only where there is something to wait for. */
  | ({ readonly type: 'preparing'; readonly runId: string } & Preparation)
  | { readonly type: 'steps'; readonly runId: string; readonly chunk: StepChunk }
  | { readonly type: 'epoch'; readonly runId: string; readonly row: EpochRow }
  | { readonly type: 'probe'; readonly runId: string; readonly row: ProbeRow }
  /** When the page is seen again, and at the end of a run. */
  | { readonly type: 'hidden'; readonly runId: string; readonly span: HiddenSpan }
  | { readonly type: 'validating'; readonly runId: string; readonly done: number; readonly total: number }
  | { readonly type: 'diverged'; readonly runId: string; readonly divergence: Divergence }
  /** After 'diverged', and at the end of every run that was recorded. */
  | { readonly type: 'layers'; readonly runId: string; readonly history: LayerHistory }
  | ({ readonly type: 'paired-validation' } & PairedValidation)
  /** A run goes on from a kept state, or forks one: what it recorded from `step` on is dropped. */
  | { readonly type: 'continues'; readonly runId: string; readonly step: number }
  | { readonly type: 'checkpoint'; readonly runId: string; readonly step: number }
  /** A run goes on, but what it records is no longer kept; the sentence says why. */
  | { readonly type: 'not-kept'; readonly runId: string; readonly message: string }
  | { readonly type: 'finder-done'; readonly runId: string; readonly result: FinderResult }
  | ({ readonly type: 'benchmark-progress' } & BenchmarkProgress)
  | { readonly type: 'device-lost'; readonly message: string };

/** Worker to page. */
export type WorkerMessage =
  | { readonly type: 'response'; readonly id: number; readonly ok: true; readonly body: unknown }
  | { readonly type: 'response'; readonly id: number; readonly ok: false; readonly error: WireError }
  | { readonly type: 'event'; readonly event: WorkerEvent };
