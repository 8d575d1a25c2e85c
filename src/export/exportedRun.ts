import { armName } from '#domain/experiment.ts';
import type { KeptRun } from '#domain/keptRun.ts';
import type { ForkOrigin, StepChunk } from '#domain/run.ts';

/** A run with everything it recorded: what leaves the page, and what comes back from a file. */
export interface ExportedRun {
  readonly run: KeptRun;
  /** All steps, from step 0 on; of a fork from the step where it began. */
  readonly steps: StepChunk;
  /** Indices of the training images of the first batches, to compare with another program's. */
  readonly firstBatches?: readonly (readonly number[])[];
}

/** The name that a person gave, or 'BN+WS #3'. */
export function runName({ run: { notes, header } }: Pick<ExportedRun, 'run'>): string {
  return notes.name === '' ? `${armName(header.experiment)} #${header.number}` : notes.name;
}

/** The steps that a run has taken itself: what lies before the beginning of a fork was never recorded. */
export function ownSteps(steps: StepChunk, forkOf: ForkOrigin | undefined): StepChunk {
  const before = Math.min((forkOf?.step ?? 0) - steps.firstStep, steps.losses.length);
  if (before <= 0) return steps;
  const { firstStep, losses, smoothed, learningRates, momenta, elapsedMs, wallMs } = steps;
  return {
    firstStep: firstStep + before,
    losses: losses.slice(before),
    smoothed: smoothed.slice(before),
    learningRates: learningRates.slice(before),
    momenta: momenta.slice(before),
    elapsedMs: elapsedMs.slice(before),
    ...(wallMs && { wallMs: wallMs.slice(before) }),
  };
}
