import type { GradientMemory } from '#domain/checkpoint.ts';
import type { LayerHistory } from '#domain/layerHistory.ts';
import type {
  Divergence,
  EpochRow,
  PairedValidation,
  Preparation,
  ProbeRow,
  RunPlan,
  RunStatus,
  StepChunk,
} from '#domain/run.ts';
import type { RunEnder } from '#domain/runOptions.ts';
import type { EngineState } from '#engine/engine.ts';

/** The difference of a run's validation losses to those of another of its race. */
export interface LanePair extends Pick<PairedValidation, 'epoch' | 'mean' | 'standardError'> {
  /** 0-based place of that other in the race. */
  readonly baseline: number;
}

/** Where a run tells its story. Calls come in order; none of them may throw or wait. */
export interface RunReporter {
  /** @param endedBy set where a stop rule has ended the run, which `detail` tells. */
  status(status: RunStatus, detail?: string, endedBy?: RunEnder): void;
  /** Before anything else, and again with the tiles once these are chosen. */
  plan(plan: RunPlan): void;
  preparing(preparation: Preparation): void;
  /** The arrays belong to the receiver. */
  steps(chunk: StepChunk): void;
  validating(done: number, total: number): void;
  epoch(row: EpochRow): void;
  /** Inside an epoch, and where a stop rule has ended the run. */
  probe(row: ProbeRow): void;
  diverged(divergence: Divergence): void;
  /** After a divergence and at the end of a run, where the engine measures layers. */
  layers(history: LayerHistory): void;
  /** In a race, against every run before it that is still going. */
  paired(validation: LanePair): void;
}

/** An engine's state, and what else a run needs to go on from it. */
export interface RunState extends EngineState {
  /** Compute time of the run, and at the start of the current epoch; milliseconds. */
  readonly elapsedMs: number;
  readonly epochStartedMs: number;
  /** Absent in states of earlier versions. */
  readonly gradients?: GradientMemory;
}

/** Where the states of a run are kept. */
export interface StateKeeper {
  /**
   * Resolves when the state is kept, or could not be: training goes on either way, so that this never rejects.
   * All steps before the state's have been reported by then.
   */
  keep(state: RunState): Promise<void>;
}
