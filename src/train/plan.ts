import { epochOrder } from '#data/order.ts';
import type { Dataset, ImageSet } from '#domain/dataset.ts';
import { IMAGE_BYTES } from '#domain/dataset.ts';
import type { Experiment, Norm } from '#domain/experiment.ts';
import { resnet18 } from '#domain/resnet.ts';
import type { NetworkSpec } from '#domain/resnet.ts';
import type { RunPlan } from '#domain/run.ts';
import type { EngineConfig, NamedTensors } from '#engine/engine.ts';

/** Settings that cannot train on this data set; `message` says which and why. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}

/** The weights that training starts from, and their hash. */
export interface StartWeights {
  readonly weights: NamedTensors;
  /** Of the drawn tensors alone, so that it is the same for every normalization. */
  readonly hash: string;
}

export type StartWeightsSource = (network: NetworkSpec, norm: Norm, seed: number) => StartWeights;

/** Everything that is decided before the first step. */
export interface PreparedRun {
  readonly plan: RunPlan;
  readonly engineConfig: EngineConfig;
  readonly weights: NamedTensors;
}

/**
 * Works out what a run will do.
 * @param steps of a learning-rate finder; a training run's follow from its epochs.
 * @throws {SetupError} when the settings do not fit the data set.
 */
export function prepareRun(
  experiment: Experiment,
  dataset: Dataset,
  startWeights: StartWeightsSource,
  steps?: number,
): PreparedRun {
  const { batchSize, epochs, seed, norm } = experiment;
  const trainCount = limited(experiment.trainLimit, dataset.train.count);
  const validCount = limited(experiment.validLimit, dataset.valid.count);
  if (batchSize > trainCount) {
    throw new SetupError(`Batch size ${batchSize} is larger than the ${trainCount} training images.`);
  }
  if (validCount === 0) throw new SetupError('The data set has no validation images.');
  const stepsPerEpoch = Math.floor(trainCount / batchSize);
  const totalSteps = steps ?? stepsPerEpoch * epochs;
  if (steps === undefined && experiment.schedule === 'one-cycle' && totalSteps < 2) {
    throw new SetupError(
      `One-cycle needs at least 2 steps, and ${trainCount} training images in batches of ${batchSize} make 1: ` +
        'use a smaller batch size, more images, more epochs or the constant schedule.',
    );
  }
  const classes = dataset.info.classNames.length;
  const network = resnet18({ width: experiment.width, stemPadding: experiment.stemPadding, classes });
  const { weights, hash } = startWeights(network, norm, seed);
  return {
    plan: {
      experiment,
      totalSteps,
      stepsPerEpoch,
      trainCount,
      validCount,
      initialWeightsHash: hash,
      orderHash: orderHash(seed, trainCount, batchSize),
    },
    engineConfig: {
      network,
      norm,
      ws: experiment.ws,
      batchSize,
      optimizer: experiment.optimizer,
      weightDecay: experiment.weightDecay,
      augmentation: experiment.augmentation,
      seed,
      dataset: {
        info: dataset.info,
        train: firstImages(dataset.train, trainCount),
        valid: firstImages(dataset.valid, validCount),
      },
    },
    weights,
  };
}

/** Order of the images in one epoch of a run: `batchSize` indices per step. */
export function orderOf(plan: RunPlan, epoch: number): Uint32Array {
  const { seed, batchSize } = plan.experiment;
  return epochOrder(seed, epoch, plan.trainCount, batchSize);
}

function limited(limit: number, count: number): number {
  return limit === 0 ? count : Math.min(limit, count);
}

/** Views, not copies. */
function firstImages(set: ImageSet, count: number): ImageSet {
  return {
    count,
    images: set.images.subarray(0, count * IMAGE_BYTES),
    labels: set.labels.subarray(0, count),
  };
}

/**
 * Eight hexadecimal digits over the batches of the first epoch (FNV-1a over words); those of later epochs
 * come from the same seed and the same number of images.
 */
function orderHash(seed: number, trainCount: number, batchSize: number): string {
  let hash = 0x811c9dc5;
  for (const word of [batchSize, ...epochOrder(seed, 0, trainCount, batchSize)]) {
    hash = Math.imul(hash ^ word, 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
