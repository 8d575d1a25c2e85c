import type { RunRecord } from '#client/runRecord.ts';
import { setupActions } from './setupStore.ts';

/** Makes the set-up what a run was started with. @returns what to say of it, in sentences. */
export function loadSetupOf(run: RunRecord): string {
  setupActions.load(run.experiment, run.rateReason);
  if (run.kind === 'finder') setupActions.setFinder(run.settings);
  else setupActions.setOptions(run.options ?? {});
  // Those of another run would make another start of it.
  setupActions.setWeights(undefined);
  return run.givenWeights === undefined
    ? 'The set-up is that of the run.'
    : `The set-up is that of the run, but for its start weights: choose ${run.givenWeights || 'their file'} again.`;
}
