import { bufferTable, parameterTable, type TensorTable } from '#domain/resnet.ts';
import { download, inErrorScopes, upload } from '#gpu/buffers.ts';
import type { Dispatch } from '#gpu/command.ts';
import type { GpuContext } from '#gpu/device.ts';
import { Executor } from '#gpu/executor.ts';
import { pipelineCache } from '#gpu/pipelines.ts';
import { record, type Recording } from '#gpu/replay.ts';
import { defaultVariant } from '#kernels/conv2d/variants.ts';
import { advanceCounter, gatherTraining, orderBufferWords, orderWords } from '#kernels/gather/kernel.ts';
import { RESULT_WORDS } from '#kernels/head/kernel.ts';
import { mapTuning } from '#kernels/shared/maps.ts';
import { filterTuning } from '#kernels/weightStandardization/kernel.ts';
import { momentCount, optimizerStep, SCHEDULE_ROW } from '#kernels/optimizer/kernel.ts';
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
import { BufferPool } from './bufferPool.ts';
import { createConvolutions, type ChooseVariant } from './convolutions.ts';
import { acquireDataset, type DatasetBuffers } from './datasetBuffers.ts';
import { Evaluator } from './evaluator.ts';
import { createNormLayer, type ModelBuffers } from './normLayers.ts';
import { packTensors, unpackTensors } from './packing.ts';
import { ScheduleWindow, WINDOW_ROWS } from './scheduleWindow.ts';
import { StagingRing } from './stagingRing.ts';
import { StepPacer } from './stepPacer.ts';
import { recordTraining } from './trainingGraph.ts';

/** Slots of the ring of losses: the most steps that one submission may hold. */
const RING_SIZE = 256;

export interface ReplayOptions {
  /** Tile of each convolution; without it, the default for the adapter. */
  readonly choose?: ChooseVariant;
  readonly onCompile?: (done: number, total: number) => void;
  /** Fills scratch memory with NaN first, so that a value read before it is written shows; for tests. */
  readonly poison?: boolean;
  /**
   * One batch, `[N, H, W, C]` normalized floats and `[N]` labels, that every step trains on in place of
   * the data set's: other systems can be given the same numbers. For the benchmark.
   */
  readonly fixedBatch?: { readonly images: Float32Array; readonly labels: Uint32Array };
  /** AdamW's second beta, where a comparison needs another than fastai's. */
  readonly beta2?: number;
}

/**
 * The engine that NormLab trains with: the whole step recorded once as a list of dispatches over our own
 * WGSL kernels and replayed from prepared bind groups, one command buffer for one or several steps,
 * nothing read back but a ring of losses. Learning rate, momentum, batch order and step number come from
 * buffers that the GPU indexes with its own step counter.
 *
 * @throws {GpuError} when the buffers do not fit, {ShaderError} when a kernel does not compile.
 */
export async function createReplayEngine(
  context: GpuContext,
  config: EngineConfig,
  options: ReplayOptions = {},
): Promise<ReplayEngine> {
  context.check();
  const dataset = await acquireDataset(context, config.dataset);
  const pool = new BufferPool(context, options.poison ?? false);
  try {
    const parts = await inErrorScopes(context, 'allocating the network', () =>
      buildStep(context, config, dataset, pool, options),
    );
    await pipelineCache(context).compile(
      parts.dispatches.map(({ shader }) => shader),
      options.onCompile,
    );
    const recording = await inErrorScopes(context, 'preparing the training step', () =>
      record(context, pipelineCache(context), parts.dispatches),
    );
    return new ReplayEngine(context, config, dataset, pool, parts, recording, options.beta2);
  } catch (error) {
    pool.dispose();
    dataset.release();
    throw error;
  }
}

/** Every buffer that outlives a step, and the step itself. */
interface StepParts {
  readonly model: ModelBuffers;
  readonly moments: readonly GPUBuffer[];
  readonly schedule: GPUBuffer;
  readonly order: GPUBuffer;
  /** `[1]` uint32: the step. */
  readonly counter: GPUBuffer;
  readonly ring: GPUBuffer;
  readonly logits: GPUBuffer;
  readonly choose: ChooseVariant;
  readonly dispatches: Dispatch[];
}

