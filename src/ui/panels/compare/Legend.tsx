import type { ReactNode } from 'react';
import type { TrainRecord } from '#client/runRecord.ts';
import { runStyles } from '#ui/charts/palette.ts';
import { Swatch } from '#ui/parts/Swatch.tsx';
import type { ChartView } from '#ui/panels/train/chartRuns.ts';
import { runNames } from '#ui/runNames.ts';
import { runName } from '#ui/runText.ts';
import { useRuns } from '#ui/state/client.ts';
import { useView, viewActions } from '#ui/state/viewStore.ts';

/** More keys than this take more room than the charts. */
const MAX_KEYS = 24;

/** Names of the drawn runs and of those that were hidden; each shows or hides its curves in all charts. */
export function Legend({ view, runs }: { view: ChartView; runs: readonly TrainRecord[] }): ReactNode {
  const hidden = useView((state) => state.hidden);
  const styles = runStyles(useRuns());
  const drawn = new Set(view.runs.map(({ run }) => run.id));
  const keys = runs.filter((run) => drawn.has(run.id) || hidden.includes(run.id)).slice(-MAX_KEYS);
  const names = runNames(keys);
  return (
    <ul className="legend" aria-label="Drawn runs">
      {keys.map((run) => (
        <li key={run.id}>
          <button
            type="button"
            className="legend-key"
            aria-pressed={drawn.has(run.id)}
            aria-label={`Draw ${runName(run)}`}
            title={runName(run)}
            onClick={() => viewActions.toggleHidden(run.id)}
          >
            <Swatch style={styles.get(run.id)!} width={24} />
            {view.names.get(run.id) ?? names.get(run.id)}
          </button>
        </li>
      ))}
    </ul>
  );
}
