import type { Experiment } from '#domain/experiment.ts';
import type { QuestionRef } from '#domain/study.ts';
import { formatRate } from '#lib/numberText.ts';
import { isArmOfGhost, isRunOfGhost } from './question.ts';
import type { GhostFinder, GhostRun, Question } from './question.ts';
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
 * rate and schedule alone: at another it was another experiment. Times do not depend on it.
 */
export function notebookTwin(
  experiment: Experiment,
  reference: QuestionRef | undefined,
): NotebookTwin | undefined {
  const question = reference && questionById(reference.id);
  if (!question) return undefined;
  const measure = notebookMeasure(question);
  const ghost = question.ghosts.find((one) =>
    measure === 'time' ? isArmOfGhost(one, experiment) : isRunOfGhost(one, experiment),
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

/** What the notebook had to say to a question, in a line; empty where it has nothing. */
export function notebookText(question: Question): string {
  const { ghosts, finderGhosts = [] } = question;
  if (notebookMeasure(question) === 'time') {
    return ghosts
      .flatMap((ghost) => {
        const ratio = ghost.settings.ws ? notebookOverhead(ghost, ghosts) : undefined;
        const share = ratio === undefined ? undefined : Math.round(100 * (ratio - 1));
        return share === undefined ? [] : [`batch ${ghost.settings.batchSize}: +${share} %`];
      })
      .join(', ');
  }
  return [...ghosts.map(lossText), ...finderGhosts.map(finderText)].join('; ');
}

/** 'notebook BN+WS, batch 64, LR 5e-4: valid 0.505': the last line of a notebook's table. */
function lossText({ label, rows }: GhostRun): string {
  const last = rows.at(-1);
  return last ? `${label}: valid ${last.validLoss.toFixed(3)}` : label;
}

/** 'notebook finder BN, batch 2: lowest 2.295 at 2.7e-4, +10 % at 5.2e-3' */
function finderText({ label, minimum, above }: GhostFinder): string {
  const points = above.map(({ share, rate }) => `+${Math.round(100 * share)} % at ${formatRate(rate, 3)}`);
  return [`${label}: lowest ${minimum.loss.toFixed(3)} at ${formatRate(minimum.rate, 3)}`, ...points].join(
    ', ',
  );
}
