import type { DatasetInfo } from '#domain/dataset.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import { networks } from '#domain/arms.ts';
import { armName } from '#domain/experiment.ts';
import type { ArmSettings, Experiment } from '#domain/experiment.ts';
import { formatCount, formatRate } from '#ui/format.ts';
import { experimentProblem, runSize } from '#ui/plan.ts';

interface ForkChoice {
  readonly label: string;
  readonly change: Partial<Experiment>;
}

/** One change at a time, each a likely cure of a run that has diverged. */
export function forkChoices({ maxLearningRate, norm, ws, gradientClip }: Experiment): readonly ForkChoice[] {
  const lower = Number((maxLearningRate / 3).toPrecision(2));
  return [
    { label: `LR / 3 (${formatRate(lower)})`, change: { maxLearningRate: lower } },
    ...(norm === 'gn' ? [] : [{ label: 'GN', change: { norm: 'gn' as const, wsGain: 'unit' as const } }]),
    ...(ws ? [] : [{ label: 'WS on', change: { ws: true } }]),
    ...(gradientClip === undefined ? [{ label: 'Clip 1', change: { gradientClip: 1 } }] : []),
  ];
}

/** Every normalization that a fork of a run can go on with, its own among them, by name. */
export function forkNetworks(own: ArmSettings): ReadonlyMap<string, ArmSettings> {
  return new Map([...networks, own].map((arm) => [armName(arm), arm]));
}

/** Why a run cannot begin again with these settings, in a sentence; undefined when it can. */
export function againProblem(
  run: Pick<TrainRecord, 'datasetHash' | 'datasetTitle' | 'givenWeights'>,
  experiment: Experiment,
  info: DatasetInfo | undefined,
): string | undefined {
  if (run.givenWeights !== undefined) {
    return `It started from ${run.givenWeights || 'a file of weights'}: take its set-up in Compare, and choose that file again.`;
  }
  return info?.hash === run.datasetHash
    ? experimentProblem(experiment, info)
    : `It trains on “${run.datasetTitle}”: load that data set to start it again.`;
}

/** Why a run cannot go on with these settings after `step` steps, in a sentence; undefined when it can. */
export function forkProblem(
  run: Pick<TrainRecord, 'datasetHash' | 'datasetTitle'>,
  experiment: Experiment,
  step: number,
  info: DatasetInfo | undefined,
): string | undefined {
  if (info?.hash !== run.datasetHash) {
    return `It trains on “${run.datasetTitle}”: load that data set to fork it.`;
  }
  const problem = experimentProblem(experiment, info);
  if (problem !== undefined) return problem;
  const { totalSteps } = runSize(experiment, info);
  return step < totalSteps
    ? undefined
    : `That state has done all ${formatCount(totalSteps)} steps of ${formatCount(experiment.epochs)} ${experiment.epochs === 1 ? 'epoch' : 'epochs'}: give the fork more.`;
}
