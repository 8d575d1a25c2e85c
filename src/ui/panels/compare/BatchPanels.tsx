import type { ReactNode } from 'react';
import { formatCount, formatLoss } from '#ui/format.ts';
import { groupLabel, LossChart } from '#ui/panels/train/LossChart.tsx';
import { lossAxis } from '#ui/panels/train/lossAxis.ts';
import type { ChartView } from '#ui/panels/train/chartRuns.ts';
import { runResult } from '#ui/runText.ts';
import { useView } from '#ui/state/viewStore.ts';
import { ghostPoints } from './ghosts.ts';

/** Styles run out beyond so many arms in one panel. */
const MAX_ARMS = 6;

/** The loss chart, once for each batch size, with one vertical axis for all. */
export function BatchPanels({ view, drawsAll }: { view: ChartView; drawsAll: boolean }): ReactNode {
  const isLog = useView((state) => state.isLossLog);
  const showsAll = useView((state) => state.showsAllLosses);
  const sizes = [...new Set(view.runs.map(({ run }) => run.experiment.batchSize))].sort((a, b) => a - b);
  if (sizes.length < 2) {
    return <LossChart view={view} summary={lossSummary(view)} ghosts={ghostPoints(view)} />;
  }
  const yAxis = lossAxis(view.runs, isLog, showsAll);
  return (
    <div className="batch-panels">
      {sizes.map((batchSize) => {
        const { panel, moreCount } = ofBatchSize(
          view,
          batchSize,
          drawsAll ? Number.POSITIVE_INFINITY : MAX_ARMS,
        );
        return (
          <div key={batchSize}>
            <LossChart
              view={panel}
              title={`Loss at batch ${formatCount(batchSize)}`}
              className="is-panel"
              yAxis={yAxis}
              summary={lossSummary(panel)}
              ghosts={ghostPoints(panel)}
            />
            {moreCount > 0 && (
              <p className="more-runs">{`${formatCount(moreCount)} more arms of this batch size are not drawn.`}</p>
            )}
          </div>
        );
      })}
    </div>
  );
}

/** The part of a view that has one batch size; the newest arms where there are too many. */
export function ofBatchSize(
  view: ChartView,
  batchSize: number,
  limit: number,
): { readonly panel: ChartView; readonly moreCount: number } {
  const all = view.groups.filter(({ runs }) => runs[0]!.run.experiment.batchSize === batchSize);
  const groups = all.slice(Math.max(0, all.length - limit));
  const runs = groups.flatMap((group) => group.runs);
  const ids = new Set(runs.map(({ run }) => run.id));
  const panel: ChartView = {
    ...view,
    groups,
    runs,
    atCursor: (x) => view.atCursor(x).filter(({ run }) => ids.has(run.id)),
  };
  return { panel, moreCount: all.length - groups.length };
}

function lossSummary({ groups }: ChartView): string {
  const parts = groups.map(({ runs }) => {
    const result = runResult(runs[0]!.run);
    return `${groupLabel(runs)}${result ? `: validation loss ${formatLoss(result.lastLoss)}` : ''}`;
  });
  return parts.length > 0 ? `${parts.join('; ')}.` : 'Nothing to show yet.';
}
