import { IMAGE_BYTES } from '#domain/dataset.ts';
import type { Dataset, ImageSet } from '#domain/dataset.ts';
import type { LayerHistory } from '#domain/layerHistory.ts';
import type {
  EngineConfig,
  EngineMemory,
  EngineState,
  Evaluation,
  NamedTensors,
  ScheduleTable,
  StepResults,
  TrainingEngine,
} from '#engine/engine.ts';
import { normals, randomWord } from '#lib/randomStream.ts';

/** Time of a test: moves only when told to. */
export class FakeClock {
  #now = 0;
  readonly read = (): number => this.#now;
  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }
}

/** The device of several fake engines: works on one call at a time, in the order in which they came. */
export class FakeQueue {
  #end: Promise<unknown> = Promise.resolve();
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#end.then(work);
    this.#end = result.catch(() => undefined);
    return result;
  }
}

export interface FakeEngineOptions {
  readonly clock?: FakeClock;
  /** That of other engines on the same device; absent: one of its own. */
  readonly queue?: FakeQueue;
  /** Time that the clock moves by with every evaluation. */
  readonly evaluationMs?: number;
  /** What the engine has measured of its layers; absent: it measures none. */
  readonly layers?: LayerHistory;
  /** Time that the clock moves by with every step. */
  readonly stepMs?: number;
  readonly stepsPerAdvance?: number;
  /** Called before the given step is computed; what it throws is what the device fails with. */
  readonly beforeStep?: (step: number) => void;
  /** The loss to report in place of the one computed. */
  readonly loss?: (step: number, computed: number) => number;
  /** Norm of the gradient that it says it has measured; NaN where it has not. */
  readonly gradientNorm?: (step: number) => number;
  readonly tilesHash?: string;
  /** Whether it gives up pending work when told to. */
  readonly canCancel?: boolean;
  /** Called for every tenth of an evaluation; what it throws is what the device fails with. */
  readonly duringEvaluation?: () => void;
}

/**
 * A deterministic engine for tests of what is above engines: softmax regression on the mean colour of each
 * image, trained by SGD with momentum, with the contract of `TrainingEngine`. Its losses depend on initial
 * weights, order, schedule and data, as a real engine's do.
 */
export class FakeEngine implements TrainingEngine {
  readonly config: EngineConfig;
  readonly stepsPerAdvance: number;
  /** Largest number of `advance` promises that were pending at once. */
  maxPending = 0;
  /** Steps computed, counting those whose results nobody took. */
  computedSteps = 0;
  isDisposed = false;
  readonly #options: FakeEngineOptions;
  readonly #classes: number;
  // As precise as the states that they are kept in.
  #weights: Float32Array;
  #velocity: Float32Array;
  #runningMean = 0;
  #issued = 0;
  #order: Uint32Array = new Uint32Array(0);
  #orderFrom = 0;
  #schedule: ScheduleTable = { learningRate: new Float64Array(0), momentum: new Float64Array(0) };
  #pending = 0;
  #failure: Error | undefined;
  readonly #queue: FakeQueue;
  readonly layerHistory?: () => Promise<LayerHistory>;
  readonly cancel?: () => void;
  readonly tilesHash?: string;
  #cancellations = 0;

