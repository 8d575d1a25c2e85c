import { useEffect, useMemo } from 'react';
import { claimsLedger, runsWithStepsToRead } from '#analysis/claims.ts';
import type { ClaimRow } from '#analysis/claims.ts';
import type { RunRecord } from '#client/runRecord.ts';
import { useClient, useRuns } from '#ui/state/client.ts';

/** What the runs at hand say about each claim of the post; read again only when some run has changed its result. */
export function useLedger(): readonly ClaimRow[] {
  const client = useClient();
  const runs = useRuns();
  const key = runs.map(resultKey).join(' ');
  const { rows, absent } = useMemo(() => {
    const toRead = new Set(runsWithStepsToRead(runs).map(({ id }) => id));
    const waiting = runs.filter((run) => toRead.has(run.id) && run.stepsLoaded === 'absent');
    return { rows: claimsLedger(runs), absent: waiting.map(({ id }) => id) };
    // eslint-disable-next-line react/exhaustive-deps -- `key` stands for what the ledger reads of the runs
  }, [key]);
  const absentKey = absent.join(' ');
  useEffect(() => {
    if (absentKey) void client.loadSteps(absentKey.split(' '));
  }, [client, absentKey]);
  return rows;
}

function resultKey(run: RunRecord): string {
  const isLoaded = run.stepsLoaded === 'loaded' || run.stepsLoaded === 'live';
  return `${run.id}:${run.status}:${run.kind === 'train' ? run.epochs.length : ''}:${isLoaded}`;
}
