import type { LayerHistory } from '#domain/layerHistory.ts';
import type { TensorTable } from '#domain/resnet.ts';
import { download, upload } from '#gpu/buffers.ts';
import type { Dispatch } from '#gpu/command.ts';
import type { GpuContext } from '#gpu/device.ts';
import { Executor } from '#gpu/executor.ts';
import { pipelineCache } from '#gpu/pipelines.ts';
import type { Recording } from '#gpu/replay.ts';
import { orderWords } from '#kernels/gather/kernel.ts';
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
import type { BufferPool } from './bufferPool.ts';
import type { DatasetBuffers } from './datasetBuffers.ts';
import type { EvaluationParts, HalfRecording } from './evaluationRecording.ts';
import { Evaluator } from './evaluator.ts';
import type { LayerRecorder } from './layerRecorder.ts';
import { packTensors, unpackTensors } from './packing.ts';
import { ScheduleWindow } from './scheduleWindow.ts';
import { readRing, StepSubmitter } from './stepSubmitter.ts';
import { submissionQueue, type SubmissionQueue } from './submissionQueue.ts';
import { tilesHash } from './tiles.ts';
import { RING_SIZE, type StepParts } from './trainingStep.ts';

/** Everything that `createReplayEngine` has prepared. */
export interface ReplayEngineParts {
  readonly context: GpuContext;
  readonly config: EngineConfig;
  readonly dataset: DatasetBuffers;
  readonly pool: BufferPool;
  readonly step: StepParts;
  readonly recording: Recording;
  readonly layerRecorder: LayerRecorder | undefined;
  readonly evaluation: EvaluationParts & { readonly valid: HalfRecording };
  readonly beta2: number | undefined;
  readonly isGentle: boolean;
}

export class ReplayEngine implements TrainingEngine {
  readonly tilesHash: string;
  readonly #context: GpuContext;
  readonly #config: EngineConfig;
  readonly #dataset: DatasetBuffers;
  readonly #pool: BufferPool;
  readonly #parts: StepParts;
  readonly #recording: Recording;
  readonly #layerRecorder: LayerRecorder | undefined;
  readonly #submissions: SubmissionQueue;
  readonly #steps: StepSubmitter;
  readonly #schedule: ScheduleWindow;
  readonly #evaluator: Evaluator;
  #disposed = false;

