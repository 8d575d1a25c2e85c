import type { TensorBackend } from '#gpu/tensorBackend.ts';
import * as tf from '#gpu/tf.ts';
import type { Tensor, Tensor1D } from '#gpu/tf.ts';
import { blendStatistics } from '#nn/normalization.ts';
import type {
  EngineConfig,
  EngineMemory,
  EngineState,
  Evaluation,
  NamedTensors,
  ScheduleTable,
  StepResults,
  TrainingEngine,
} from '../engine.ts';
import { packTensors, unpackTensors } from '../replay/packing.ts';
import { BatchAssembler } from './batches.ts';
import {
  correctCount,
  evaluationLogits,
  packedNetwork,
  score,
  trainingPass,
  unbiasFactors,
  type PackedNetwork,
} from './network.ts';
import { clipGradient, MOMENT_COUNT, update } from './optimizer.ts';
import { OrderQueue } from './orderQueue.ts';

/** Evaluation results are read back after this many batches, so that the queue stays short. */
const BATCHES_PER_READ = 8;
/** Time that one `advance` should take, milliseconds. */
const TARGET_MS = 50;
const MAX_STEPS_PER_ADVANCE = 16;

/**
 * An engine over tfjs operations, with NormLab's convolution kernels on WebGPU and stock kernels elsewhere:
 * the fallback of machines without WebGPU and the reference of the recorded engine.
 *
 * @param backend is the active backend and stays the caller's.
 */
export async function createTfjsEngine(
  config: EngineConfig,
  backend: TensorBackend,
): Promise<TrainingEngine> {
  backend.check();
  return new TfjsEngine(config, backend);
}

/** What changes from step to step; all packed vectors. */
interface State {
  readonly parameters: Tensor1D;
  /** Running statistics; BN alone. */
  readonly statistics: Tensor1D | undefined;
  readonly moments: readonly Tensor1D[];
}

class TfjsEngine implements TrainingEngine {
  readonly #config: EngineConfig;
  readonly #backend: TensorBackend;
  readonly #network: PackedNetwork;
  readonly #batches: BatchAssembler;
  /** Images per batch in evaluation; a short set makes one batch. */
  readonly #evaluationBatch: number;
  readonly #unbias: Tensor1D | undefined;
  readonly #order: OrderQueue;
  readonly #unsubscribe: () => void;
  /** Rejects when the device fails or the engine is disposed; never resolves. */
  readonly #ended: Promise<never>;
  #end: (error: Error) => void = () => undefined;
  #endError: Error | undefined;
  #isDisposed = false;
  #state: State | undefined;
  #schedule: ScheduleTable | undefined;
  /** Steps issued since the weights were set. */
  #issued = 0;
  #stepMs: number | undefined;