  constructor(config: EngineConfig, options: FakeEngineOptions = {}) {
    this.config = config;
    this.#options = options;
    this.#queue = options.queue ?? new FakeQueue();
    const { layers } = options;
    if (layers) this.layerHistory = () => this.#enqueue(() => layers);
    if (options.tilesHash !== undefined) this.tilesHash = options.tilesHash;
    if (options.canCancel) this.cancel = () => void (this.#cancellations += 1);
    this.stepsPerAdvance = options.stepsPerAdvance ?? 1;
    this.#classes = config.network.classes;
    this.#weights = new Float32Array(FEATURES * this.#classes);
    this.#velocity = new Float32Array(FEATURES * this.#classes);
  }

  async initialize(weights: NamedTensors): Promise<void> {
    const [first] = weights.values();
    if (!first) throw new Error('FakeEngine: no weights');
    this.#weights = this.#weights.map((_, i) => first[i % first.length]!);
    this.#velocity.fill(0);
    this.#runningMean = 0;
    this.#issued = 0;
  }

  setSchedule(schedule: ScheduleTable): void {
    this.#schedule = schedule;
  }

  setOrder(order: Uint32Array, firstStep: number): void {
    this.#order = order;
    this.#orderFrom = firstStep;
  }

  advance(count: number): Promise<StepResults> {
    const firstStep = this.#issued;
    const { batchSize } = this.config;
    const start = (firstStep - this.#orderFrom) * batchSize;
    const indices = this.#order.slice(start, start + count * batchSize);
    if (start < 0 || indices.length !== count * batchSize) {
      return Promise.reject(
        new Error(`FakeEngine: no order for steps ${firstStep} to ${firstStep + count - 1}`),
      );
    }
    this.#issued += count;
    this.#pending += 1;
    this.maxPending = Math.max(this.maxPending, this.#pending);
    const cancellations = this.#cancellations;
    return this.#enqueue(() => {
      const losses = new Float32Array(count);
      const correct = new Uint32Array(count);
      for (let i = 0; i < count; i++) {
        const step = firstStep + i;
        if (cancellations === this.#cancellations) this.#options.beforeStep?.(step);
        if (cancellations !== this.#cancellations) {
          this.#issued = Math.min(this.#issued, step);
          if (i === 0) throw new DOMException('FakeEngine: cancelled', 'AbortError');
          return { firstStep, losses: losses.slice(0, i), correct: correct.slice(0, i) };
        }
        const batch = indices.subarray(i * batchSize, (i + 1) * batchSize);
        const result = this.#step(batch, this.#schedule.learningRate[step]!, this.#schedule.momentum[step]!);
        losses[i] = this.#options.loss?.(step, result.loss) ?? result.loss;
        correct[i] = result.correct;
        this.computedSteps += 1;
        this.#options.clock?.advance(this.#options.stepMs ?? 1);
      }
      const { gradientNorm } = this.#options;
      return {
        firstStep,
        losses,
        correct,
        ...(gradientNorm && { gradientNorms: losses.map((_, i) => gradientNorm(firstStep + i)) }),
      };
    }).finally(() => {
      this.#pending -= 1;
    });
  }

  evaluate(half: 'train' | 'valid', count: number, signal?: AbortSignal): Promise<Evaluation> {
    return this.#enqueue(() => {
      const set = this.config.dataset[half];
      const losses = new Float32Array(count);
      let loss = 0;
      let correct = 0;
      for (let i = 0; i < count; i++) {
        if (i % Math.ceil(count / 10) === 0) {
          this.#options.duringEvaluation?.();
          signal?.throwIfAborted();
        }
        const { probabilities, label } = this.#forward(set, i);
        losses[i] = -Math.log(probabilities[label]!);
        loss += losses[i]!;
        if (probabilities[label] === Math.max(...probabilities)) correct += 1;
      }
      this.#options.clock?.advance(this.#options.evaluationMs ?? 0);
      return { loss: loss / count, accuracy: correct / count, count, losses };
    });
  }

