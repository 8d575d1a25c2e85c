import { armName } from '#domain/experiment.ts';
import type { KeptRun } from '#domain/keptRun.ts';
import type { StepChunk } from '#domain/run.ts';

/** A run with everything it recorded: what leaves the page, and what comes back from a file. */
export interface ExportedRun {
  readonly run: KeptRun;
  /** All steps, from step 0 on. */
  readonly steps: StepChunk;
  /** Indices of the training images of the first batches, to compare with another program's. */
  readonly firstBatches?: readonly (readonly number[])[];
}

/** The name that a person gave, or 'BN+WS #3'. */
export function runName({ run: { notes, header } }: Pick<ExportedRun, 'run'>): string {
  return notes.name === '' ? `${armName(header.experiment)} #${header.number}` : notes.name;
}
