import type { RunRecord, TrainRecord } from '#client/runRecord.ts';
import { stepsOfRule } from '#domain/runOptions.ts';
import type { StopRule } from '#domain/runOptions.ts';

/** Steps that a run has done, also while its series are not loaded. */
export function stepsDone({ stepsLoaded, metrics, stepCount }: RunRecord): number {
  return stepsLoaded === 'live' ? metrics.count : stepCount;
}

/** Steps of all epochs, or of a finder's ramp. */
export function wholeSteps(run: RunRecord): number {
  return run.kind === 'finder' ? run.settings.steps : (run.plan?.totalSteps ?? 0);
}

/** Steps that a run can take: to its last epoch, or to where its stop rule ends it. */
export function totalSteps(run: RunRecord): number {
  const whole = wholeSteps(run);
  const rule = run.kind === 'train' ? openRule(run) : undefined;
  return Math.min(whole, stepsOfRule(rule, run.experiment.batchSize) ?? whole);
}

/** The stop rule of a run, unless it goes on beyond what that has ended before. */
export function openRule(run: TrainRecord): StopRule | undefined {
  const { options, metrics, experiment } = run;
  const rule = options?.stopRule;
  const isPassed =
    stepsDone(run) > (stepsOfRule(rule, experiment.batchSize) ?? Infinity) ||
    (rule?.kind === 'minutes' && metrics.at('elapsedMs', metrics.count - 2) > rule.value * 60_000);
  return isPassed ? undefined : rule;
}

/** How much of a run is done, 0 to 1. */
export function shareDone(run: RunRecord): number {
  const total = totalSteps(run);
  return total > 0 ? Math.min(1, stepsDone(run) / total) : 0;
}
