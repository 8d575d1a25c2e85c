import type { QuestionRef } from '#domain/study.ts';
import { holdsStudy, isRunOfGhost } from './question.ts';
import type { Question, QuestionId, QuestionSize, StudyPlan } from './question.ts';
import { questionsAsRun } from './questions/asRun.ts';
import { questionsBeyond } from './questions/beyond.ts';
import { questionsOnCost } from './questions/cost.ts';
import { questionsOnRates } from './questions/rates.ts';

const order: readonly QuestionId[] = ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8', 'P12', 'P14'];

/** The catalogue: what the post claims or leaves open, each with the runs that test it. */
export const questions: readonly Question[] = [
  ...questionsAsRun,
  ...questionsOnRates,
  ...questionsOnCost,
  ...questionsBeyond,
].toSorted((a, b) => order.indexOf(a.id) - order.indexOf(b.id));

/** A question by the id that runs carry; undefined when a later version asked it. */
export function questionById(id: string): Question | undefined {
  return questions.find((question) => question.id === id);
}

/** The size of a question that a run belongs to. */
export function questionSize(reference: QuestionRef): QuestionSize | undefined {
  return questionById(reference.id)?.sizes[reference.size];
}

/** Index of the study of a question whose runs a plan has all; undefined when there is none. */
export function heldStudy(plan: StudyPlan, reference: QuestionRef): number | undefined {
  const index = questionSize(reference)?.studies.findIndex((study) => holdsStudy(plan, study)) ?? -1;
  return index < 0 ? undefined : index;
}

/** A plan with the reason for the rates that are those of the post's notebook; it keeps those that it has. */
export function withNotebookReasons<Plan extends StudyPlan>(plan: Plan): Plan {
  if (plan.kind !== 'train' || plan.rateReasons) return plan;
  const ghosts = (plan.question && questionById(plan.question.id)?.ghosts) ?? [];
  const rateReasons = plan.arms.map((arm) =>
    ghosts.some((ghost) => isRunOfGhost(ghost, arm)) ? 'notebook' : '',
  );
  return rateReasons.includes('notebook') ? { ...plan, rateReasons } : plan;
}