  constructor(config: EngineConfig, backend: TensorBackend) {
    this.#config = config;
    this.#backend = backend;
    this.#network = packedNetwork(config);
    this.#batches = new BatchAssembler(config.dataset, config.network.classes);
    this.#evaluationBatch = Math.min(256, Math.max(32, config.batchSize));
    this.#order = new OrderQueue(config.batchSize, config.dataset.train.count);
    const factors = unbiasFactors(this.#network, config.batchSize);
    this.#unbias = factors.length > 0 ? tf.keep(tf.tensor1d(factors)) : undefined;
    this.#ended = new Promise((_, reject) => {
      this.#end = (error) => {
        this.#endError ??= error;
        reject(error);
      };
    });
    // Whoever waits gets it; nobody waiting is no unhandled rejection.
    this.#ended.catch(() => undefined);
    this.#unsubscribe = backend.onFailure((error) => this.#end(error));
  }

  get stepsPerAdvance(): number {
    if (this.#stepMs === undefined) return 1;
    return Math.max(1, Math.min(MAX_STEPS_PER_ADVANCE, Math.round(TARGET_MS / this.#stepMs)));
  }

  async initialize(weights: NamedTensors): Promise<void> {
    const { parameters, statistics } = this.#network;
    const zeros = new Map(parameters.tensors.map(({ name, size }) => [name, new Float32Array(size)]));
    await this.restore({
      step: 0,
      parameters: weights,
      buffers: new Map(
        statistics.tensors.map(({ name, kind, size }) => [
          name,
          new Float32Array(size).fill(kind === 'scale' ? 1 : 0),
        ]),
      ),
      moments: Array.from({ length: MOMENT_COUNT[this.#config.optimizer] }, () => zeros),
    });
  }

  async restore(state: EngineState): Promise<void> {
    this.#check();
    const { parameters, statistics } = this.#network;
    const expected = MOMENT_COUNT[this.#config.optimizer];
    if (state.moments.length !== expected) {
      throw new Error(
        `The state has ${state.moments.length} moments per parameter; ${this.#config.optimizer} keeps ${expected}`,
      );
    }
    // All arrays are checked before the first tensor is made.
    const arrays = [state.parameters, ...state.moments].map((tensors) => packTensors(parameters, tensors));
    const running = packTensors(statistics, state.buffers);
    const [first, ...moments] = arrays.map((array) => tf.keep(tf.tensor1d(array))) as [
      Tensor1D,
      ...Tensor1D[],
    ];
    this.#replaceState({
      parameters: first,
      statistics: running.length > 0 ? tf.keep(tf.tensor1d(running)) : undefined,
      moments,
    });
    this.#issued = state.step;
    this.#order.clear();
  }

  setSchedule(schedule: ScheduleTable): void {
    if (schedule.learningRate.length !== schedule.momentum.length) {
      throw new RangeError('The schedule needs as many momenta as learning rates');
    }
    this.#schedule = schedule;
  }

  setOrder(order: Uint32Array, firstStep: number): void {
    this.#order.set(order, firstStep, this.#issued);
  }

  async advance(count: number): Promise<StepResults> {
    this.#check();
    if (!(Number.isInteger(count) && count > 0)) throw new RangeError(`advance: ${count} steps`);
    const schedule = this.#schedule;
    const firstStep = this.#issued;
    const lastStep = firstStep + count - 1;
    if (!schedule || lastStep >= schedule.learningRate.length) {
      throw new RangeError(
        `advance: the schedule ends before step ${lastStep} (${schedule?.learningRate.length ?? 0} steps)`,
      );
    }
    const steps = Array.from({ length: count }, (_, i) => ({
      step: firstStep + i,
      indices: this.#order.indices(firstStep + i),
      learningRate: schedule.learningRate[firstStep + i]!,
      momentum: schedule.momentum[firstStep + i]!,
    }));
    this.#issued += count;
    const startedAt = performance.now();
    let results: Tensor;
    try {
      results = tf.tidy(() => tf.stack(steps.map((step) => this.#step(step))));
    } catch (error) {
      // Some of the steps were taken, some not: nothing after this can be trusted.
      this.#end(error as Error);
      throw error;
    }
    const values = await this.#take(results);
    this.#stepMs = (performance.now() - startedAt) / count;
    return {
      firstStep,
      losses: Float32Array.from({ length: count }, (_, i) => values[2 * i]!),
      correct: Uint32Array.from({ length: count }, (_, i) => values[2 * i + 1]!),
    };
  }

  /** Issues one step; its loss and correct count, `[2]`. */
  #step(values: { step: number; indices: Uint32Array; learningRate: number; momentum: number }): Tensor {
    const { step, indices, learningRate, momentum } = values;
    const { augmentation, seed, optimizer, weightDecay, gradientClip } = this.#config;
    const state = this.#currentState();
    return tf.tidy(() => {
      const batch = this.#batches.training(indices, { augmentation, seed, step });
      const pass = trainingPass(this.#network, state.parameters, batch);
      const gradient = gradientClip ? clipGradient(pass.gradient, gradientClip) : pass.gradient;
      const next = update(optimizer, state.parameters, gradient, state.moments, {
        t: step + 1,
        learningRate,
        momentum,
        weightDecay,
      });
      const statistics =
        state.statistics && pass.statistics && this.#unbias
          ? blendStatistics(state.statistics, pass.statistics, this.#unbias)
          : undefined;
      for (const tensor of [next.parameters, ...next.moments]) tf.keep(tensor);
      if (statistics) tf.keep(statistics);
      this.#replaceState({ parameters: next.parameters, moments: next.moments, statistics });
      return tf.stack([tf.reshape(pass.loss, []), correctCount(pass.logits, batch)]);
    });
  }

  async evaluate(half: 'train' | 'valid', count: number, signal?: AbortSignal): Promise<Evaluation> {
    this.#check();
    const available = this.#config.dataset[half].count;
    if (!(Number.isInteger(count) && count > 0 && count <= available)) {
      throw new RangeError(`evaluate: ${count} of ${available} images`);
    }
    // Clones, so that steps issued meanwhile do not change what is evaluated.
    const state = this.#currentState();
    const parameters = state.parameters.clone();
    const statistics = state.statistics?.clone();
    let loss = 0;
    let correct = 0;
    try {
      const size = Math.min(this.#evaluationBatch, count);
      for (let from = 0; from < count; from += size * BATCHES_PER_READ) {
        signal?.throwIfAborted();
        const results = tf.tidy(() => {
          const scores: Tensor[] = [];
          for (let first = from; first < Math.min(count, from + size * BATCHES_PER_READ); first += size) {
            const batch = this.#batches.evaluation(half, first, count, size);
            const logits = evaluationLogits(this.#network, parameters, statistics, batch);
            scores.push(score(this.#network, logits, batch));
          }
          return tf.stack(scores);
        });
        const values = await this.#take(results);
        for (let i = 0; i < values.length; i += 2) {
          loss += values[i]!;
          correct += values[i + 1]!;
        }
      }
    } finally {
      tf.dispose([parameters, ...(statistics ? [statistics] : [])]);
    }
    return { loss: loss / count, accuracy: correct / count, count };
  }

  async snapshot(): Promise<EngineState> {
    this.#check();
    const step = this.#issued;
    const { parameters, statistics, moments } = this.#currentState();
    // All reads are issued before the first wait, so that steps issued meanwhile do not show.
    const [running, first, ...rest] = await Promise.all([
      statistics ? this.#take(statistics.clone()) : new Float32Array(0),
      ...[parameters, ...moments].map((tensor) => this.#take(tensor.clone())),
    ]);
    const tables = this.#network;
    return {
      step,
      parameters: unpackTensors(tables.parameters, first!),
      moments: rest.map((values) => unpackTensors(tables.parameters, values)),
      buffers: unpackTensors(tables.statistics, running),
    };
  }

  memory(): EngineMemory {
    const { gpuBytes, tensors } = this.#backend.memory();
    return { gpuBytes, objects: tensors };
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#unsubscribe();
    this.#end(new Error('The engine was disposed'));
    this.#replaceState(undefined);
    this.#unbias?.dispose();
  }

  /** @throws the device's failure, or that the engine was disposed. */
  #check(): void {
    if (this.#endError) throw this.#endError;
    this.#backend.check();
  }

  #currentState(): State {
    if (!this.#state) throw new Error('The engine has no weights yet: call initialize or restore first');
    return this.#state;
  }

  #replaceState(state: State | undefined): void {
    const old = this.#state;
    this.#state = state;
    if (old) tf.dispose([old.parameters, ...old.moments, ...(old.statistics ? [old.statistics] : [])]);
  }

  /** Reads a tensor and disposes it. Rejects as soon as the device fails or the engine is disposed. */
  async #take(tensor: Tensor): Promise<Float32Array> {
    try {
      const values = await Promise.race([this.#backend.read(tensor), this.#ended]);
      this.#check();
      return values;
    } finally {
      tensor.dispose();
    }
  }
}
