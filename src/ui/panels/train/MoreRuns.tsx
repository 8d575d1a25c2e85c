import type { ReactNode } from 'react';
import { formatCount } from '#ui/format.ts';
import { useView, viewActions } from '#ui/state/viewStore.ts';
import { MAX_CURVES } from './chartRuns.ts';

interface DrawnRuns {
  readonly runs: readonly unknown[];
  /** Runs that were left out. */
  readonly moreCount: number;
}

/** Says how many runs the charts leave out because their curves could not be told apart. */
export function MoreRuns({ view }: { view: DrawnRuns }): ReactNode {
  const drawsAll = useView((state) => state.drawsAll);
  const { setDrawsAll } = viewActions;
  if (drawsAll && view.runs.length > MAX_CURVES) {
    return (
      <p className="more-runs">
        {`All ${formatCount(view.runs.length)} runs are drawn. `}
        <button type="button" className="link" onClick={() => setDrawsAll(false)}>
          Draw the newest {MAX_CURVES}
        </button>
      </p>
    );
  }
  if (view.moreCount === 0) return null;
  return (
    <p className="more-runs">
      {`The newest ${formatCount(view.runs.length)} runs are drawn, ${formatCount(view.moreCount)} more are hidden. `}
      <button type="button" className="link" onClick={() => setDrawsAll(true)}>
        Draw all
      </button>
    </p>
  );
}
