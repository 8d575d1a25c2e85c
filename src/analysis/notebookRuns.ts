import type { Experiment } from '#domain/experiment.ts';
import type { QuestionRef } from '#domain/study.ts';
import { isArmOfGhost } from './question.ts';
import type { GhostRun, Question } from './question.ts';
import { questionById } from './questions.ts';

/** What of the notebook's runs a question is about: most ask for losses, P5 for time. */
export function notebookMeasure({ id }: Pick<Question, 'id'>): 'loss' | 'time' {
  return id === 'P5' ? 'time' : 'loss';
}

/** A run of the notebook that a run of ours can be set beside. */
export interface NotebookTwin {
  readonly ghost: GhostRun;
  readonly measure: 'loss' | 'time';
}

/**
 * The notebook's run of the same arm, where the question behind a run has one. Losses stand beside those at the same
 * rate alone: at another it was another experiment. Times do not depend on it.
 */
export function notebookTwin(
  experiment: Experiment,
  reference: QuestionRef | undefined,
): NotebookTwin | undefined {
  const question = reference && questionById(reference.id);
  if (!question) return undefined;
  const measure = notebookMeasure(question);
  const ghost = question.ghosts.find(
    (one) =>
      isArmOfGhost(one, experiment) &&
      (measure === 'time' || one.settings.maxLearningRate === experiment.maxLearningRate),
  );
  return ghost && { ghost, measure };
}

/** Mean time of an epoch of the notebook with WS over that without it at the same batch size; 1.14 is 14 % more. */
export function notebookOverhead(ghost: GhostRun, ghosts: readonly GhostRun[]): number | undefined {
  const meanOf = (ws: boolean): number | undefined => {
    const run = ghosts.find((one) => isArmOfGhost(one, { ...ghost.settings, ws }));
    return run && run.rows.reduce((sum, row) => sum + row.milliseconds, 0) / run.rows.length;
  };
  const [standardized, plain] = [meanOf(true), meanOf(false)];
  return standardized !== undefined && plain !== undefined ? standardized / plain : undefined;
}
