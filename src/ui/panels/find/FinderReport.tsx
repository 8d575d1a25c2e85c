import type { ReactNode } from 'react';
import type { FinderRecord, RunRecord } from '#client/runRecord.ts';
import { MAX_END_LABELS } from '#ui/panels/train/chartRuns.ts';
import { useView } from '#ui/state/viewStore.ts';
import { BandChart } from './FinderBands.tsx';
import { FinderChart } from './FinderChart.tsx';
import { finderCurves, rampExtent } from './finderCurves.ts';
import { finderGhostPoints } from './finderGhosts.ts';
import { finderSets } from './finderGroups.ts';

interface FinderReportProps {
  /** At least one. */
  readonly finders: readonly FinderRecord[];
  /** Of the page: the looks of a run follow from the order of start. */
  readonly all: readonly RunRecord[];
}

/** The charts of some finders for a report: every one of them, over all of its axis. */
export function FinderReport({ finders, all }: FinderReportProps): ReactNode {
  const isLossLog = useView((state) => state.isLossLog);
  const curves = finderCurves(all, finders);
  const extent = rampExtent(finders.map(({ settings }) => settings));
  return (
    <>
      <FinderChart
        curves={curves}
        selected={curves.length === 1 ? curves[0] : undefined}
        extent={extent}
        range={extent}
        isLossLog={isLossLog}
        showsNames={curves.length > 1 && curves.length <= MAX_END_LABELS}
      />
      {finderSets(finders).map(({ key, groups }) => (
        <BandChart
          key={key}
          groups={groups}
          ghosts={finderGhostPoints(groups, 'relative')}
          measure="relative"
          extent={rampExtent(groups.flatMap(({ runs }) => runs.map(({ settings }) => settings)))}
          isWhole
        />
      ))}
    </>
  );
}