  /** Made by `createReplayEngine`. */
  constructor(parts: ReplayEngineParts) {
    const { context, config, dataset, pool, step, recording, layerRecorder, beta2, isGentle } = parts;
    this.tilesHash = tilesHash(config, step.tunings, context.adapter.isFallback);
    this.#context = context;
    this.#config = config;
    this.#dataset = dataset;
    this.#pool = pool;
    this.#parts = step;
    this.#recording = recording;
    this.#layerRecorder = layerRecorder;
    this.#schedule = new ScheduleWindow(context, step.schedule, config.optimizer, beta2);
    const submissions = submissionQueue(context);
    this.#submissions = submissions;
    const shared = { context, owner: this, submissions, pool };
    this.#evaluator = new Evaluator({ ...parts.evaluation, owner: this, submissions });
    this.#steps = new StepSubmitter({
      ...shared,
      schedule: this.#schedule,
      step,
      recording,
      layerRecorder,
      isGentle,
    });
  }

  /** Dispatches of one step, for the benchmark. */
  get dispatchCount(): number {
    return this.#recording.dispatchCount;
  }

  /** The step as data, for the benchmark's profile. */
  get dispatches(): readonly Dispatch[] {
    return this.#parts.dispatches;
  }

  get stepsPerAdvance(): number {
    return this.#steps.stepsPerAdvance;
  }

  get millisecondsPerStep(): number | undefined {
    return this.#steps.millisecondsPerStep;
  }

  async initialize(weights: NamedTensors): Promise<void> {
    const { model, moments } = this.#parts;
    const running = new Map(
      model.bufferTable.tensors.map(({ name, size }) => [
        name,
        new Float32Array(size).fill(name.endsWith('running_var') ? 1 : 0),
      ]),
    );
    const zeros: NamedTensors = new Map(
      model.parameterTable.tensors.map(({ name, size }) => [name, new Float32Array(size)]),
    );
    await this.restore({ step: 0, parameters: weights, buffers: running, moments: moments.map(() => zeros) });
  }

  setSchedule(schedule: ScheduleTable): void {
    this.#alive();
    this.#schedule.set(schedule);
  }

  setOrder(order: Uint32Array, firstStep: number): void {
    this.#alive();
    const data = orderWords(order, firstStep);
    if (data.byteLength > this.#parts.order.size) {
      throw new RangeError(`An order of ${order.length} images is longer than the training set`);
    }
    const uploaded = this.#submissions.run(this, () => upload(this.#context, this.#parts.order, data));
    // Whatever keeps it from being used, the steps behind it report.
    uploaded.catch(() => undefined);
  }

  async advance(count: number): Promise<StepResults> {
    this.#alive();
    if (!(Number.isInteger(count) && count >= 1 && count <= RING_SIZE)) {
      throw new RangeError(`advance: ${count} steps; one submission holds 1 to ${RING_SIZE}`);
    }
    this.#schedule.check(this.#steps.next, count);
    const results = await this.#steps.advance(count);
    this.#alive();
    return results;
  }

  cancel(): void {
    this.#submissions.cancel(({ owner }) => owner === this);
  }

  /**
   * The same steps dispatch by dispatch, each with bind groups and a submit of its own: slow and obvious, and
   * no layers are recorded.
   * Tests prove that it leaves the same bits as `advance`.
   */
  async advanceEagerly(count: number): Promise<StepResults> {
    this.#alive();
    const firstStep = this.#steps.next;
    this.#schedule.require(firstStep, count);
    this.#steps.next += count;
    const executor = new Executor(this.#context, pipelineCache(this.#context));
    for (let i = 0; i < count; i++) await executor.run(this.#parts.dispatches);
    return readRing(await download(this.#context, this.#parts.ring), firstStep, count);
  }

  async evaluate(half: 'train' | 'valid', count: number, signal?: AbortSignal): Promise<Evaluation> {
    this.#alive();
    return this.#evaluator.evaluate(half, count, signal);
  }

  async snapshot(): Promise<EngineState> {
    this.#alive();
    const { model, moments } = this.#parts;
    const step = this.#steps.next;
    const read = async (table: TensorTable, buffer: GPUBuffer): Promise<NamedTensors> =>
      table.packedSize === 0
        ? new Map()
        : unpackTensors(
            table,
            new Float32Array(await download(this.#context, buffer, 0, table.packedSize * 4)),
          );
    const [parameters, buffers, ...rest] = await this.#submissions.run(this, () =>
      Promise.all([
        read(model.parameterTable, model.parameters),
        read(model.bufferTable, model.running),
        ...moments.map((moment) => read(model.parameterTable, moment)),
      ]),
    );
    return { step, parameters, buffers, moments: rest };
  }

  async restore(state: EngineState): Promise<void> {
    this.#alive();
    const { model, moments, counter } = this.#parts;
    if (state.moments.length !== moments.length) {
      throw new Error(
        `${this.#config.optimizer} keeps ${moments.length} moments; the state has ${state.moments.length}`,
      );
    }
    const write = (table: TensorTable, buffer: GPUBuffer, tensors: NamedTensors): void =>
      upload(this.#context, buffer, packTensors(table, tensors));
    await this.#submissions.run(this, async () => {
      write(model.parameterTable, model.parameters, state.parameters);
      write(model.bufferTable, model.running, state.buffers);
      moments.forEach((moment, i) => write(model.parameterTable, moment, state.moments[i]!));
      upload(this.#context, counter, Uint32Array.of(state.step));
      await new Executor(this.#context, pipelineCache(this.#context)).run(this.#parts.prepare);
    });
    this.#layerRecorder?.restart();
    this.#steps.next = state.step;
  }

  async layerHistory(): Promise<LayerHistory> {
    this.#alive();
    return this.#submissions.run(this, () => this.#layerRecorder?.read() ?? NO_HISTORY);
  }

  /**
   * Gradients that the last step left, before clipping, by name; with WS and without clipping those of filters only
   * where it was sampled. For tests.
   */
  async readGradients(): Promise<NamedTensors> {
    const { parameterTable: table, gradients } = this.#parts.model;
    return unpackTensors(table, new Float32Array(await download(this.#context, gradients)));
  }

  memory(): EngineMemory {
    return {
      gpuBytes:
        this.#pool.byteLength +
        this.#dataset.byteLength +
        this.#recording.uniformBytes +
        (this.#layerRecorder?.uniformBytes ?? 0) +
        this.#steps.byteLength +
        this.#evaluator.byteLength,
      objects: this.#pool.count,
    };
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#submissions.fail(({ owner }) => owner === this, new Error('The engine was disposed'));
    this.#recording.dispose();
    this.#layerRecorder?.dispose();
    this.#evaluator.dispose();
    this.#steps.dispose();
    this.#pool.dispose();
    this.#dataset.release();
  }

  #alive(): void {
    if (this.#disposed) throw new Error('The engine was disposed');
    this.#context.check();
  }
}

const NO_HISTORY: LayerHistory = {
  steps: [],
  layers: [],
  gradientNorm: new Float32Array(),
  relativeUpdate: new Float32Array(),
  largestActivation: new Float32Array(),
  smallestDeviation: new Float32Array(),
};
