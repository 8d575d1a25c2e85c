import type { Experiment } from './experiment.ts';
import type { LayerHistory } from './layerHistory.ts';
import type {
  Divergence,
  EpochRow,
  FinderResult,
  FinderSettings,
  ForkOrigin,
  HiddenSpan,
  PairedValidation,
  ProbeRow,
  RunPlan,
  RunStatus,
} from './run.ts';
import type { RunEnder, RunOptions } from './runOptions.ts';
import type { StepTime } from './stepTime.ts';
import type { RunOrigin } from './study.ts';

/** What the page knows of a run when it starts it. */
export interface RunStart {
  readonly runId: string;
  /** 1-based order of start within its kind, over all kept runs: 'run 3', 'finder 2'. */
  readonly number: number;
  readonly experiment: Experiment;
  readonly origin: RunOrigin | undefined;
  /** Why its learning rate is what it is: 'valley', 'by hand'. It decides nothing about the run. */
  readonly rateReason?: string;
  /** Absent: it trains all its epochs, and probes long ones. */
  readonly options?: RunOptions;
}

/** What never changes about a run. */
export interface RunHeader extends RunStart {
  readonly kind: 'train' | 'finder';
  /** Of a finder. */
  readonly finder: FinderSettings | undefined;
  readonly forkOf: ForkOrigin | undefined;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly dataset: { readonly title: string; readonly hash: string };
  readonly device: { readonly title: string; readonly backend: 'webgpu' | 'webgl' };
  /** Of NormLab. */
  readonly version: string;
  /**
   * Name of the file that its initial weights came from, empty where it had none; `RunPlan.initialWeightsHash`
   * says which they were. Absent: they follow from the seed.
   */
  readonly givenWeights?: string;
}

/** What people write about a run. */
export interface RunNotes {
  /** Empty: the name that follows from the settings. */
  readonly name: string;
  readonly tags: readonly string[];
  readonly note: string;
}

/** What nobody has written anything about. */
export const NO_NOTES: RunNotes = { name: '', tags: [], note: '' };

/** A run as it is kept, without its steps. */
export interface KeptRun {
  readonly header: RunHeader;
  readonly notes: RunNotes;
  /** Never 'preparing', 'running' or 'paused': such a run reads as 'interrupted' unless a tab owns it. */
  readonly status: RunStatus;
  readonly detail: string | undefined;
  /** Set on a run that its stop rule has ended, which `detail` tells. */
  readonly endedBy?: RunEnder;
  readonly plan: RunPlan | undefined;
  readonly epochs: readonly EpochRow[];
  /** Validation inside its epochs; absent where there was none. */
  readonly probes?: readonly ProbeRow[];
  /** While the page was hidden; absent where it never was. */
  readonly hidden?: readonly HiddenSpan[];
  readonly divergence: Divergence | undefined;
  readonly layers: LayerHistory | undefined;
  readonly result: FinderResult | undefined;
  /** Differences to the first run of its race, by epoch; absent for that one and outside races. */
  readonly paired?: readonly PairedValidation[];
  /** What its training steps took, for those who have not read the steps; absent before the first state is kept. */
  readonly stepTime?: StepTime;
  /** Steps recorded. */
  readonly stepCount: number;
  /** Steps done at the newest checkpoint; undefined without one. */
  readonly checkpointStep: number | undefined;
  /** Set while another tab trains it. */
  readonly isElsewhere?: true;
}
