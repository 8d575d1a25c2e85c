import { create } from 'zustand';

export type SortColumn =
  | 'number'
  | 'arm'
  | 'study'
  | 'bestLoss'
  | 'lastLoss'
  | 'bestAccuracy'
  | 'lastAccuracy'
  | 'lossDelta'
  | 'accuracyDelta'
  | 'time'
  | 'speed'
  | 'overhead'
  | 'divergedAt';

interface CompareState {
  /** Words and `tag:` words; runs that lack one of them are neither listed nor drawn. */
  readonly filter: string;
  readonly sort: { readonly column: SortColumn; readonly isDescending: boolean };
  /** Ids of runs that were ticked in the table. */
  readonly selected: readonly string[];
}

export const useCompare = create<CompareState>()(() => ({
  filter: '',
  sort: { column: 'number', isDescending: true },
  selected: [],
}));

export const compareActions = {
  setFilter: (filter: string): void => useCompare.setState({ filter }),
  /** Sorts by a column; once more turns the order round. */
  sortBy: (column: SortColumn): void =>
    useCompare.setState(({ sort }) => ({
      sort: { column, isDescending: sort.column === column ? !sort.isDescending : false },
    })),
  toggleSelected: (runId: string): void =>
    useCompare.setState(({ selected }) => ({
      selected: selected.includes(runId) ? selected.filter((id) => id !== runId) : [...selected, runId],
    })),
  select: (runIds: readonly string[]): void => useCompare.setState({ selected: runIds }),
};
