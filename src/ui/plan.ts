import type { DatasetInfo } from '#domain/dataset.ts';
import type { Experiment } from '#domain/experiment.ts';
import { validateExperiment } from '#domain/parameters.ts';

/** How long a run of an experiment on a data set is. */
export interface RunSize {
  readonly trainCount: number;
  readonly validCount: number;
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
}

/** The last partial batch of an epoch is dropped, as in fastai v1. */
export function runSize(experiment: Experiment, info: DatasetInfo): RunSize {
  const trainCount = limited(info.trainCount, experiment.trainLimit);
  const stepsPerEpoch = Math.floor(trainCount / experiment.batchSize);
  return {
    trainCount,
    validCount: limited(info.validCount, experiment.validLimit),
    stepsPerEpoch,
    totalSteps: stepsPerEpoch * experiment.epochs,
  };
}

function limited(count: number, limit: number): number {
  return limit === 0 ? count : Math.min(count, limit);
}

/** Why an experiment cannot run on a data set, in a sentence; undefined when it can. */
export function experimentProblem(experiment: Experiment, info: DatasetInfo): string | undefined {
  const check = validateExperiment(experiment);
  if (!check.ok) return Object.values(check.errors)[0];
  const { stepsPerEpoch, totalSteps, trainCount } = runSize(experiment, info);
  if (stepsPerEpoch === 0) {
    return `Batch size must be at most ${trainCount}, the number of training images in use.`;
  }
  if (experiment.schedule === 'one-cycle' && totalSteps < 2) {
    return 'One-cycle needs at least 2 steps: more epochs or a smaller batch.';
  }
  return undefined;
}
