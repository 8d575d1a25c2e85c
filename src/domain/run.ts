import type { Experiment } from './experiment.ts';

/** Life of a run. `interrupted` and `failed` keep everything recorded before. */
export type RunStatus =
  | 'preparing'
  | 'running'
  | 'paused'
  | 'finished'
  | 'stopped'
  | 'diverged'
  | 'interrupted'
  | 'failed';

export function isOver(status: RunStatus): boolean {
  return status !== 'preparing' && status !== 'running' && status !== 'paused';
}

/** One line of the epoch table, as fastai prints it. */
export interface EpochRow {
  /** 0-based, as in fastai. */
  readonly epoch: number;
  /** Steps done at its end. */
  readonly step: number;
  /** Debiased exponential mean of the training losses at the epoch's end (beta 0.98). */
  readonly trainLoss: number;
  readonly validLoss: number;
  /** Of `validLoss`, over the images: standard deviation / √images. Runs kept by old versions have none. */
  readonly standardError?: number;
  readonly accuracy: number;
  /** Training and validation time of this epoch, pauses excluded. */
  readonly milliseconds: number;
}

/** Validation inside an epoch, over the first images of the set: it costs no time of the run. */
export interface ProbeRow {
  /** Steps done. */
  readonly step: number;
  /** Validation images that it is over. */
  readonly count: number;
  readonly validLoss: number;
  /** Of `validLoss`, over the images. */
  readonly standardError?: number;
  readonly accuracy: number;
}

/** Time that the page was hidden while a run went on; milliseconds of wall-clock time since its start. */
export interface HiddenSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Consecutive training steps as they are reported; all arrays have one entry per step. */
export interface StepChunk {
  /** 0-based step of the first entry. */
  readonly firstStep: number;
  readonly losses: Float32Array;
  readonly smoothed: Float32Array;
  readonly learningRates: Float32Array;
  readonly momenta: Float32Array;
  /** Compute time since the start of the run at the read-back of each step, pauses excluded. */
  readonly elapsedMs: Float32Array;
  /** Wall-clock time since the run was started, pauses included; absent, or NaN, where it is not known. */
  readonly wallMs?: Float32Array;
}

export interface Divergence {
  /** 0-based step whose loss broke the rule. */
  readonly step: number;
  /** Its raw loss: may be NaN or infinite. */
  readonly loss: number;
  readonly learningRate: number;
  readonly reason: 'not-finite' | 'above-threshold' | 'gradient-exploded';
}

export type FinderRule = 'valley' | 'steep' | 'minimum' | 'slide' | 'v1';

/** A suggestion of one rule, and the point of the curve where it was computed. */
export interface Suggestion {
  readonly rule: FinderRule;
  /** Suggested learning rate; undefined where the rule has no answer. */
  readonly learningRate: number | undefined;
  /** Index into the finder's points of the marker; undefined without a suggestion. */
  readonly index: number | undefined;
  /** Why there is no suggestion. */
  readonly note?: string;
}

export interface FinderSettings {
  readonly start: number;
  readonly end: number;
  readonly steps: number;
}

/** The finder of fastai v1. */
export const defaultFinderSettings: FinderSettings = { start: 1e-7, end: 10, steps: 100 };

export interface FinderResult {
  /** 0-based step of the last recorded point; 0 too when nothing was recorded. */
  readonly stoppedAt: number;
  readonly reason: 'completed' | 'loss-exploded' | 'not-finite' | 'stopped';
  readonly suggestions: readonly Suggestion[];
  /** Set when the suggestions differ by more than a factor of ten. */
  readonly disagree: boolean;
}

/** Mean difference of the validation losses of two runs of a race, image by image. */
export interface PairedValidation {
  readonly epoch: number;
  /** A run before it in the race; in records of earlier versions always the first. */
  readonly baselineRunId: string;
  readonly runId: string;
  /** Loss of `runId` minus loss of `baselineRunId`. */
  readonly mean: number;
  /** Standard deviation of the differences / √images. */
  readonly standardError: number;
}

/** The run that a run continues with other settings, and the steps it had done there. */
export interface ForkOrigin {
  readonly runId: string;
  readonly step: number;
  /** The number of that run; runs of old versions do not tell it. */
  readonly number?: number;
}

/** How far the preparation of a run is. */
export interface Preparation {
  readonly stage: 'measuring tiles' | 'compiling kernels';
  readonly done: number;
  readonly total: number;
}

/** What a training run will do, known before its first step. */
export interface RunPlan {
  readonly experiment: Experiment;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  readonly trainCount: number;
  readonly validCount: number;
  /** Short hashes: equal values show that two runs start alike and see the same batches. */
  readonly initialWeightsHash: string;
  readonly orderHash: string;
  /**
   * Of the tiles and tunings that its kernels are cut by, once they are chosen: equal values, on one device and version,
   * give equal bits. Absent where there is no choice, and in runs of earlier versions.
   */
  readonly tilesHash?: string;
}
