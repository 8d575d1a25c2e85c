import type { Divergence, EpochRow, Preparation, RunPlan, RunStatus, StepChunk } from '#domain/run.ts';

/** Where a run tells its story. Calls come in order; none of them may throw or wait. */
export interface RunReporter {
  status(status: RunStatus, detail?: string): void;
  plan(plan: RunPlan): void;
  preparing(preparation: Preparation): void;
  /** The arrays belong to the receiver. */
  steps(chunk: StepChunk): void;
  validating(done: number, total: number): void;
  epoch(row: EpochRow): void;
  diverged(divergence: Divergence): void;
}
