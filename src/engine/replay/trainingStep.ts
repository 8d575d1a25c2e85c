import { bufferTable, parameterTable } from '#domain/resnet.ts';
import { upload } from '#gpu/buffers.ts';
import type { Dispatch } from '#gpu/command.ts';
import type { GpuContext } from '#gpu/device.ts';
import { advanceCounter, gatherTraining, orderBufferWords } from '#kernels/gather/kernel.ts';
import { RESULT_WORDS } from '#kernels/head/kernel.ts';
import { clipTuning } from '#kernels/gradientClip/kernel.ts';
import { statisticsTuning } from '#kernels/layerStatistics/kernel.ts';
import { momentCount, SCHEDULE_ROW } from '#kernels/optimizer/kernel.ts';
import type { EngineConfig } from '../engine.ts';
import type { BufferPool } from './bufferPool.ts';
import { createConvolutions } from './convolutions.ts';
import type { DatasetBuffers } from './datasetBuffers.ts';
import { LayerMeasurementsBuilder, type LayerMeasurements } from './layerMeasurements.ts';
import { createNormLayer, type ModelBuffers } from './normLayers.ts';
import { WINDOW_ROWS } from './scheduleWindow.ts';
import { recordTraining } from './trainingGraph.ts';
import { defaultTunings, type Tunings } from './tunings.ts';

/** Slots of the ring of losses: the most steps that one submission may hold. */
export const RING_SIZE = 256;

/** What decides how a step is recorded, beyond the configuration. */
export interface StepOptions {
  /** How the kernels are cut; without it, by default for the adapter. */
  readonly tunings?: Tunings;
  /**
   * One batch, `[N, H, W, C]` normalized floats and `[N]` labels, that every step trains on in place of
   * the data set's: other systems can be given the same numbers. For the benchmark.
   */
  readonly fixedBatch?: { readonly images: Float32Array; readonly labels: Uint32Array };
  /** AdamW's second beta, where a comparison needs another than fastai's. */
  readonly beta2?: number;
}

/** Every buffer that outlives a step, and the step itself. */
export interface StepParts {
  readonly model: ModelBuffers;
  readonly moments: readonly GPUBuffer[];
  readonly schedule: GPUBuffer;
  readonly order: GPUBuffer;
  /** `[1]` uint32: the step. */
  readonly counter: GPUBuffer;
  readonly ring: GPUBuffer;
  readonly logits: GPUBuffer;
  readonly tunings: Tunings;
  readonly dispatches: Dispatch[];
  /** The dispatch, by its place, that changes the parameters and moments: from here on a step has to be finished. */
  readonly commit: number;
  /** What sampled steps do besides; undefined where none is sampled. */
  readonly layers: LayerMeasurements | undefined;
  /** To be run after parameters were written from outside: what a step leaves for the next one. */
  readonly prepare: Dispatch[];
}

/** Makes the buffers of a training run and lists the dispatches of its step. */
export function buildStep(
  context: GpuContext,
  config: EngineConfig,
  dataset: DatasetBuffers,
  pool: BufferPool,
  options: StepOptions,
): StepParts {
  const { network, norm, ws, batchSize, gradientClip, layerSampleEvery: every } = config;
  const { info } = config.dataset;
  const parameters = parameterTable(network, norm);
  const buffers = bufferTable(network, norm);
  const parameterBuffer = pool.keep('parameters', parameters.packedSize);
  const model: ModelBuffers = {
    parameterTable: parameters,
    bufferTable: buffers,
    parameters: parameterBuffer,
    // Clipping takes the norm over the gaps between tensors as well: they stay zeros.
    gradients: gradientClip
      ? pool.keep('gradients', parameters.packedSize)
      : pool.output('gradients', parameters.packedSize),
    running: pool.keep('running statistics', buffers.packedSize),
    filters: ws ? pool.output('standardized filters', parameters.packedSize) : parameterBuffer,
  };
  const moments = Array.from({ length: momentCount(config.optimizer) }, (_, i) =>
    pool.keep(`moment ${i + 1}`, parameters.packedSize),
  );
  const schedule = pool.keep('schedule', WINDOW_ROWS * SCHEDULE_ROW);
  const order = pool.keep('batch order', orderBufferWords(Math.max(config.dataset.train.count, batchSize)));
  const counter = pool.keep('step counter', 1);
  const ring = pool.output('losses', RING_SIZE * RESULT_WORDS);
  const images = pool.output('batch', batchSize * network.imageSize ** 2 * 3);
  const labels = pool.output('batch labels', batchSize);
  const logits = pool.output('logits', batchSize * network.classes);
  const results = pool.output('image losses', batchSize * RESULT_WORDS);
  const { isFallback } = context.adapter;
  const { fixedBatch, beta2, tunings = defaultTunings(isFallback) } = options;
  const convolutions = createConvolutions({
    network,
    batch: batchSize,
    ws,
    isScaled: config.wsGain === 'scaled',
    model,
    pool,
    tunings,
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
  if (fixedBatch) {
    upload(context, images, fixedBatch.images);
    upload(context, labels, fixedBatch.labels);
  }
  const measuring = { network, model, pool, counter, tuning: statisticsTuning(isFallback) };
  const layers = every === undefined ? undefined : new LayerMeasurementsBuilder({ ...measuring, every });
  const passes = recordTraining(
    {
      network,
      batch: batchSize,
      model,
      pool,
      convolutions,
      tunings,
      norm: (spec) => createNormLayer(norm, spec, { model, pool, batch: batchSize, tunings }),
      observe: layers?.observe,
    },
    images,
    { labels, logits, results, counter, ring, ringSize: RING_SIZE },
  );
  const optimizer = {
    optimizer: config.optimizer,
    packedSize: parameters.packedSize,
    weightDecay: config.weightDecay,
    parameters: parameterBuffer,
    gradients: model.gradients,
    moments,
    schedule,
    counter,
    tuning: tunings.optimizer,
    ...(beta2 === undefined ? {} : { beta2 }),
  };
  const clip = gradientClip
    ? { largest: gradientClip, tuning: clipTuning(context.adapter.isFallback) }
    : undefined;
  // Only the measurements read the filters' gradients.
  const { prepare, change } = convolutions.update(optimizer, every ?? 0, clip);
  const dispatches = [
    ...(fixedBatch ? [] : gather),
    ...passes,
    ...prepare,
    ...change,
    ...advanceCounter(counter, 1),
  ];
  return {
    model,
    moments,
    schedule,
    order,
    counter,
    ring,
    logits,
    tunings,
    dispatches,
    commit: dispatches.indexOf(change[0]!),
    layers: layers?.finish(passes.at(-1)!, change.at(-1)!),
    prepare: convolutions.prepareFilters(),
  };
}
