import type { Augmentation, Norm, OptimizerName, WsGain } from '#domain/experiment.ts';
import type { NetworkSpec } from '#domain/resnet.ts';
import type { Dataset } from '#domain/dataset.ts';
import type { LayerHistory } from '#domain/layerHistory.ts';

/** What an engine is built for. Another batch size or network needs another engine. */
export interface EngineConfig {
  readonly network: NetworkSpec;
  readonly norm: Norm;
  readonly ws: boolean;
  /** With `ws`; absent: 'unit'. */
  readonly wsGain?: WsGain;
  readonly batchSize: number;
  readonly optimizer: OptimizerName;
  readonly weightDecay: number;
  /** Largest L2 norm of all gradients together that a step uses as it is; absent: any. */
  readonly gradientClip?: number;
  readonly augmentation: Augmentation;
  /** Keys the augmentation's generator. */
  readonly seed: number;
  readonly dataset: Dataset;
  /** Steps between two measurements of all layers; absent: none are recorded. */
  readonly layerSampleEvery?: number;
}

/** Per-step values of the optimizer, one entry per step of the whole run. */
export interface ScheduleTable {
  readonly learningRate: Float64Array;
  /** SGD's momentum, or AdamW's first beta. */
  readonly momentum: Float64Array;
}

/** Results of consecutive training steps. */
export interface StepResults {
  /** 0-based step of `losses[0]`. */
  readonly firstStep: number;
  /** Mean cross-entropy of each batch, before its update. */
  readonly losses: Float32Array;
  /** Images of each batch whose largest logit was the label's. */
  readonly correct: Uint32Array;
  /**
   * L2 norm of the gradient of all convolution filters together, before clipping, of each step; NaN where the layers
   * were not measured. Absent without `layerSampleEvery`.
   */
  readonly gradientNorms?: Float32Array;
}

export interface Evaluation {
  /** Mean cross-entropy over images, nats. */
  readonly loss: number;
  /** Share of images classified right, 0 … 1. */
  readonly accuracy: number;
  readonly count: number;
  /** Cross-entropy of each image; absent where the engine sums on the device. */
  readonly losses?: Float32Array;
}

/** Tensors by torchvision's names, in this app's layouts (see `TensorSpec.shape`). */
export type NamedTensors = ReadonlyMap<string, Float32Array>;

/** Everything that the next step depends on, apart from configuration, schedule and order. */
export interface EngineState {
  /** Steps done. */
  readonly step: number;
  readonly parameters: NamedTensors;
  /** Running statistics. */
  readonly buffers: NamedTensors;
  /** AdamW: first and second moment; SGD: velocity. Keyed like `parameters`, in that order. */
  readonly moments: readonly NamedTensors[];
}

export interface EngineMemory {
  readonly gpuBytes: number;
  /** tfjs tensors, or GPU buffers of an engine without tensors. */
  readonly objects: number;
}

/**
 * Trains one network on one device. Knows nothing of epochs, messages or the DOM.
 *
 * One call at a time changes state (`initialize`, `setSchedule`, `setOrder`, `restore`); several `advance`
 * promises may be pending, and resolve in order. After a device error every pending and later call
 * rejects with `DeviceLostError` or `GpuError`, and no result that was computed after the error resolves.
 */
export interface TrainingEngine {
  /** Sets weights, clears optimizer state and running statistics (mean 0, variance 1), step to 0. */
  initialize(weights: NamedTensors): Promise<void>;
  /** The schedule of the whole run. */
  setSchedule(schedule: ScheduleTable): void;
  /**
   * Training-image indices for the steps from `firstStep` on, `batchSize` for each. Takes effect in queue
   * order: steps already issued keep the order they were issued with.
   */
  setOrder(order: Uint32Array, firstStep: number): void;
  /** Issues the next `count` steps and resolves when their losses were read back. */
  advance(count: number): Promise<StepResults>;
  /**
   * Gives up everything that is pending and not on the device yet, so that little is left to wait for. A step
   * that has begun is taken back, and the state is the one after the last whole step, as if no other had been
   * issued. A pending `advance` resolves with the steps that were done, fewer than asked for, or, where there
   * are none, rejects with an AbortError; so do the calls made after it, and an order set after it is dropped.
   */
  cancel?(): void;
  /**
   * Mean loss and accuracy in evaluation mode (running statistics, no augmentation) over the first `count`
   * images of a half. Leaves all state untouched, bit for bit.
   */
  evaluate(half: 'train' | 'valid', count: number, signal?: AbortSignal): Promise<Evaluation>;
  /** A copy of the state in CPU memory, of exactly the steps issued before the call. */
  snapshot(): Promise<EngineState>;
  restore(state: EngineState): Promise<void>;
  /**
   * The last measurements of all layers, up to 200, of steps issued since `initialize` or `restore`; none without
   * `layerSampleEvery`. Cheap, and works after divergence. Only the recorded engine takes any.
   */
  layerHistory?(): Promise<LayerHistory>;
  memory(): EngineMemory;
  /**
   * Short hash of the tiles and tunings that it computes with, other ones of which would leave other bits; absent where
   * it has no choice of them.
   */
  readonly tilesHash?: string;
  /** How many steps one `advance` should ask for, so that a submission stays near 50 ms. */
  readonly stepsPerAdvance: number;
  /**
   * What a step takes the device, without the wait for its results; undefined before it is known, absent where it
   * cannot be told apart.
   */
  readonly millisecondsPerStep?: number | undefined;
  /** Frees what the engine allocated. Pending promises reject. */
  dispose(): void;
}
