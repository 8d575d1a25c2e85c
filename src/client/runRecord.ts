import type { Experiment } from '#domain/experiment.ts';
import type {
  Divergence,
  EpochRow,
  FinderResult,
  FinderSettings,
  Preparation,
  RunPlan,
  RunStatus,
} from '#domain/run.ts';
import type { MetricBuffer } from './metricBuffer.ts';

interface RecordBase {
  readonly id: string;
  /** 1-based order of start within its kind: 'run 3', 'finder 2'. */
  readonly number: number;
  readonly experiment: Experiment;
  /** Title of the data set it ran on. */
  readonly datasetTitle: string;
  readonly status: RunStatus;
  /** Why it failed or was interrupted, for people. */
  readonly detail: string | undefined;
  /** What the user asked for and the worker has not confirmed yet. */
  readonly asked: 'pause' | 'resume' | 'stop' | undefined;
  readonly plan: RunPlan | undefined;
  /** How far the preparation is, while the status is 'preparing' and there is something to wait for. */
  readonly preparation?: Preparation;
  /** Mutable and shared; `ClientState.metricsVersion` says when it changed. */
  readonly metrics: MetricBuffer;
}

export interface TrainRecord extends RecordBase {
  readonly kind: 'train';
  readonly epochs: readonly EpochRow[];
  readonly validating: { readonly done: number; readonly total: number } | undefined;
  readonly divergence: Divergence | undefined;
}

export interface FinderRecord extends RecordBase {
  readonly kind: 'finder';
  readonly settings: FinderSettings;
  readonly result: FinderResult | undefined;
}

/** A run of this visit as the page knows it; a new object whenever one of its fields changes. */
export type RunRecord = TrainRecord | FinderRecord;
