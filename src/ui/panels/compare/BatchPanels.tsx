import { useState } from 'react';
import type { ReactNode } from 'react';
import { formatCount, formatLoss } from '#ui/format.ts';
import { LossChart } from '#ui/panels/train/LossChart.tsx';
import { lossAxis } from '#ui/panels/train/lossAxis.ts';
import { partOfView } from '#ui/panels/train/chartRuns.ts';
import type { ChartView } from '#ui/panels/train/chartRuns.ts';
import { Toggle } from '#ui/parts/Toggle.tsx';
import { runResult } from '#ui/runText.ts';
import { useView } from '#ui/state/viewStore.ts';
import { ghostPoints } from './ghosts.ts';

/** Styles run out beyond so many arms in one panel. */
const MAX_ARMS = 6;

/** The loss chart, once for each batch size, with one vertical axis for all unless that is unlocked. */
export function BatchPanels({ view, drawsAll }: { view: ChartView; drawsAll: boolean }): ReactNode {
  const isLog = useView((state) => state.isLossLog);
  const showsAll = useView((state) => state.showsAllLosses);
  const [isShared, setShared] = useState(true);
  const sizes = [...new Set(view.runs.map(({ run }) => run.experiment.batchSize))].sort((a, b) => a - b);
  if (sizes.length < 2) {
    return <LossChart view={view} summary={lossSummary(view)} ghosts={ghostPoints(view)} />;
  }
  const shared = isShared ? { yAxis: lossAxis(view.runs, isLog, showsAll) } : {};
  return (
    <>
      <Toggle label="Same y axis" isOn={isShared} onChange={setShared} />
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
                {...shared}
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
    </>
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
  return { panel: partOfView(view, groups), moreCount: all.length - groups.length };
}

function lossSummary({ groups }: ChartView): string {
  const parts = groups.map(({ runs, name }) => {
    const result = runResult(runs[0]!.run);
    return `${name}${result ? `: validation loss ${formatLoss(result.lastLoss)}` : ''}`;
  });
  return parts.length > 0 ? `${parts.join('; ')}.` : 'Nothing to show yet.';
}
