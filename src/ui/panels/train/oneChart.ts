import { useMediaQuery } from '#ui/parts/useMediaQuery.ts';
import { useView } from '#ui/state/viewStore.ts';
import type { ChartName } from '#ui/state/viewStore.ts';

const labels: Readonly<Record<ChartName, string>> = {
  loss: 'Loss',
  difference: 'Difference',
  paired: 'Pair',
  accuracy: 'Accuracy',
  rate: 'LR',
  momentum: 'Momentum',
};

/** A narrow screen shows one chart of a tab at a time, which is chosen beside the switches of all charts. */
export interface ChartChoice {
  /** Undefined where all charts are shown. */
  readonly shown: ChartName | undefined;
  readonly options: readonly { readonly value: ChartName; readonly label: string }[];
}

/** The chart that was chosen, or the first where the tab does not have it. */
export function chosenChart(available: readonly ChartName[], chosen: ChartName): ChartName {
  return available.includes(chosen) ? chosen : available[0]!;
}

/** @param available what the tab has now, at least one. */
export function useChartChoice(available: readonly ChartName[]): ChartChoice {
  const isNarrow = useMediaQuery('(max-width: 640px)');
  const chosen = useView((state) => state.narrowChart);
  return {
    shown: isNarrow ? chosenChart(available, chosen) : undefined,
    options: available.map((value) => ({ value, label: labels[value] })),
  };
}

export function showsChart({ shown }: ChartChoice, name: ChartName): boolean {
  return shown === undefined || shown === name;
}
