import type { ReactNode } from 'react';
import type { TrainRecord } from '#client/runRecord.ts';
import { RunSetup } from '#ui/panels/setup/RunSetup.tsx';
import { runLabel, runName } from '#ui/runText.ts';
import { useClient } from '#ui/state/client.ts';
import { compareActions } from '#ui/state/compareStore.ts';
import { viewActions, useView } from '#ui/state/viewStore.ts';
import { settingsDiff } from './settingsDiff.ts';
import { NotesEditor } from './NotesEditor.tsx';

/** More runs than this side by side cannot be read. */
const MAX_COLUMNS = 8;

interface SelectedRunsProps {
  readonly runs: readonly TrainRecord[];
  /** Called when a button here has taken this section away, and the focus with it. */
  readonly onGone: () => void;
}

/** What the ticked runs differ in, and what can be done with all of them. */
export function SelectedRuns({ runs, onGone }: SelectedRunsProps): ReactNode {
  const client = useClient();
  const hidden = useView((state) => state.hidden);
  const [first] = runs;
  if (!first) return null;
  const isAnyDrawn = runs.some((run) => !hidden.includes(run.id));
  return (
    <section className="selected-runs" aria-label="Selected runs">
      <div className="section-head">
        <h3>{runs.length === 1 ? runName(first) : `${runs.length} runs selected`}</h3>
        <button
          type="button"
          className="button is-small"
          onClick={() => {
            for (const run of runs) {
              if (hidden.includes(run.id) !== isAnyDrawn) viewActions.toggleHidden(run.id);
            }
          }}
        >
          {isAnyDrawn ? 'Hide from the charts' : 'Show on the charts'}
        </button>
        <button
          type="button"
          className="button is-small"
          onClick={() => {
            client.remove(runs.map((run) => run.id));
            compareActions.select([]);
            onGone();
          }}
        >
          Delete
        </button>
        <button
          type="button"
          className="button is-small is-quiet"
          onClick={() => {
            compareActions.select([]);
            onGone();
          }}
        >
          Clear selection
        </button>
      </div>
      {runs.length === 1 && <RunSetup key={`setup ${first.id}`} run={first} />}
      {runs.length === 1 ? (
        <NotesEditor key={first.id} run={first} />
      ) : (
        <DiffTable runs={runs.slice(0, MAX_COLUMNS)} />
      )}
      {runs.length > MAX_COLUMNS && <p className="field-help">{`The first ${MAX_COLUMNS} are compared.`}</p>}
    </section>
  );
}

function DiffTable({ runs }: { runs: readonly TrainRecord[] }): ReactNode {
  const rows = settingsDiff(runs);
  if (rows.length === 0) return <p>They do not differ in any setting.</p>;
  return (
    <div className="data-table" role="region" aria-label="Settings that differ" tabIndex={0}>
      <table>
        <caption>Settings that differ</caption>
        <thead>
          <tr>
            <th scope="col">setting</th>
            {runs.map((run) => (
              <th key={run.id} scope="col">
                {runLabel(run)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, label, values }) => (
            <tr key={name}>
              <th scope="row">{label}</th>
              {values.map((value, i) => (
                <td key={runs[i]!.id}>{value}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
