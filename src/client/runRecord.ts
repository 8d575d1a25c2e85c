import type { Experiment } from '#domain/experiment.ts';
import type { KeptRun, RunNotes } from '#domain/keptRun.ts';
import type { LayerHistory } from '#domain/layerHistory.ts';
import { isOver } from '#domain/run.ts';
import type {
  Divergence,
  EpochRow,
  FinderResult,
  FinderSettings,
  ForkOrigin,
  HiddenSpan,
  PairedValidation,
  Preparation,
  ProbeRow,
  RunPlan,
  RunStatus,
} from '#domain/run.ts';
import type { RunEnder, RunOptions } from '#domain/runOptions.ts';
import type { StepTime } from '#domain/stepTime.ts';
import type { RunOrigin } from '#domain/study.ts';
import { MetricBuffer } from './metricBuffer.ts';

/** Where the series of a run are: 'live' ones grow with this visit, others wait in the browser's storage. */
export type StepsLoaded = 'live' | 'absent' | 'loading' | 'loaded';

interface RecordBase {
  readonly id: string;
  /** 1-based order of start within its kind, over all kept runs: 'run 3', 'finder 2'. */
  readonly number: number;
  readonly experiment: Experiment;
  /** Which run of which study it is; undefined for a run that was started alone. */
  readonly origin: RunOrigin | undefined;
  /** Why its learning rate is what it is, where somebody said so. */
  readonly rateReason?: string;
  /** Absent: it trains all its epochs, and probes long ones. */
  readonly options?: RunOptions;
  /** The run that it continues with other settings. */
  readonly forkOf: ForkOrigin | undefined;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly notes: RunNotes;
  /** Title of the data set it ran on, and the hash of its contents. */
  readonly datasetTitle: string;
  readonly datasetHash: string;
  readonly deviceTitle: string;
  readonly backend: 'webgpu' | 'webgl';
  /** Of NormLab. */
  readonly version: string;
  readonly status: RunStatus;
  /** Why it failed or was interrupted, for people. */
  readonly detail: string | undefined;
  /** Set where its stop rule has ended it, which `detail` tells. */
  readonly endedBy: RunEnder | undefined;
  /** What the user asked for and the worker has not confirmed yet. */
  readonly asked: 'pause' | 'resume' | 'step' | 'stop' | undefined;
  readonly plan: RunPlan | undefined;
  /** How far the preparation is, while the status is 'preparing' and there is something to wait for. */
  readonly preparation?: Preparation;
  /** Name of the file that its initial weights came from; absent: they follow from the seed. */
  readonly givenWeights?: string;
  /** While the page was hidden; absent where it never was. */
  readonly hidden?: readonly HiddenSpan[];
  /** What its steps took, as it was kept: for as long as they are not loaded. */
  readonly stepTime?: StepTime;
  /** What the divergence recorder measured; undefined before its end, and where nothing was recorded. */
  readonly layers: LayerHistory | undefined;
  /** Steps done at the newest checkpoint; undefined without one. */
  readonly checkpointStep: number | undefined;
  /** Why what it records is no longer kept, in a sentence. */
  readonly notKept: string | undefined;
  /**
   * The step after the last recorded one, also while the series are not loaded; of a live run four times a second.
   * A fork's steps go on from those of its origin.
   */
  readonly stepCount: number;
  readonly stepsLoaded: StepsLoaded;
  /** Mutable and shared; `ClientState.metricsVersion` says when it changed. Empty until steps are loaded. */
  readonly metrics: MetricBuffer;
}

export interface TrainRecord extends RecordBase {
  readonly kind: 'train';
  readonly epochs: readonly EpochRow[];
  /** Validation inside epochs; absent where there was none. */
  readonly probes?: readonly ProbeRow[];
  readonly validating: { readonly done: number; readonly total: number } | undefined;
  readonly divergence: Divergence | undefined;
  /** Differences to the runs before it in its race, by epoch; empty for the first and outside races. */
  readonly paired: readonly PairedValidation[];
}

export interface FinderRecord extends RecordBase {
  readonly kind: 'finder';
  readonly settings: FinderSettings;
  readonly result: FinderResult | undefined;
}

/** A run of this visit or of an earlier one as the page knows it; a new object whenever a field changes. */
export type RunRecord = TrainRecord | FinderRecord;

/** Whether a run is going in this page: one that goes on in another tab is not. */
export function isGoing(run: RunRecord): boolean {
  return run.stepsLoaded === 'live' && !isOver(run.status);
}

/** The record of a run of an earlier visit; its steps are still to be loaded. */
export function recordOfKept(kept: KeptRun): RunRecord {
  const { header } = kept;
  const base: RecordBase = {
    id: header.runId,
    number: header.number,
    experiment: header.experiment,
    origin: header.origin,
    forkOf: header.forkOf,
    startedAt: header.startedAt,
    notes: kept.notes,
    datasetTitle: header.dataset.title,
    datasetHash: header.dataset.hash,
    deviceTitle: header.device.title,
    backend: header.device.backend,
    version: header.version,
    status: kept.status,
    detail: isOver(kept.status) ? kept.detail : 'It is going on in another tab.',
    endedBy: kept.endedBy,
    asked: undefined,
    plan: kept.plan,
    layers: kept.layers,
    checkpointStep: kept.checkpointStep,
    notKept: undefined,
    stepCount: kept.stepCount > 0 ? (header.forkOf?.step ?? 0) + kept.stepCount : 0,
    stepsLoaded: 'absent',
    metrics: new MetricBuffer(),
    ...(header.rateReason !== undefined && { rateReason: header.rateReason }),
    ...(header.options && { options: header.options }),
    ...(kept.hidden && { hidden: kept.hidden }),
    ...(header.givenWeights !== undefined && { givenWeights: header.givenWeights }),
    ...(kept.stepTime && { stepTime: kept.stepTime }),
  };
  return header.kind === 'finder' && header.finder
    ? { ...base, kind: 'finder', settings: header.finder, result: kept.result }
    : {
        ...base,
        kind: 'train',
        epochs: kept.epochs,
        ...(kept.probes && { probes: kept.probes }),
        validating: undefined,
        divergence: kept.divergence,
        paired: kept.paired ?? [],
      };
}
