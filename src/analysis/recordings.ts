import type { Experiment } from '#domain/experiment.ts';
import type { Question, QuestionId, StudyPlan } from './question.ts';
import { questionById } from './questions.ts';

/**
 * Runs that come with the page, so that somebody without a GPU has curves to look at: the quick size of a question,
 * reduced once more to what a processor trains in a minute or two. `scripts/record.mjs` makes them.
 */
export interface Recording {
  readonly question: QuestionId;
  /** Beside the page. */
  readonly file: string;
  readonly kind: 'train' | 'finder';
  readonly runs: number;
  /** How far it is reduced, for people. */
  readonly note: string;
}

/** How one recording is reduced. Other rows of the quick size are left out. */
interface Reduction {
  readonly question: QuestionId;
  readonly seeds: number;
  /** Of the quick size's studies, those that are recorded; all of a recording are of one kind. */
  readonly studies: readonly number[];
  readonly epochs?: number;
  /** Steps of an epoch. */
  readonly steps?: number;
}

const WIDTH = 8;
const VALID_IMAGES = 256;

const reductions: readonly Reduction[] = [
  { question: 'P1', studies: [0], seeds: 2, epochs: 3, steps: 10 },
  { question: 'P2', studies: [0], seeds: 3 },
  { question: 'P3', studies: [0, 1], seeds: 1, epochs: 2, steps: 150 },
  { question: 'P4', studies: [0], seeds: 1, epochs: 2, steps: 4 },
  { question: 'P8', studies: [0], seeds: 1, epochs: 2, steps: 150 },
  { question: 'P12', studies: [0, 1], seeds: 1, epochs: 1, steps: 150 },
];

/** What comes with the page, in the order of the questions. */
export const recordings: readonly Recording[] = reductions.map((reduction) => {
  const plans = reducedPlans(reduction);
  const { question, seeds } = reduction;
  return {
    question,
    file: `recorded/${question.toLowerCase()}.json`,
    kind: plans[0]!.kind,
    runs: plans.reduce((sum, plan) => sum + plan.arms.length * plan.seeds.length, 0),
    note: `width ${WIDTH}, ${workOf(plans[0]!)}, ${seeds === 1 ? 'one seed' : `${seeds} seeds`}, built-in images`,
  };
});

/** The studies of a recording. @throws {RangeError} for a question without one. */
export function recordedPlans(question: QuestionId): readonly StudyPlan[] {
  const reduction = reductions.find((one) => one.question === question);
  if (!reduction) throw new RangeError(`No recording answers ${question}.`);
  return reducedPlans(reduction);
}

function reducedPlans(reduction: Reduction): readonly StudyPlan[] {
  const { sizes }: Question = questionById(reduction.question)!;
  return reduction.studies.map((index) => {
    const plan = sizes.quick.studies[index]!;
    return {
      ...plan,
      // Its runs do not count as an answer: they are smaller than those that the question asks for.
      question: undefined,
      title: `${reduction.question}, recorded: ${plan.title}`,
      seeds: plan.seeds.slice(0, reduction.seeds),
      arms: plan.arms.map((arm) => reduced(arm, reduction)),
    };
  });
}

function reduced(arm: Experiment, { epochs, steps }: Reduction): Experiment {
  return {
    ...arm,
    width: WIDTH,
    validLimit: VALID_IMAGES,
    epochs: epochs ?? arm.epochs,
    trainLimit: steps === undefined ? arm.trainLimit : steps * arm.batchSize,
  };
}

function workOf({ arms, finder }: StudyPlan): string {
  const { trainLimit, batchSize, epochs } = arms[0]!;
  if (finder) return `${finder.steps} steps`;
  return `${epochs === 1 ? 'one epoch' : `${epochs} epochs`} of ${trainLimit / batchSize} steps`;
}
