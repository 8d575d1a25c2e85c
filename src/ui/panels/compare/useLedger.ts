import { useMemo } from 'react';
import { claimsLedger, runsWithStepsToRead } from '#analysis/claims.ts';
import type { ClaimRow } from '#analysis/claims.ts';
import type { RunRecord } from '#client/runRecord.ts';
import { useRuns } from '#ui/state/client.ts';
import { useSteps } from '#ui/state/useSteps.ts';

/** What the runs at hand say about each claim of the post; read again only when some run has changed its result. */
export function useLedger(): readonly ClaimRow[] {
  const runs = useRuns();
  const key = runs.map(resultKey).join(' ');
  const { rows, read } = useMemo(() => {
    const toRead = new Set(runsWithStepsToRead(runs).map(({ id }) => id));
    return { rows: claimsLedger(runs), read: runs.filter(({ id }) => toRead.has(id)) };
    // eslint-disable-next-line react/exhaustive-deps -- `key` stands for what the ledger reads of the runs
  }, [key]);
  useSteps(read);
  return rows;
}

function resultKey(run: RunRecord): string {
  const isLoaded = run.stepsLoaded === 'loaded' || run.stepsLoaded === 'live';
  return `${run.id}:${run.status}:${run.kind === 'train' ? run.epochs.length : ''}:${isLoaded}`;
}
