import type { RunRequests } from './runRequests.ts';
import type { Runs } from './runs.ts';
import type { StudyRunner } from './studyRunner.ts';

/** What a lost device has cut off: the study that was going, or a run that was started alone. */
type CutOff = { readonly kind: 'study' } | { readonly kind: 'run'; readonly runId: string };

/**
 * Goes on, after the restart that follows a first loss, with what the loss has cut off, so that a night of
 * training does not end with one fault of a driver. Whatever cannot go on as it was waits for the user.
 */
export class LossRecovery {
  readonly #runs: Runs;
  readonly #requests: Pick<RunRequests, 'pending'>;
  readonly #studies: Pick<StudyRunner, 'queue' | 'resume'>;
  readonly #resumeKept: (runId: string) => Promise<void>;
  #cutOff: CutOff | undefined;

  constructor(
    runs: Runs,
    requests: Pick<RunRequests, 'pending'>,
    studies: Pick<StudyRunner, 'queue' | 'resume'>,
    resumeKept: (runId: string) => Promise<void>,
  ) {
    this.#runs = runs;
    this.#requests = requests;
    this.#studies = studies;
    this.#resumeKept = resumeKept;
  }

  /** The device was lost a moment ago; to be called before anything is told of it. */
  remember(): void {
    const [runId] = this.#requests.pending;
    if (this.#studies.queue.entries.some(({ state }) => state === 'going')) this.#cutOff = { kind: 'study' };
    else this.#cutOff = runId === undefined ? undefined : { kind: 'run', runId };
  }

  /** Runs can start again: does so once. @param datasetHash of the data in use. */
  goOn(datasetHash: string | undefined): void {
    const cutOff = this.#cutOff;
    this.#cutOff = undefined;
    if (cutOff?.kind === 'study') this.#studies.resume();
    if (cutOff?.kind !== 'run') return;
    const run = this.#runs.get(cutOff.runId);
    const isAsItWas =
      run?.kind === 'train' && run.status === 'interrupted' && run.datasetHash === datasetHash;
    // A run that was not kept could only begin again.
    if (isAsItWas && run.notKept === undefined) void this.#resumeKept(cutOff.runId);
  }
}
