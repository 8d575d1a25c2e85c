import { useState } from 'react';
import type { ReactNode } from 'react';
import { formatCount, formatLoss } from '#ui/format.ts';
import { LossChart } from '#ui/panels/train/LossChart.tsx';
import { lossAxis } from '#ui/panels/train/lossAxis.ts';
import type { ChartView } from '#ui/panels/train/chartRuns.ts';
import { Segmented } from '#ui/parts/Segmented.tsx';
import { Toggle } from '#ui/parts/Toggle.tsx';
import { runResult } from '#ui/runText.ts';
import { useView } from '#ui/state/viewStore.ts';
import { ghostPoints } from './ghosts.ts';
import { panelsBy, panelsOf, splitsOf } from './lossPanels.ts';
import type { Split } from './lossPanels.ts';

/** Styles run out beyond so many arms in one panel. */
const MAX_ARMS = 6;

/** The loss chart, once for each batch size or normalization, with one vertical axis for all unless that is unlocked. */
export function BatchPanels({ view, drawsAll }: { view: ChartView; drawsAll: boolean }): ReactNode {
  const isLog = useView((state) => state.isLossLog);
  const showsAll = useView((state) => state.showsAllLosses);
  const [isShared, setShared] = useState(true);
  const [chosen, choose] = useState<Split>();
  const splits = splitsOf(view);
  const split = chosen && splits.includes(chosen) ? chosen : splits.includes('batch') ? 'batch' : 'none';
  const limit = drawsAll ? Number.POSITIVE_INFINITY : MAX_ARMS;
  const shared = isShared ? { yAxis: lossAxis(view.runs, isLog, showsAll) } : {};
  return (
    <>
      {splits.length > 1 && (
        <div className="panel-choice">
          <Segmented
            label="Panels"
            isLabelHidden
            options={splits.map((value) => ({ value, label: panelsBy[value].label }))}
            value={split}
            onChange={choose}
          />
          {split !== 'none' && <Toggle label="Same y axis" isOn={isShared} onChange={setShared} />}
        </div>
      )}
      {split === 'none' ? (
        <LossChart view={view} summary={lossSummary(view)} ghosts={ghostPoints(view)} />
      ) : (
        <div className="batch-panels">
          {panelsOf(view, split, limit).map(({ title, panel, moreCount }) => (
            <div key={title}>
              <LossChart
                view={panel}
                title={title}
                className="is-panel"
                {...shared}
                summary={lossSummary(panel)}
                ghosts={ghostPoints(panel)}
              />
              {moreCount > 0 && (
                <p className="more-runs">{`${formatCount(moreCount)} more arms of this panel are not drawn.`}</p>
              )}
            </div>
          ))}
        </div>
      )}
    </>
  );
}

function lossSummary({ groups }: ChartView): string {
  const parts = groups.map(({ runs, name }) => {
    const result = runResult(runs[0]!.run);
    return `${name}${result ? `: validation loss ${formatLoss(result.lastLoss)}` : ''}`;
  });
  return parts.length > 0 ? `${parts.join('; ')}.` : 'Nothing to show yet.';
}
