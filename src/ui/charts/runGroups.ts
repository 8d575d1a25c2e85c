import { armKey } from '#analysis/repeats.ts';
import type { TrainRecord } from '#client/runRecord.ts';

/** Runs that repeat each other on the same data but for the seed, in order of their first. */
export function repeatsOf<Entry extends { readonly run: TrainRecord }>(
  entries: readonly Entry[],
): readonly (readonly Entry[])[] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const { experiment, datasetHash, forkOf, id } = entry.run;
    // A fork has another past, so it repeats nothing.
    const key = `${datasetHash} ${forkOf ? id : ''} ${armKey(experiment)}`;
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()];
}
