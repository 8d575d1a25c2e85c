import { useDeferredValue } from 'react';
import type { RunRecord } from '#client/runRecord.ts';
import { useMediaQuery } from '#ui/parts/useMediaQuery.ts';
import { useMetricsVersion } from '#ui/state/client.ts';
import { shownRuns } from '#ui/state/frozenRuns.ts';
import { useSteps } from '#ui/state/useSteps.ts';
import { useView } from '#ui/state/viewStore.ts';
import { useZoom } from '#ui/state/zoom.ts';
import { MAX_CURVES, chartView } from './chartRuns.ts';
import type { ChartView } from './chartRuns.ts';

/**
 * The view of some runs that the charts of a tab share; reads the steps of runs of earlier visits.
 * @param isWhole draws every run, hidden or not, over all of the axis.
 */
export function useChartView(
  runs: readonly RunRecord[],
  group: 'train' | 'compare',
  isWhole = false,
): ChartView {
  useMetricsVersion();
  // Lines and axes of all charts follow in pieces, between which the page answers.
  const view = useDeferredValue(useView());
  const range = useDeferredValue(useZoom((state) => state.ranges[group]));
  const isNarrow = useMediaQuery('(max-width: 640px)');
  const chart = chartView(shownRuns(runs, view.frozen), {
    group,
    unit: view.xUnit,
    smoothing: view.smoothing,
    smoothingUnit: view.smoothingUnit,
    range: isWhole ? undefined : range,
    isXLog: view.isXLog,
    hidden: isWhole ? [] : view.hidden,
    isNarrow: isNarrow && !isWhole,
    isGrouped: view.isGrouped,
    baseline: view.baseline,
    limit: isWhole || view.drawsAll ? Number.POSITIVE_INFINITY : MAX_CURVES,
  });
  useSteps(chart.runs.map(({ run }) => run));
  return chart;
}
