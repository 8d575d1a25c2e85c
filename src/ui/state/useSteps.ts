import { useEffect } from 'react';
import type { RunRecord } from '#client/runRecord.ts';
import { useClient } from './client.ts';

/** Keeps the steps of some runs in memory for as long as they are shown, and reads those of earlier visits. */
export function useSteps(runs: readonly RunRecord[]): void {
  const client = useClient();
  const held = runs.map(({ id }) => id).join(' ');
  const absent = runs.flatMap((run) => (run.stepsLoaded === 'absent' ? [run.id] : [])).join(' ');
  useEffect(() => (held ? client.holdSteps(held.split(' ')) : undefined), [client, held]);
  useEffect(() => {
    if (absent) void client.loadSteps(absent.split(' '));
  }, [client, absent]);
}
