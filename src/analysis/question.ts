import { areEqualArms, finderArm } from '#domain/arms.ts';
import { armName } from '#domain/experiment.ts';
import type { Experiment } from '#domain/experiment.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { defaultFinderSettings } from '#domain/run.ts';
import type { QuestionRef, Study } from '#domain/study.ts';

/** Runs of one question that are started together; the id is given when they are. */
export type StudyPlan = Omit<Study, 'id'>;

export type QuestionId = 'P1' | 'P2' | 'P3' | 'P4' | 'P5' | 'P6' | 'P7' | 'P8' | 'P12' | 'P14';

/** One size of a question: everything that has to run to answer it. */
export interface QuestionSize {
  /** Says what is reduced. */
  readonly title: string;
  /** What it leaves out, and what it takes. */
  readonly note: string;
  readonly studies: readonly StudyPlan[];
}

/** One line of the notebook's epoch tables. */
export interface GhostRow {
  readonly epoch: number;
  readonly trainLoss: number;
  readonly validLoss: number;
  readonly milliseconds: number;
}

/** A run of the post's notebook, to be drawn beside ours as hollow points. */
export interface GhostRun {
  readonly label: string;
  /** Of its settings, what the notebook varied. */
  readonly settings: Pick<
    Experiment,
    'norm' | 'ws' | 'batchSize' | 'schedule' | 'maxLearningRate' | 'epochs'
  >;
  readonly rows: readonly GhostRow[];
  /** As the notebook printed it, m:ss or h:mm:ss. */
  readonly total: string;
  readonly note: string;
}

/** A finder of the post's notebook: points that were read off the picture of its curve. */
export interface GhostFinder {
  readonly label: string;
  readonly settings: Pick<Experiment, 'norm' | 'ws' | 'batchSize'>;
  /** Lowest smoothed loss. */
  readonly minimum: { readonly loss: number; readonly rate: number };
  /** Where the smoothed loss was so far above its minimum, as a share of it. */
  readonly above: readonly { readonly share: number; readonly rate: number }[];
  readonly note: string;
}

/** Whether a run of the notebook has the arm and the batch size of an experiment. */
export function isArmOfGhost(
  { settings }: GhostRun | GhostFinder,
  arm: Pick<Experiment, 'norm' | 'ws' | 'wsGain' | 'batchSize'>,
): boolean {
  return armName(settings) === armName(arm) && settings.batchSize === arm.batchSize;
}

/** Whether an experiment is that of a run of the notebook: at another rate or schedule it is another one. */
export function isRunOfGhost(ghost: GhostRun, experiment: Experiment): boolean {
  return isArmOfGhost(ghost, experiment) && isAtRateOfGhost(ghost, experiment);
}

/** Whether an arm was trained as the notebook trained: at its rate, under its schedule. */
export function isAtRateOfGhost(
  { settings }: GhostRun,
  { schedule, maxLearningRate }: Pick<Experiment, 'schedule' | 'maxLearningRate'>,
): boolean {
  return settings.schedule === schedule && settings.maxLearningRate === maxLearningRate;
}

/** A claim of the post (or a question it left open) with the runs that test it. */
export interface Question {
  readonly id: QuestionId;
  /** As one asks it. */
  readonly title: string;
  /** What the post says, in other words. */
  readonly claim: string;
  /** What the notebook's own evidence is. */
  readonly evidence: string;
  /** What is computed from the runs. */
  readonly measure: string;
  /** When that speaks for or against the claim. */
  readonly rule: string;
  readonly sizes: Readonly<Record<QuestionRef['size'], QuestionSize>>;
  readonly ghosts: readonly GhostRun[];
  readonly finderGhosts?: readonly GhostFinder[];
}

/** Settings of the notebook (its optimizer, schedule and network), with what a question changes. */
export function asInPost(changes: Partial<Experiment>): Experiment {
  return { ...defaultExperiment(), width: 64, stemPadding: 0, epochs: 3, ...changes };
}

/** How far the quick sizes are reduced: a sixteenth of the network's work, an eighth of the images. */
export const QUICK = { width: 16, trainLimit: 6400, validLimit: 2000 } as const;

/** At batch size 2 a step costs much the same on any GPU, so quick sizes save steps. */
export const QUICK_TINY_BATCH = { ...QUICK, trainLimit: 2000 } as const;

/** Plain, then with Weight Standardization. */
export function withAndWithoutWs(experiment: Experiment): readonly [Experiment, Experiment] {
  return [
    { ...experiment, ws: false },
    { ...experiment, ws: true },
  ];
}

/** 0, 1, 2 … */
export function seeds(count: number): readonly number[] {
  return Array.from({ length: count }, (_, seed) => seed);
}

/** Training runs that take their steps in turn. */
export function race(
  question: QuestionRef,
  title: string,
  arms: readonly Experiment[],
  seedCount: number,
): StudyPlan {
  return { title, kind: 'train', mode: 'race', arms, seeds: seeds(seedCount), finder: undefined, question };
}

/** Learning-rate finders over fastai's range, one after another: those of one seed are paired all the same. */
export function finders(
  question: QuestionRef,
  title: string,
  arms: readonly Experiment[],
  seedCount: number,
  steps: number,
): StudyPlan {
  const finder = { ...defaultFinderSettings, steps };
  return { title, kind: 'finder', mode: 'queue', arms, seeds: seeds(seedCount), finder, question };
}

/**
 * Whether a plan still has every run that a study of a question is decided by: the arms and the ramp. Seeds, their
 * order, how the runs share the GPU and further arms change nothing about what the rules read.
 */
export function holdsStudy(plan: StudyPlan, study: StudyPlan): boolean {
  return (
    plan.kind === study.kind &&
    isSameRamp(plan.finder, study.finder) &&
    study.arms.every((arm) => plan.arms.some((other) => isSameArm(plan, arm, other)))
  );
}

/** Whether two arms of a plan compute the same, the seed aside: finders do not use all settings. */
export function isSameArm({ kind }: Pick<StudyPlan, 'kind'>, a: Experiment, b: Experiment): boolean {
  return kind === 'finder' ? areEqualArms(finderArm(a), finderArm(b)) : areEqualArms(a, b);
}

/** Whether two finders go through the same rates in as many steps; two that are absent do. */
export function isSameRamp(a: StudyPlan['finder'], b: StudyPlan['finder']): boolean {
  return a?.start === b?.start && a?.end === b?.end && a?.steps === b?.steps;
}

/** Runs, steps and images of studies on a data set: what a time estimate multiplies. */
export interface StudyWork {
  readonly runs: number;
  readonly steps: number;
  readonly trainImages: number;
  readonly validImages: number;
}

/** What studies will compute on a data set of so many images. */
export function workOf(
  studies: readonly StudyPlan[],
  dataset: { readonly trainCount: number; readonly validCount: number },
): StudyWork {
  const total = { runs: 0, steps: 0, trainImages: 0, validImages: 0 };
  for (const { arms, seeds: repeated, finder } of studies) {
    for (const { batchSize, epochs, trainLimit, validLimit } of arms) {
      const used = trainLimit === 0 ? dataset.trainCount : Math.min(trainLimit, dataset.trainCount);
      const validated = validLimit === 0 ? dataset.validCount : Math.min(validLimit, dataset.validCount);
      const steps = finder ? finder.steps : Math.floor(used / batchSize) * epochs;
      total.runs += repeated.length;
      total.steps += repeated.length * steps;
      total.trainImages += repeated.length * steps * batchSize;
      total.validImages += finder ? 0 : repeated.length * epochs * validated;
    }
  }
  return total;
}