function buildStep(
  context: GpuContext,
  config: EngineConfig,
  dataset: DatasetBuffers,
  pool: BufferPool,
  options: ReplayOptions,
): StepParts {
  const { network, norm, ws, batchSize } = config;
  const { info } = config.dataset;
  const parameters = parameterTable(network, norm);
  const buffers = bufferTable(network, norm);
  const parameterBuffer = pool.keep('parameters', parameters.packedSize);
  const model: ModelBuffers = {
    parameterTable: parameters,
    bufferTable: buffers,
    parameters: parameterBuffer,
    gradients: pool.keep('gradients', parameters.packedSize),
    running: pool.keep('running statistics', buffers.packedSize),
    filters: ws ? pool.keep('standardized filters', parameters.packedSize) : parameterBuffer,
  };
  const moments = Array.from({ length: momentCount(config.optimizer) }, (_, i) =>
    pool.keep(`moment ${i + 1}`, parameters.packedSize),
  );
  const schedule = pool.keep('schedule', WINDOW_ROWS * SCHEDULE_ROW);
  const order = pool.keep('batch order', orderBufferWords(Math.max(config.dataset.train.count, batchSize)));
  const counter = pool.keep('step counter', 1);
  const ring = pool.keep('losses', RING_SIZE * RESULT_WORDS);
  const images = pool.keep('batch', batchSize * network.imageSize ** 2 * 3);
  const labels = pool.keep('batch labels', batchSize);
  const logits = pool.keep('logits', batchSize * network.classes);
  const results = pool.keep('image losses', batchSize * RESULT_WORDS);
  const choose: ChooseVariant =
    options.choose ?? ((pass, shape) => defaultVariant(pass, shape, context.adapter.isFallback));
  const tuning = mapTuning(context.adapter.isFallback);
  const convolutions = createConvolutions({
    network,
    batch: batchSize,
    ws,
    model,
    pool,
    choose,
    filterTuning: filterTuning(context.adapter.isFallback),
    forTraining: true,
  });
  const gather = gatherTraining({
    source: dataset.train,
    batch: batchSize,
    mean: info.mean,
    deviation: info.deviation,
    x: images,
    labels,
    order,
    counter,
    augment: config.augmentation === 'crop-flip',
    seed: config.seed,
  });
  const { fixedBatch, beta2 } = options;
  if (fixedBatch) {
    upload(context, images, fixedBatch.images);
    upload(context, labels, fixedBatch.labels);
  }
  const dispatches = [
    ...(fixedBatch ? [] : gather),
    ...recordTraining(
      {
        network,
        batch: batchSize,
        model,
        pool,
        convolutions,
        tuning,
        norm: (spec) => createNormLayer(norm, spec, { model, pool, batch: batchSize, tuning }),
      },
      images,
      { labels, logits, results, counter, ring, ringSize: RING_SIZE },
    ),
    ...optimizerStep({
      optimizer: config.optimizer,
      packedSize: parameters.packedSize,
      weightDecay: config.weightDecay,
      parameters: parameterBuffer,
      gradients: model.gradients,
      moments,
      schedule,
      counter,
      ...(beta2 === undefined ? {} : { beta2 }),
    }),
    ...advanceCounter(counter, 1),
  ];
  return { model, moments, schedule, order, counter, ring, logits, choose, dispatches };
}

export class ReplayEngine implements TrainingEngine {
  readonly #context: GpuContext;
  readonly #config: EngineConfig;
  readonly #dataset: DatasetBuffers;
  readonly #pool: BufferPool;
  readonly #parts: StepParts;
  readonly #recording: Recording;
  readonly #staging: StagingRing;
  readonly #schedule: ScheduleWindow;
  readonly #evaluator: Evaluator;
  readonly #pacer = new StepPacer(RING_SIZE);
  #step = 0;
  #disposed = false;

