import { armKey, weightsKey } from '#analysis/repeats.ts';
import type { TrainRecord } from '#client/runRecord.ts';

/**
 * Runs that repeat each other on the same data and from the same kind of start but for the seed, in order of their
 * first. Runs of one seed alone are no repeats: each stands for itself.
 */
export function repeatsOf<Entry extends { readonly run: TrainRecord }>(
  entries: readonly Entry[],
): readonly (readonly Entry[])[] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const { experiment, datasetHash, forkOf, id } = entry.run;
    // A fork has another past, so it repeats nothing.
    const key = `${datasetHash} ${forkOf ? id : ''} ${weightsKey(entry.run)} ${armKey(experiment)}`;
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()].flatMap((group) => {
    const seeds = new Set(group.map(({ run }) => run.experiment.seed));
    return seeds.size > 1 ? [group] : group.map((entry) => [entry]);
  });
}
