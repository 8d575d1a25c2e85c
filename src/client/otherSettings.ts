import type { Experiment } from '#domain/experiment.ts';
import type { TrainRecord } from './runRecord.ts';
import type { WantedAgain, WantedFork } from './studyQueue.ts';

/** A run that goes on with other settings, from its newest sound state of at most `step` steps. */
export function wantedFork(run: TrainRecord, experiment: Experiment, step: number): WantedFork {
  const { id: runId, number, origin, options } = run;
  const of = { runId, step: Math.min(step, soundSteps(run)), number };
  return { of, options, experiment, rateReason: keptReason(run, experiment), origin };
}

/** A run that begins again with other settings. */
export function wantedAgain(run: TrainRecord, experiment: Experiment): WantedAgain {
  const { number, origin, options } = run;
  return { number, origin, options, experiment, rateReason: keptReason(run, experiment) };
}

/** Steps after which the state of a run is sound: the one after `divergence.step` steps is whose loss broke the rule. */
export function soundSteps({ divergence, stepCount, metrics }: TrainRecord): number {
  return divergence === undefined ? Math.max(stepCount, metrics.count) : Math.max(0, divergence.step - 1);
}

/** Why the learning rate of a run is what it is, for one with other settings that keeps it. */
function keptReason(run: TrainRecord, { maxLearningRate }: Experiment): string {
  return (maxLearningRate === run.experiment.maxLearningRate && run.rateReason) || '';
}
