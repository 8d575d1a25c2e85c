import type { StudyQueue } from '#client/studyQueue.ts';
import { studyOf } from '#client/studyQueue.ts';
import type { DatedReport } from '#client/gpuMeasurement.ts';
import type { RunRecord } from '#client/runRecord.ts';
import type { StudyPlan } from '#analysis/question.ts';
import type { BenchmarkRow } from '#domain/benchmark.ts';
import type { DatasetInfo } from '#domain/dataset.ts';
import { stepsOfRule } from '#domain/runOptions.ts';
import type { StopRule } from '#domain/runOptions.ts';
import type { Experiment } from '#domain/experiment.ts';
import type { FinderSettings } from '#domain/run.ts';
import { convNorms, parameterTable, resnet18 } from '#domain/resnet.ts';
import { runSize } from './plan.ts';

/** Validation is a forward pass: about a third of training on as many images. */
const VALIDATION_SHARE = 1 / 3;

/** Measured milliseconds per step, by what decides them. */
export type StepTimes = ReadonlyMap<string, number>;

function shapeKey({
  norm,
  ws,
  batchSize,
  width,
  gradientClip,
}: Pick<Experiment, 'norm' | 'ws' | 'batchSize' | 'width' | 'gradientClip'>): string {
  return `${norm} ${ws}${gradientClip ? ' clipped' : ''} ${batchSize} ${width}`;
}

/** Steps of training that an epoch with its validation takes as long as. */
function epochSteps(experiment: Experiment, size: { stepsPerEpoch: number; validCount: number }): number {
  return size.stepsPerEpoch + (VALIDATION_SHARE * size.validCount) / experiment.batchSize;
}

/** What was measured of NormLab, by what decides it; the oldest first. */
function ownRows(reports: readonly DatedReport[]): readonly (readonly [key: string, row: BenchmarkRow])[] {
  return reports.flatMap(({ rows, batch, width }) =>
    rows
      .filter(({ system }) => system === 'NormLab')
      .map((row) => [shapeKey({ ...row, batchSize: batch, width }), row] as const),
  );
}

/** What runs on this device and measurements of it say about the time of a step; later ones count. */
export function stepTimes(
  runs: readonly RunRecord[],
  reports: readonly DatedReport[],
  deviceTitle: string | undefined,
): StepTimes {
  const times = new Map<string, number>();
  for (const [key, { ms }] of ownRows(reports)) times.set(key, ms);
  for (const run of runs) {
    const ms = run.deviceTitle === deviceTitle ? stepMs(run) : undefined;
    if (ms !== undefined) times.set(shapeKey(run.experiment), ms);
  }
  return times;
}

/** Fewer steps than this tell no time. */
const LEAST_STEPS = 20;

function stepMs(run: RunRecord): number | undefined {
  const epoch = run.kind === 'train' ? run.epochs.at(-1) : undefined;
  if (epoch && run.plan) return epoch.milliseconds / epochSteps(run.experiment, run.plan);
  const times = run.metrics.series('elapsedMs');
  if (times.length >= LEAST_STEPS) return times.at(-1)! / times.length;
  const { stepTime } = run;
  return stepTime && stepTime.steps >= LEAST_STEPS ? stepTime.milliseconds / stepTime.steps : undefined;
}

/** How long one run takes; undefined where nothing of its kind was measured on this device. */
export function runMs(
  experiment: Experiment,
  finder: FinderSettings | undefined,
  info: DatasetInfo,
  times: StepTimes,
  rule?: StopRule,
): number | undefined {
  const ms = times.get(shapeKey(experiment)) ?? similarTime(experiment, times);
  if (ms === undefined) return undefined;
  if (finder) return finder.steps * ms;
  const size = runSize(experiment, info);
  const wholeMs = experiment.epochs * epochSteps(experiment, size) * ms;
  // A target loss may end it at any time: then it is at most that.
  const limitMs = rule?.kind === 'minutes' ? rule.value * 60_000 : Infinity;
  const share = (stepsOfRule(rule, experiment.batchSize) ?? Infinity) / size.totalSteps;
  return Math.min(wholeMs * Math.min(1, share), limitMs);
}