  /** Made by `createReplayEngine`. */
  constructor(
    context: GpuContext,
    config: EngineConfig,
    dataset: DatasetBuffers,
    pool: BufferPool,
    parts: StepParts,
    recording: Recording,
    beta2: number | undefined,
  ) {
    this.#context = context;
    this.#config = config;
    this.#dataset = dataset;
    this.#pool = pool;
    this.#parts = parts;
    this.#recording = recording;
    this.#staging = new StagingRing(context, RING_SIZE * RESULT_WORDS * 4);
    this.#schedule = new ScheduleWindow(context, parts.schedule, config.optimizer, beta2);
    this.#evaluator = new Evaluator({
      context,
      config,
      dataset,
      pool,
      model: parts.model,
      choose: parts.choose,
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
    return this.#pacer.stepsPerAdvance;
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
    upload(this.#context, this.#parts.order, data);
  }

  async advance(count: number): Promise<StepResults> {
    this.#alive();
    if (!(Number.isInteger(count) && count >= 1 && count <= RING_SIZE)) {
      throw new RangeError(`advance: ${count} steps; one submission holds 1 to ${RING_SIZE}`);
    }
    const { device } = this.#context;
    const firstStep = this.#take(count);
    const issued = this.#pacer.issue(count);
    const accepted = inErrorScopes(this.#context, 'a training step', () => {
      const encoder = device.createCommandEncoder({ label: 'training steps' });
      const pass = encoder.beginComputePass({ label: 'training steps' });
      for (let i = 0; i < count; i++) this.#recording.encode(pass);
      pass.end();
      const copy = this.#staging.copy(encoder, this.#parts.ring);
      device.queue.submit([encoder.finish()]);
      return copy;
    });
    // The read-back may only be trusted once the commands behind it were accepted.
    const bytes = await (await accepted).read();
    this.#alive();
    issued.done();
    return readRing(bytes, firstStep, count);
  }

  /**
   * The same steps dispatch by dispatch, each with bind groups and a submit of its own: slow and obvious.
   * Tests prove that it leaves the same bits as `advance`.
   */
  async advanceEagerly(count: number): Promise<StepResults> {
    this.#alive();
    const firstStep = this.#take(count);
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
    const step = this.#step;
    const read = async (table: TensorTable, buffer: GPUBuffer): Promise<NamedTensors> =>
      table.packedSize === 0
        ? new Map()
        : unpackTensors(
            table,
            new Float32Array(await download(this.#context, buffer, 0, table.packedSize * 4)),
          );
    const [parameters, buffers, ...rest] = await Promise.all([
      read(model.parameterTable, model.parameters),
      read(model.bufferTable, model.running),
      ...moments.map((moment) => read(model.parameterTable, moment)),
    ]);
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
    write(model.parameterTable, model.parameters, state.parameters);
    write(model.bufferTable, model.running, state.buffers);
    moments.forEach((moment, i) => write(model.parameterTable, moment, state.moments[i]!));
    upload(this.#context, counter, Uint32Array.of(state.step));
    this.#step = state.step;
  }

  /** Gradients that the last step left, by name; for tests. */
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
        this.#staging.byteLength +
        this.#evaluator.byteLength,
      objects: this.#pool.count,
    };
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#recording.dispose();
    this.#evaluator.dispose();
    this.#staging.dispose();
    this.#pool.dispose();
    this.#dataset.release();
  }

  /** Claims the next `count` steps and makes their schedule available. */
  #take(count: number): number {
    const firstStep = this.#step;
    this.#schedule.require(firstStep, count);
    this.#step += count;
    return firstStep;
  }

  #alive(): void {
    if (this.#disposed) throw new Error('The engine was disposed');
    this.#context.check();
  }
}

function readRing(bytes: ArrayBuffer, firstStep: number, count: number): StepResults {
  const floats = new Float32Array(bytes);
  const integers = new Uint32Array(bytes);
  const losses = new Float32Array(count);
  const correct = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const slot = ((firstStep + i) % RING_SIZE) * RESULT_WORDS;
    losses[i] = floats[slot]!;
    correct[i] = integers[slot + 1]!;
  }
  return { firstStep, losses, correct };
}
