import { epochOrder, orderHash } from '#data/order.ts';
import type { Dataset, ImageSet } from '#domain/dataset.ts';
import { IMAGE_BYTES } from '#domain/dataset.ts';
import type { Experiment, Norm } from '#domain/experiment.ts';
import { parameters } from '#domain/parameters.ts';
import { resnet18 } from '#domain/resnet.ts';
import type { NetworkSpec } from '#domain/resnet.ts';
import type { RunPlan } from '#domain/run.ts';
import { RACE_LANES } from '#domain/study.ts';
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

/** The divergence recorder measures the layers of a training run at every so many steps. */
const LAYER_SAMPLE_EVERY = 5;

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
      orderHash: batchesHash(epochOrder(seed, 0, trainCount, batchSize), batchSize),
    },
    engineConfig: {
      network,
      norm,
      ws: experiment.ws,
      batchSize,
      optimizer: experiment.optimizer,
      weightDecay: experiment.weightDecay,
      ...(experiment.wsGain === undefined ? {} : { wsGain: experiment.wsGain }),
      ...(experiment.gradientClip === undefined ? {} : { gradientClip: experiment.gradientClip }),
      augmentation: experiment.augmentation,
      seed,
      dataset: firstImages(dataset, trainCount, validCount),
      ...(steps === undefined ? { layerSampleEvery: LAYER_SAMPLE_EVERY } : {}),
    },
    weights,
  };
}

/** Settings that decide where a run starts and what it sees: those of a race share them. */
const SHARED_IN_RACE = [
  'batchSize',
  'epochs',
  'seed',
  'width',
  'stemPadding',
  'augmentation',
  'trainLimit',
  'validLimit',
] as const satisfies readonly (keyof Experiment)[];

/** @throws {SetupError} naming the first setting in which runs of a race differ, or their number. */
export function checkRace(experiments: readonly Experiment[]): void {
  const { least, most } = RACE_LANES;
  if (experiments.length < least || experiments.length > most) {
    throw new SetupError(`A race has ${least} to ${most} runs, not ${experiments.length}.`);
  }
  for (const name of SHARED_IN_RACE) {
    const values = [...new Set(experiments.map((experiment) => experiment[name]))];
    if (values.length === 1) continue;
    throw new SetupError(
      `The runs of a race must share the setting “${parameters[name].label}”: ${values.join(' and ')} differ.`,
    );
  }
}

/** Probes in an epoch, and steps that it must have: short ones are validated often enough as it is. */
const PROBES = 4;
const PROBED_STEPS = 400;

/** Steps after which validation is probed inside an epoch: at its quarters, where it is long. */
export function probeSteps({ stepsPerEpoch }: RunPlan, epoch: number): readonly number[] {
  if (stepsPerEpoch < PROBED_STEPS) return [];
  return Array.from(
    { length: PROBES - 1 },
    (_, i) => epoch * stepsPerEpoch + Math.round(((i + 1) * stepsPerEpoch) / PROBES),
  );
}

/** Order of the images in one epoch of a run: `batchSize` indices per step. */
export function orderOf(plan: RunPlan, epoch: number): Uint32Array {
  const { seed, batchSize } = plan.experiment;
  return epochOrder(seed, epoch, plan.trainCount, batchSize);
}

/** Of the first epoch's images and of where one batch ends and the next begins. */
function batchesHash(order: Uint32Array, batchSize: number): string {
  const words = new Uint32Array(order.length + 1);
  words[0] = batchSize;
  words.set(order, 1);
  return orderHash(words);
}

function limited(limit: number, count: number): number {
  return limit === 0 ? count : Math.min(limit, count);
}

/** The part of each data set that was used last: engines recognize by its identity what is on the GPU already. */
const parts = new WeakMap<Dataset, Dataset>();

/** The first images of both halves: views, not copies. */
function firstImages(dataset: Dataset, trainCount: number, validCount: number): Dataset {
  if (trainCount === dataset.train.count && validCount === dataset.valid.count) return dataset;
  const last = parts.get(dataset);
  if (last?.train.count === trainCount && last.valid.count === validCount) return last;
  const part = {
    info: dataset.info,
    train: head(dataset.train, trainCount),
    valid: head(dataset.valid, validCount),
  };
  parts.set(dataset, part);
  return part;
}

function head({ images, labels }: ImageSet, count: number): ImageSet {
  return { count, images: images.subarray(0, count * IMAGE_BYTES), labels: labels.subarray(0, count) };
}
