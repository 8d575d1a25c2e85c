import type { Experiment } from '#domain/experiment.ts';
import type { FinderSettings } from '#domain/run.ts';

/** What the optimizer uses at one step. */
export interface StepValues {
  readonly learningRate: number;
  /** SGD's momentum, or AdamW's first beta. */
  readonly momentum: number;
}

/** The same for every step of a run: entry k belongs to the update of batch k. */
export interface ScheduleValues {
  readonly learningRate: Float64Array;
  readonly momentum: Float64Array;
}

/** The constants of fastai v1's `OneCycleScheduler`. */
export const ONE_CYCLE = {
  /** The first learning rate is the largest divided by this. */
  startDivisor: 25,
  /** The last one, never reached, is the largest divided by this. */
  endDivisor: 25 * 1e4,
  /** Share of the steps that rise. */
  riseShare: 0.3,
  highMomentum: 0.95,
  lowMomentum: 0.85,
} as const;

/** First beta while the learning-rate finder runs. */
export const FINDER_MOMENTUM = 0.9;

/** Cosine from `start` (position 0) to `end` (position 1): fastai v1's `annealing_cos`. */
function cosine(start: number, end: number, position: number): number {
  return end + ((start - end) / 2) * (Math.cos(Math.PI * position) + 1);
}

/**
 * One-cycle policy in closed form: the values of batch `step` of `totalSteps`.
 *
 * The learning rate rises from M / 25 to M over the first 30 % of the steps and falls towards M / 250,000;
 * momentum goes the other way. The peak falls on step floor(0.3 N) exactly.
 *
 * @param step 0-based.
 * @param maxLearningRate M.
 * @throws {RangeError} when `totalSteps` is below 2 or `step` is not one of them.
 *
 * Source: fastai v1, `callbacks/one_cycle.py`, as a formula instead of a state machine; a first phase of no
 * steps has length 1 there, and the second keeps its own length.
 */
export function oneCycleV1(step: number, totalSteps: number, maxLearningRate: number): StepValues {
  if (!(totalSteps >= 2)) throw new RangeError(`one-cycle needs at least 2 steps, not ${totalSteps}`);
  if (!(step >= 0 && step < totalSteps))
    throw new RangeError(`step ${step} is not in 0 to ${totalSteps - 1}`);
  const planned = Math.floor(ONE_CYCLE.riseShare * totalSteps);
  const rise = Math.max(1, planned);
  const fall = totalSteps - planned;
  const { highMomentum, lowMomentum } = ONE_CYCLE;
  if (step <= rise) {
    const position = step / rise;
    return {
      learningRate: cosine(maxLearningRate / ONE_CYCLE.startDivisor, maxLearningRate, position),
      momentum: cosine(highMomentum, lowMomentum, position),
    };
  }
  const position = (step - rise) / fall;
  return {
    learningRate: cosine(maxLearningRate, maxLearningRate / ONE_CYCLE.endDivisor, position),
    momentum: cosine(lowMomentum, highMomentum, position),
  };
}

/**
 * Learning rate and momentum of every step of a training run.
 * @throws {RangeError} when the schedule cannot have `totalSteps` steps.
 */
export function scheduleTable(
  experiment: Pick<Experiment, 'schedule' | 'maxLearningRate' | 'momentum'>,
  totalSteps: number,
): ScheduleValues {
  const learningRate = new Float64Array(totalSteps);
  const momentum = new Float64Array(totalSteps);
  switch (experiment.schedule) {
    case 'constant':
      learningRate.fill(experiment.maxLearningRate);
      momentum.fill(experiment.momentum);
      break;
    case 'one-cycle':
      for (let step = 0; step < totalSteps; step++) {
        const values = oneCycleV1(step, totalSteps, experiment.maxLearningRate);
        learningRate[step] = values.learningRate;
        momentum[step] = values.momentum;
      }
      break;
  }
  return { learningRate, momentum };
}

/** η_k = start · (end / start)^(k / steps): `end` itself belongs to k = steps and is never used. */
export function finderLearningRate(step: number, { start, end, steps }: FinderSettings): number {
  return start * (end / start) ** (step / steps);
}

/**
 * The ramp of the learning-rate finder, with momentum held at fastai's 0.9.
 * Source: fastai v1, `callbacks/lr_finder.py`.
 */
export function finderSchedule(settings: FinderSettings): ScheduleValues {
  return {
    learningRate: Float64Array.from({ length: settings.steps }, (_, step) =>
      finderLearningRate(step, settings),
    ),
    momentum: new Float64Array(settings.steps).fill(FINDER_MOMENTUM),
  };
}
