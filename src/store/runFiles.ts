/** Names of the files of a run, all in one folder. */
export const EVENTS = 'events.log';
export const STEPS = 'steps.log';
/** The file of weights that a run was started from, as it came. */
export const GIVEN_WEIGHTS = 'given.safetensors';

const FOLDER_PREFIX = 'run-';

/** @param runId letters, digits, '_' and '-' only, as `runIdSchema` has it. */
export function folderOf(runId: string): string {
  return FOLDER_PREFIX + runId;
}

/** Undefined for a folder that is no run's. */
export function runIdOf(folder: string): string | undefined {
  return folder.startsWith(FOLDER_PREFIX) ? folder.slice(FOLDER_PREFIX.length) : undefined;
}
