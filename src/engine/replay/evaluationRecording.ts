import type { Dispatch } from '#gpu/command.ts';
import type { GpuContext } from '#gpu/device.ts';
import { pipelineCache } from '#gpu/pipelines.ts';
import { record, type Recording } from '#gpu/replay.ts';
import { advanceCounter, gatherEvaluation } from '#kernels/gather/kernel.ts';
import { RESULT_WORDS } from '#kernels/head/kernel.ts';
import type { EngineConfig } from '../engine.ts';
import type { BufferPool } from './bufferPool.ts';
import { createConvolutions } from './convolutions.ts';
import type { DatasetBuffers } from './datasetBuffers.ts';
import { createNormLayer, type ModelBuffers } from './normLayers.ts';
import { StepPacer } from './stepPacer.ts';
import { EVALUATION_BATCH } from './tiles.ts';
import { recordEvaluation } from './trainingGraph.ts';
import type { ChooseVariant, Tunings } from './tunings.ts';

/** Batches that one submission may hold. */
const MOST_BATCHES = 32;

export interface EvaluationParts {
  readonly context: GpuContext;
  readonly config: EngineConfig;
  readonly dataset: DatasetBuffers;
  readonly pool: BufferPool;
  readonly model: ModelBuffers;
  readonly tunings: Tunings;
  /** `[2]` uint32: the first image of the next batch, and how many images count. */
  readonly cursor: GPUBuffer;
}

/** The forward pass over one half: its buffers, and one batch as data. */
export interface EvaluationPlan {
  readonly dispatches: readonly Dispatch[];
  /** Images of a batch. */
  readonly batchSize: number;
  readonly results: GPUBuffer;
  readonly staging: GPUBuffer;
}

/** The same, ready to be encoded. */
export interface HalfRecording extends Omit<EvaluationPlan, 'dispatches'> {
  readonly batch: Recording;
  readonly pacer: StepPacer;
}

/** Makes the buffers of an evaluation. Scratch memory is borrowed from the training step, which rests meanwhile. */
export function buildEvaluation(parts: EvaluationParts, half: 'train' | 'valid'): EvaluationPlan {
  const { context, config, dataset, pool, model, tunings, cursor } = parts;
  const { network, norm, ws } = config;
  const { info } = config.dataset;
  const source = dataset[half];
  const batch = Math.min(EVALUATION_BATCH, source.count);
  const results = pool.output(`${half} results`, source.count * RESULT_WORDS);
  const images = pool.borrow(batch * network.imageSize ** 2 * 3);
  const labels = pool.borrow(batch);
  const logits = pool.borrow(batch * network.classes);
  // The tiles of whole batches, which alone were chosen, also where there are fewer images.
  const conv: ChooseVariant = (pass, shape) => tunings.conv(pass, { ...shape, batch: EVALUATION_BATCH });
  const convolutions = createConvolutions({
    network,
    batch,
    ws,
    isScaled: config.wsGain === 'scaled',
    model,
    pool,
    tunings: { ...tunings, conv },
    forTraining: false,
  });
  const dispatches = [
    ...gatherEvaluation({
      source,
      batch,
      mean: info.mean,
      deviation: info.deviation,
      x: images,
      labels,
      cursor,
    }),
    ...recordEvaluation(
      {
        network,
        batch,
        model,
        pool,
        convolutions,
        tunings,
        norm: (spec) => createNormLayer(norm, spec, { model, pool, batch, tunings }),
      },
      images,
      { labels, logits, results, counter: cursor },
    ),
    ...advanceCounter(cursor, batch),
  ];
  pool.giveBack(images, labels, logits);
  const staging = context.device.createBuffer({
    label: `${half} results read-back`,
    size: results.size,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  return { dispatches, batchSize: batch, results, staging };
}

/** Prepares what `buildEvaluation` has made, once its shaders are compiled. */
export function prepareEvaluation(context: GpuContext, plan: EvaluationPlan): HalfRecording {
  const { dispatches, ...rest } = plan;
  const batch = record(context, pipelineCache(context), dispatches);
  return { batch, pacer: new StepPacer(batch.dispatchCount, MOST_BATCHES), ...rest };
}
