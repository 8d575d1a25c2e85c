import type { DeviceInfo } from '#protocol/messages.ts';
import type { DatasetState } from './datasetClient.ts';
import { browserMemory } from './datasetMemory.ts';
import type { DatasetMemory } from './datasetMemory.ts';
import type { MeasurementState } from './gpuMeasurement.ts';
import type { KeptRunsState } from './keptRuns.ts';
import { browserRemovalMemory } from './removalMemory.ts';
import type { RemovalMemory } from './removalMemory.ts';
import type { RunRecord } from './runRecord.ts';
import { browserStudyMemory } from './studyMemory.ts';
import type { StudyMemory } from './studyMemory.ts';
import type { StudyQueue } from './studyQueue.ts';

export type Connection =
  | { readonly status: 'starting' }
  | { readonly status: 'ready'; readonly device: DeviceInfo }
  /** Nothing can train in this browser. */
  | { readonly status: 'unsupported'; readonly message: string; readonly code: string | undefined }
  /** The worker or its device died; `restart()` may help. */
  | {
      readonly status: 'failed';
      readonly message: string;
      /** Until when the browser probably refuses the GPU to this page: milliseconds since 1970. */
      readonly blockedUntil: number | undefined;
    };

/** Everything that the page shows, as one immutable value; only the metric buffers in `runs` are mutable. */
export interface ClientState {
  readonly connection: Connection;
  readonly dataset: DatasetState;
  readonly measurement: MeasurementState;
  /** Of this visit and of earlier ones, in order of start. */
  readonly runs: readonly RunRecord[];
  /** Grows, at most four times a second, when metric buffers have changed. */
  readonly metricsVersion: number;
  readonly kept: KeptRunsState;
  /** Studies that go or wait. */
  readonly queue: StudyQueue;
}

/** Where a client remembers things from visit to visit. */
export interface ClientMemory {
  /** Names the data set that was used last; undefined in it means the built-in one. */
  readonly dataset: DatasetMemory;
  readonly study: StudyMemory;
  readonly removals: RemovalMemory;
}

/** In this browser's storage. */
export function browserClientMemory(): ClientMemory {
  return { dataset: browserMemory(), study: browserStudyMemory(), removals: browserRemovalMemory() };
}
