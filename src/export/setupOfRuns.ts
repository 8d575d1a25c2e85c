import { groupByArm, isOfItsSeed } from '#analysis/repeats.ts';
import type { KeptRun } from '#domain/keptRun.ts';
import { areEqualOptions } from '#domain/runOptions.ts';
import type { SharedSetup } from './urlState.ts';

type Header = KeptRun['header'];

/**
 * The set-up that would compute some runs again: of one run its settings, of several a study of their arms and seeds,
 * with the data set, the options and the question that they share.
 * Of training runs and finders together it is that of the training runs, and of those that it can make again where
 * there are such: a fork's state and given weights are no part of a set-up. Undefined where there are no runs.
 */
export function setupOfRuns(headers: readonly Header[]): SharedSetup | undefined {
  const trained = headers.filter(({ kind }) => kind === 'train');
  const ofKind = trained.length > 0 ? trained : headers;
  const ofSeeds = ofKind.filter(isOfItsSeed);
  const runs = ofSeeds.length > 0 ? ofSeeds : ofKind;
  const [first] = runs;
  if (!first) return undefined;
  const arms = groupByArm(runs);
  const seeds = [...new Set(runs.map(({ experiment }) => experiment.seed))];
  const { dataset } = first;
  // Sets that were made up for a test have no hash.
  const isOneSet = dataset.hash !== '' && runs.every((run) => run.dataset.hash === dataset.hash);
  const data = isOneSet ? dataset : undefined;
  const options = runs.every((run) => areEqualOptions(run.options, first.options))
    ? first.options
    : undefined;
  const reasons = arms.map((arm) => arm.runs[0]!.rateReason ?? '');
  if (arms.length === 1 && seeds.length === 1) {
    const { experiment, finder, rateReason } = first;
    return { experiment, rateReason, finder, ...(options && { options }), studies: [], active: 0, data };
  }
  const origins = runs.map(({ origin }) => origin);
  const isOneStudy = origins.every((origin) => origin?.studyId === origins[0]?.studyId);
  // A study that was changed since, or of which some runs are missing, answers it no more: opening it shows that.
  const question = isOneStudy ? origins[0]?.question : undefined;
  return {
    experiment: first.experiment,
    active: 0,
    data,
    studies: [
      {
        title: (isOneStudy && origins[0]?.studyTitle) || 'Runs of a report',
        kind: first.kind,
        mode: (isOneStudy && origins[0]?.mode) || 'queue',
        // One seed for all: those of a study are listed beside its arms.
        arms: arms.map((arm) => ({ ...arm.runs[0]!.experiment, seed: first.experiment.seed })),
        seeds,
        finder: first.finder,
        question,
        ...(reasons.some((reason) => reason !== '') && { rateReasons: reasons }),
        ...(options && { options }),
      },
    ],
  };
}
