import type { ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import type { RunRecord } from '#client/runRecord.ts';
import type { TrainingClient } from '#client/trainingClient.ts';
import type { ReportChart } from '#export/report.ts';
import { chartSvg } from '#ui/charts/exportChart.ts';
import { AccuracyChart, LearningRateChart } from '#ui/panels/train/SmallCharts.tsx';
import { useChartView } from '#ui/panels/train/useChartView.ts';
import { FinderReport } from '#ui/panels/find/FinderReport.tsx';
import { ClientContext, isFinderRun, isTrainRun, useRuns } from '#ui/state/client.ts';
import { BatchPanels } from './BatchPanels.tsx';
import { DifferenceChart } from './DifferenceChart.tsx';
import { PairedPanel } from './PairedPanel.tsx';
import { runPairs } from './pairs.ts';

/** How long charts may take to be drawn. */
const DRAW_MS = 10_000;
const POLL_MS = 50;

/** The charts of the runs of a report, and of no others: all of their axis, in the units of the page. */
function ReportCharts({ runs }: { runs: readonly RunRecord[] }): ReactNode {
  const all = useRuns();
  const finders = runs.filter(isFinderRun);
  return (
    <>
      {runs.some(isTrainRun) && <TrainingCharts runs={runs} />}
      {finders.length > 0 && <FinderReport finders={finders} all={all} />}
    </>
  );
}

function TrainingCharts({ runs }: { runs: readonly RunRecord[] }): ReactNode {
  const view = useChartView(runs, 'compare', true);
  return (
    <>
      <BatchPanels view={view} drawsAll />
      {view.baseline && view.runs.length > 1 && <DifferenceChart view={view} baseline={view.baseline} />}
      <AccuracyChart view={view} />
      <LearningRateChart view={view} />
      <PairedPanel
        view={view}
        pairs={runPairs(
          view.runs.map(({ run }) => run),
          view.baseline?.run.id,
        )}
      />
    </>
  );
}

/** The charts in a part of the page as they are drawn now. */
function chartsIn(place: ParentNode): readonly ReportChart[] {
  return [...place.querySelectorAll<HTMLElement>('figure.plot')].map((figure) => {
    const title = figure.querySelector('.plot-title')?.textContent ?? 'Chart';
    return { title, svg: chartSvg(figure, title).svg };
  });
}

/**
 * Draws the charts of some runs, whose steps are loaded, out of sight: those on the page show others too.
 * @throws when the browser draws nothing, as in a hidden tab.
 */
export async function drawnCharts(
  client: TrainingClient,
  runs: readonly RunRecord[],
): Promise<readonly ReportChart[]> {
  const place = document.createElement('div');
  place.className = 'report-charts';
  place.inert = true;
  document.body.append(place);
  const root = createRoot(place);
  try {
    root.render(
      <ClientContext value={client}>
        <ReportCharts runs={runs} />
      </ClientContext>,
    );
    await untilDrawn(place);
    return chartsIn(place);
  } finally {
    root.unmount();
    place.remove();
  }
}

/** A chart is drawn once it is as wide as its place. */
async function untilDrawn(place: HTMLElement): Promise<void> {
  const isDrawn = (figure: Element): boolean => {
    const { width = 0 } = figure.querySelector('svg.recharts-surface')?.getBoundingClientRect() ?? {};
    const room = figure.querySelector('.plot-canvas')?.getBoundingClientRect().width ?? 0;
    return room > 0 && Math.abs(width - room) < 2;
  };
  for (let waited = 0; waited < DRAW_MS; waited += POLL_MS) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const figures = [...place.querySelectorAll('figure.plot')];
    if (figures.length > 0 && figures.every(isDrawn)) return;
  }
  throw new Error('The charts of the report could not be drawn. Keep this tab in view and try again.');
}