/** The slowest of the same size with another normalization. */
function similarTime({ batchSize, width }: Experiment, times: StepTimes): number | undefined {
  const similar = [...times].flatMap(([key, ms]) => (key.endsWith(` ${batchSize} ${width}`) ? [ms] : []));
  return similar.length > 0 ? Math.max(...similar) : undefined;
}

/** How long studies take together; undefined where a part of them was never measured. */
export function studiesMs(
  studies: readonly StudyPlan[],
  info: DatasetInfo,
  times: StepTimes,
): number | undefined {
  let total = 0;
  for (const { arms, seeds, finder, options } of studies) {
    for (const arm of arms) {
      const ms = runMs(arm, finder, info, times, options?.stopRule);
      if (ms === undefined) return undefined;
      total += seeds.length * ms;
    }
  }
  return total;
}

/** What a queue has left, from the share that its going runs have done. */
export function queueMs(
  queue: StudyQueue,
  runs: readonly RunRecord[],
  info: DatasetInfo,
  times: StepTimes,
): number | undefined {
  let total = 0;
  for (const entry of queue.entries) {
    if (entry.state === 'done' || entry.state === 'skipped') continue;
    const { finder, options } = studyOf(queue, entry);
    const ms = runMs(entry.experiment, finder, info, times, options?.stopRule);
    if (ms === undefined) return undefined;
    const run = runs.find(({ id }) => id === entry.runId);
    total += ms * (1 - (run ? shareDone(run) : 0));
  }
  return total;
}

/** How much of a run is done, 0 to 1. */
export function shareDone(run: RunRecord): number {
  const whole = run.kind === 'finder' ? run.settings.steps : (run.plan?.totalSteps ?? 0);
  const total = Math.min(whole, stepsOfRule(run.options?.stopRule, run.experiment.batchSize) ?? whole);
  const steps = run.stepsLoaded === 'live' ? run.metrics.count : run.stepCount;
  return total > 0 ? Math.min(1, steps / total) : 0;
}

/**
 * Bytes of GPU memory that training needs, estimated: weights, gradients and two moments, and for each
 * convolution its output, its normalized output and the gradient of that, for every image of a batch.
 */
export function trainingBytes({ norm, width, stemPadding, batchSize }: Experiment): number {
  const network = resnet18({ width, stemPadding, classes: 10 });
  const activations = convNorms(network).reduce(
    (sum, { conv }) => sum + conv.outSize ** 2 * conv.outChannels,
    0,
  );
  return 4 * (4 * parameterTable(network, norm).packedSize + 3 * batchSize * activations);
}

/** Measured bytes of GPU memory of a training, by what decides them. */
export type TrainingBytes = ReadonlyMap<string, number>;

/** What measurements on this device say about memory; later ones count. */
export function measuredBytes(reports: readonly DatedReport[]): TrainingBytes {
  const bytes = new Map<string, number>();
  for (const [key, { gpuBytes }] of ownRows(reports)) if (gpuBytes !== undefined) bytes.set(key, gpuBytes);
  return bytes;
}

/**
 * Bytes that a study needs at one time, measured where they were and else estimated: of all arms in a race, else of
 * the largest.
 */
export function studyBytes(
  { arms, mode }: Pick<StudyPlan, 'arms' | 'mode'>,
  measured: TrainingBytes,
): number {
  const bytes = arms.map((arm) => measured.get(shapeKey(arm)) ?? trainingBytes(arm));
  return mode === 'race' ? bytes.reduce((sum, one) => sum + one, 0) : Math.max(0, ...bytes);
}

/** Whether the memory of every arm was measured. */
export function isMeasured(arms: readonly Experiment[], measured: TrainingBytes): boolean {
  return arms.every((arm) => measured.has(shapeKey(arm)));
}
