import { createContext, useContext, useSyncExternalStore } from 'react';
import type { ClientState } from '#client/clientState.ts';
import type { TrainingClient } from '#client/trainingClient.ts';
import { isQueueOver } from '#client/studyQueue.ts';
import { isGoing } from '#client/runRecord.ts';
import type { FinderRecord, RunRecord, TrainRecord } from '#client/runRecord.ts';

export const ClientContext = createContext<TrainingClient | undefined>(undefined);

export function useClient(): TrainingClient {
  const client = useContext(ClientContext);
  if (!client) throw new Error('useClient: no TrainingClient above this component');
  return client;
}

/** A part of the client's state; `select` must return a value that is equal while nothing changed. */
export function useClientState<Part>(select: (state: ClientState) => Part): Part {
  const client = useClient();
  return useSyncExternalStore(client.subscribe, () => select(client.getState()));
}

const selectRuns = (state: ClientState): readonly RunRecord[] => state.runs;
const selectVersion = (state: ClientState): number => state.metricsVersion;

export function useRuns(): readonly RunRecord[] {
  return useClientState(selectRuns);
}

/** Renders again, at most four times a second, while steps come in. */
export function useMetricsVersion(): number {
  return useClientState(selectVersion);
}

/** The run that is going in this page; of a race, the first. */
export function useActiveRun(): RunRecord | undefined {
  return useClientState((state) => state.runs.find(isGoing));
}

/** Whether a run that is asked for now has to wait: something goes, or the queue is not over. */
export function useWaits(): boolean {
  const active = useActiveRun();
  const isQueued = useClientState((state) => !isQueueOver(state.queue));
  return active !== undefined || isQueued;
}

export function isTrainRun(run: RunRecord): run is TrainRecord {
  return run.kind === 'train';
}

export function isFinderRun(run: RunRecord): run is FinderRecord {
  return run.kind === 'finder';
}
