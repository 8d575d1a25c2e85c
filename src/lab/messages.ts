import type { DatasetInfo } from '#domain/dataset.ts';
import type { Experiment } from '#domain/experiment.ts';
import type { Divergence, FinderResult, FinderSettings, RunStatus, StepChunk } from '#domain/run.ts';
import type { DeviceInfo, WorkerEvent } from '#protocol/messages.ts';
import type { Answer } from './labError.ts';

/** Names of the files that a run leaves. */
export const RUN_FILES = {
  run: 'run.json',
  metrics: 'metrics.csv',
  initialWeights: 'init.safetensors',
  weights: 'model.safetensors',
  checkpoint: 'checkpoint.bin',
  pytorch: 'pytorch.zip',
} as const;

/** One run that the lab is asked for; crosses to the page as it is. */
export interface LabJob {
  /** 'resume' reads `run.json` and `checkpoint.bin` of the host's inputs. */
  readonly command: 'train' | 'lr-find' | 'resume';
  /** Undefined for 'resume', whose settings are those of its run. */
  readonly experiment: Experiment | undefined;
  /** Of 'lr-find'. */
  readonly finder: FinderSettings | undefined;
  /** Put before the names of the files that are written: '' or 'arm/'. */
  readonly folder: string;
  /** Whether the host has start weights under the input name `INIT_FILE`. */
  readonly hasInit: boolean;
  /** Whether a bundle for PyTorch is wanted. */
  readonly withPytorch: boolean;
  /** The run stops when it has done this many steps. */
  readonly maxSteps: number | undefined;
}

/** Input name of the start weights. */
export const INIT_FILE = 'init';

/** Where the images come from: input names of the host's files, or none for the built-in set. */
export type LabData =
  | { readonly kind: 'built-in' }
  | { readonly kind: 'files'; readonly names: readonly string[] };

/** What the lab needs of its surroundings; the page's goes through the local server. */
export interface LabHost {
  /** @throws {Error} when there is no such input. */
  read(name: string): Promise<File>;
  /** Creates or replaces a file at once: a reader sees the old one or the new one. */
  write(name: string, content: Uint8Array<ArrayBuffer> | string): Promise<void>;
  /** Events come in order. */
  emit(event: LabEvent): void;
}

/** A step chunk's series as plain lists, which every program reads. */
export type StepLists = {
  readonly [Name in keyof StepChunk]: StepChunk[Name] extends number ? number : readonly number[];
};

/** What happens, in order; one line each with `--json`. */
export type LabEvent =
  | { readonly type: 'device'; readonly device: DeviceInfo }
  | { readonly type: 'dataset'; readonly dataset: DatasetInfo }
  | {
      readonly type: 'run';
      readonly folder: string;
      readonly command: LabJob['command'];
      readonly experiment: Experiment;
    }
  | ({ readonly type: 'steps'; readonly runId: string } & StepLists)
  | Exclude<
      WorkerEvent,
      { type: 'steps' | 'finder-done' | 'benchmark-progress' | 'layers' | 'paired-validation' }
    >
  | { readonly type: 'written'; readonly file: string }
  | ({ readonly type: 'end' } & LabOutcome);

/** How a run ended. */
export interface LabOutcome {
  readonly status: RunStatus;
  /** Of a run that failed or was interrupted, in a sentence. */
  readonly detail: string | undefined;
  readonly stepCount: number;
  readonly divergence: Divergence | undefined;
  readonly result: FinderResult | undefined;
}

/** What scripts drive, in Node as it is. */
export interface LabControl {
  /**
   * Starts the device and loads the data; before the first run.
   * @throws {LabError}
   */
  open(data: LabData): Promise<void>;
  /**
   * @returns how the run ended, once its files are written.
   * @throws {LabError} when it could not begin, or its files could not be written.
   */
  run(job: LabJob): Promise<LabOutcome>;
  /** Ends the run that is going on, with a checkpoint. */
  stop(): void;
}

/** What scripts drive in a page, as `window.lab`. */
export interface LabPage {
  /** @param tuning tile choices of an earlier run, as `tuning` gave them. */
  open(data: LabData, tuning: string | undefined): Promise<Answer<void>>;
  run(job: LabJob): Promise<Answer<LabOutcome>>;
  stop(): void;
  /** Tile choices of this browser; undefined where none were made, as on a software adapter. */
  tuning(): Promise<string | undefined>;
}
