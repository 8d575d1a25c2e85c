import type { Experiment } from './experiment.ts';

/** Tensors by torchvision's names, in this app's layouts. */
export type TensorMap = ReadonlyMap<string, Float32Array>;

/** What the gradients of a run are measured against. */
export interface GradientMemory {
  /** Median norm of its first samples; absent until there are enough. */
  readonly first?: number;
  /** Norms of its last samples, oldest first. */
  readonly last: readonly number[];
}

/**
 * Everything that the next step depends on, and what is needed to refuse a wrong continuation. The batch order,
 * augmentation and schedule follow from the experiment and the step alone (counter-based generators), so their
 * position is `step`. The smoothed loss and the divergence rule are fed again with the kept losses.
 */
export interface Checkpoint {
  readonly runId: string;
  /** Steps done; the metric log is valid up to here. */
  readonly step: number;
  readonly experiment: Experiment;
  readonly datasetHash: string;
  /** Of the device that computed it; another one may continue, but not bit for bit. */
  readonly device: string;
  /** Of NormLab. */
  readonly version: string;
  /** `RunPlan.tilesHash` of the run when it was computed; with other tiles it may go on, but not bit for bit. */
  readonly tilesHash?: string;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  /** Compute time of the run, and at the start of the current epoch, pauses excluded; milliseconds. */
  readonly elapsedMs: number;
  readonly epochStartedMs: number;
  /** Absent in states of earlier versions, whose runs go on without this part of the divergence rule. */
  readonly gradients?: GradientMemory;
  readonly parameters: TensorMap;
  /** Running statistics. */
  readonly buffers: TensorMap;
  /** AdamW: first and second moment; SGD: velocity. Keyed like `parameters`. */
  readonly moments: readonly TensorMap[];
}