  snapshot(): Promise<EngineState> {
    const step = this.#issued;
    return this.#enqueue(() => ({
      step,
      parameters: new Map([['weight', Float32Array.from(this.#weights)]]),
      buffers: new Map([['mean', Float32Array.of(this.#runningMean)]]),
      moments: [new Map([['weight', Float32Array.from(this.#velocity)]])],
    }));
  }

  async restore(state: EngineState): Promise<void> {
    this.#issued = state.step;
    this.#weights = Float32Array.from(state.parameters.get('weight')!);
    this.#velocity = Float32Array.from(state.moments[0]!.get('weight')!);
    this.#runningMean = state.buffers.get('mean')![0]!;
  }

  memory(): EngineMemory {
    return this.isDisposed
      ? { gpuBytes: 0, objects: 0 }
      : { gpuBytes: this.#weights.byteLength * 2, objects: 2 };
  }

  dispose(): void {
    this.isDisposed = true;
    this.#failure ??= new Error('FakeEngine: disposed');
  }

  /** Runs `work` after everything queued before; after a failure nothing resolves any more. */
  #enqueue<Result>(work: () => Result): Promise<Result> {
    return this.#queue.run(async () => {
      await settled();
      if (this.#failure) throw this.#failure;
      try {
        return work();
      } catch (error) {
        if (error instanceof Error && error.name !== 'AbortError') this.#failure = error;
        throw error;
      }
    });
  }

  #forward(set: ImageSet, index: number): { features: number[]; probabilities: number[]; label: number } {
    const features = [1, 0, 0, 0];
    for (let i = 0; i < IMAGE_BYTES; i += 96) {
      for (let c = 0; c < 3; c++) features[c + 1]! += set.images[index * IMAGE_BYTES + i + c]! / 255 / 32;
    }
    const logits = Array.from({ length: this.#classes }, (_, k) =>
      features.reduce((sum, value, f) => sum + value * this.#weights[f * this.#classes + k]!, 0),
    );
    const top = Math.max(...logits);
    const exponentials = logits.map((logit) => Math.exp(logit - top));
    const total = exponentials.reduce((sum, value) => sum + value, 0);
    return { features, probabilities: exponentials.map((value) => value / total), label: set.labels[index]! };
  }

  #step(batch: Uint32Array, learningRate: number, momentum: number): { loss: number; correct: number } {
    const gradient = new Float64Array(this.#weights.length);
    let loss = 0;
    let correct = 0;
    for (const index of batch) {
      const { features, probabilities, label } = this.#forward(this.config.dataset.train, index);
      loss -= Math.log(probabilities[label]!) / batch.length;
      if (probabilities[label] === Math.max(...probabilities)) correct += 1;
      for (const [f, value] of features.entries()) {
        for (const [k, probability] of probabilities.entries()) {
          gradient[f * this.#classes + k]! += (value * (probability - (k === label ? 1 : 0))) / batch.length;
        }
      }
      this.#runningMean = Math.fround(0.9 * this.#runningMean + 0.1 * features[1]!);
    }
    for (let i = 0; i < gradient.length; i++) {
      this.#velocity[i] = momentum * this.#velocity[i]! + gradient[i]!;
      this.#weights[i]! -= learningRate * this.#velocity[i]!;
    }
    return { loss, correct };
  }
}

/** Lets whoever awaits the previous result act on it first, as they can with a real device. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

/** Bias and the mean of each colour channel. */
const FEATURES = 4;

/** A data set whose classes differ in mean colour: learnable by `FakeEngine`, and instant to make. */
export function fakeDataset(trainCount: number, validCount: number, classes = 10): Dataset {
  const half = (count: number, salt: number): ImageSet => {
    const labels = Uint8Array.from({ length: count }, (_, i) => i % classes);
    const images = new Uint8Array(count * IMAGE_BYTES);
    for (let i = 0; i < count; i++) {
      for (let c = 0; c < 3; c++) {
        const colour = (labels[i]! * (61 + 30 * c)) % 200;
        const noise = randomWord(salt, 0, i, c) % 40;
        for (let at = c; at < IMAGE_BYTES; at += 3) images[i * IMAGE_BYTES + at] = colour + noise;
      }
    }
    return { count, images, labels };
  };
  return {
    info: {
      id: 'fake',
      title: 'Fake',
      classNames: Array.from({ length: classes }, (_, i) => `class ${i}`),
      trainCount,
      validCount,
      mean: [0.5, 0.5, 0.5],
      deviation: [0.25, 0.25, 0.25],
      hash: '0'.repeat(64),
      trainHistogram: Array.from({ length: classes }, (_, i) => Math.ceil((trainCount - i) / classes)),
      notes: [],
    },
    train: half(trainCount, 1),
    valid: half(validCount, 2),
  };
}

/** A stand-in for the network's initial weights: one small tensor drawn from the seed. */
export function fakeStartWeights(seed: number): { weights: Map<string, Float32Array>; hash: string } {
  return {
    weights: new Map([['weight', normals(seed, 1, 0, 40).map((value) => value * 0.1)]]),
    hash: `seed-${seed}`,
  };
}
