import type { StudyQueue } from '#client/studyQueue.ts';
import { studyOf } from '#client/studyQueue.ts';
import type { DatedReport } from '#client/gpuMeasurement.ts';
import type { RunRecord } from '#client/runRecord.ts';
import type { StudyPlan } from '#analysis/question.ts';
import type { BenchmarkRow } from '#domain/benchmark.ts';
import type { DatasetInfo } from '#domain/dataset.ts';
import { stepsOfRule } from '#domain/runOptions.ts';
import type { StopRule } from '#domain/runOptions.ts';
import { isClipped } from '#domain/experiment.ts';
import type { Experiment } from '#domain/experiment.ts';
import type { FinderSettings } from '#domain/run.ts';
import { convNorms, parameterTable, resnet18 } from '#domain/resnet.ts';
import { formatRemaining } from './format.ts';
import { runSize } from './plan.ts';
import { openRule, shareDone } from './runSteps.ts';

/** Validation is a forward pass: about a third of training on as many images. */
const VALIDATION_SHARE = 1 / 3;

/** Measured milliseconds per step, by what decides them. */
export type StepTimes = ReadonlyMap<string, number>;

function shapeKey({
  norm,
  ws,
  batchSize,
  width,
  ...rest
}: Pick<Experiment, 'norm' | 'ws' | 'batchSize' | 'width' | 'gradientClip'>): string {
  return `${norm} ${ws}${isClipped(rest) ? ' clipped' : ''} ${batchSize} ${width}`;
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
  // A fork begins inside an epoch, and its series at the first step of the run that it goes on from.
  const forkStep = run.kind === 'train' ? run.forkOf?.step : undefined;
  const epochs = run.kind === 'train' ? run.epochs.slice(forkStep === undefined ? 0 : 1) : [];
  const epoch = epochs.at(-1);
  if (epoch && run.plan) return epoch.milliseconds / epochSteps(run.experiment, run.plan);
  const times = run.metrics.series('elapsedMs');
  const steps = times.length - (forkStep ?? 0);
  if (steps >= LEAST_STEPS) return times.at(-1)! / steps;
  const { stepTime } = run;
  return stepTime && stepTime.steps >= LEAST_STEPS ? stepTime.milliseconds / stepTime.steps : undefined;
}

/** How long something takes on this device, as far as it was measured. */
export interface TimeEstimate {
  readonly ms: number;
  /** The time of a step is that of another network of the size. */
  readonly isBorrowed: boolean;
  /** Of some of it nothing was measured: it takes at least this. */
  readonly isPartial: boolean;
}

/** How long one run takes; undefined where nothing of its kind was measured on this device. */
export function runTime(
  experiment: Experiment,
  finder: FinderSettings | undefined,
  info: DatasetInfo,
  times: StepTimes,
  rule?: StopRule,
): TimeEstimate | undefined {
  const own = times.get(shapeKey(experiment));
  const stepTime = own ?? similarTime(experiment, times);
  if (stepTime === undefined) return undefined;
  const known = { isBorrowed: own === undefined, isPartial: false };
  if (finder) return { ms: finder.steps * stepTime, ...known };
  const size = runSize(experiment, info);
  const wholeMs = experiment.epochs * epochSteps(experiment, size) * stepTime;
  // A target loss may end it at any time: then it is at most that.
  const limitMs = rule?.kind === 'minutes' ? rule.value * 60_000 : Infinity;
  const share = (stepsOfRule(rule, experiment.batchSize) ?? Infinity) / size.totalSteps;
  return { ms: Math.min(wholeMs * Math.min(1, share), limitMs), ...known };
}

/** The slowest of the same size with another normalization. */
function similarTime({ batchSize, width }: Experiment, times: StepTimes): number | undefined {
  const similar = [...times].flatMap(([key, ms]) => (key.endsWith(` ${batchSize} ${width}`) ? [ms] : []));
  return similar.length > 0 ? Math.max(...similar) : undefined;
}

/** Several together, each as often as its weight says. */
function together(
  parts: readonly { readonly time: TimeEstimate | undefined; readonly weight: number }[],
): TimeEstimate {
  return {
    ms: parts.reduce((sum, { time, weight }) => sum + weight * (time?.ms ?? 0), 0),
    isBorrowed: parts.some(({ time }) => time?.isBorrowed),
    isPartial: parts.some(({ time }) => time === undefined),
  };
}

/** How long studies take together. */
export function studiesTime(
  studies: readonly StudyPlan[],
  info: DatasetInfo,
  times: StepTimes,
): TimeEstimate {
  return together(
    studies.flatMap(({ arms, seeds, finder, options }) =>
      arms.map((arm) => ({
        time: runTime(arm, finder, info, times, options?.stopRule),
        weight: seeds.length,
      })),
    ),
  );
}

/** The same in milliseconds; undefined where a part of them was never measured. */
export function studiesMs(
  studies: readonly StudyPlan[],
  info: DatasetInfo,
  times: StepTimes,
): number | undefined {
  const { ms, isPartial } = studiesTime(studies, info, times);
  return isPartial ? undefined : ms;
}

/** What a queue has left, from the share that its going runs have done. */
export function queueTime(
  queue: StudyQueue,
  runs: readonly RunRecord[],
  info: DatasetInfo,
  times: StepTimes,
): TimeEstimate {
  const left = queue.entries.filter(({ state }) => state !== 'done' && state !== 'skipped');
  return together(
    left.map((entry) => {
      const { finder, options } = studyOf(queue, entry);
      const run = runs.find(({ id }) => id === entry.runId);
      const rule = run?.kind === 'train' ? openRule(run) : options?.stopRule;
      return {
        time: runTime(entry.experiment, finder, info, times, rule),
        weight: 1 - (run ? shareDone(run) : 0),
      };
    }),
  );
}

/** Less of an unfinished estimate says nothing. */
const LEAST_PART_MS = 10_000;

/**
 * '18 min', '≈ 18 min', 'at least 18 min, the rest is not measured'; undefined where too little was measured.
 * @param after what follows the time itself: ' left'.
 */
export function timeText({ ms, isBorrowed, isPartial }: TimeEstimate, after = ''): string | undefined {
  const text = `${formatRemaining(ms)}${after}`;
  if (isPartial) return ms < LEAST_PART_MS ? undefined : `at least ${text}, the rest is not measured`;
  return isBorrowed && ms >= LEAST_PART_MS ? `≈ ${text}` : text;
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
