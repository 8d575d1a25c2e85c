import { isGoing } from '#client/runRecord.ts';
import type { RunRecord } from '#client/runRecord.ts';

/** Runs as they were when the charts were frozen: those that were going, by their ids. */
export type FrozenRuns = ReadonlyMap<string, RunRecord>;

/** Takes copies of what is going; the other runs do not change. */
export function freeze(runs: readonly RunRecord[]): FrozenRuns {
  return new Map(runs.filter(isGoing).map((run) => [run.id, { ...run, metrics: run.metrics.snapshot() }]));
}

/** The runs that charts show: frozen ones as they were, and none that has begun since. */
export function shownRuns(runs: readonly RunRecord[], frozen: FrozenRuns | undefined): readonly RunRecord[] {
  if (!frozen) return runs;
  return runs.flatMap((run) => frozen.get(run.id) ?? (isGoing(run) ? [] : [run]));
}
