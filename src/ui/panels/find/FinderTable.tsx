import { useRef, useState } from 'react';
import type { ReactNode } from 'react';
import type { FinderRecord } from '#client/runRecord.ts';
import { runStyles } from '#ui/charts/palette.ts';
import type { RunStyle } from '#ui/charts/palette.ts';
import { formatCount, formatRate } from '#ui/format.ts';
import { DrawnCell } from '#ui/panels/compare/DrawnCell.tsx';
import { NotesEditor } from '#ui/panels/compare/NotesEditor.tsx';
import { ruleTexts, runDetails, runName, statusText } from '#ui/runText.ts';
import { useClient } from '#ui/state/client.ts';
import { viewActions } from '#ui/state/viewStore.ts';
import type { FinderRule } from '#domain/run.ts';

/** Older finders are listed on demand. */
const LISTED = 20;
const rules = Object.keys(ruleTexts) as readonly FinderRule[]; // it has exactly the rules as keys

interface FinderTableProps {
  /** In order of start. */
  readonly runs: readonly FinderRecord[];
  readonly hidden: readonly string[];
}

/** Every kept finder, newest first, with its suggestions: to name, tag, hide or delete. */
export function FinderTable({ runs, hidden }: FinderTableProps): ReactNode {
  const [isWhole, setWhole] = useState(false);
  const [edited, setEdited] = useState<string>();
  const heading = useRef<HTMLHeadingElement>(null);
  if (runs.length === 0) return null;
  const styles = runStyles(runs);
  const listed = runs.slice(isWhole ? 0 : -LISTED).toReversed();
  const run = listed.find(({ id }) => id === edited);
  return (
    <section aria-label="Finders">
      <h3 className="finder-table-head" ref={heading} tabIndex={-1}>
        Finders
      </h3>
      <div
        className="data-table runs-table finder-table"
        role="region"
        aria-label="Finders table"
        tabIndex={0}
      >
        <table>
          <thead>
            <tr>
              <th scope="col">Drawn</th>
              <th scope="col">Finder</th>
              <th scope="col">Ended</th>
              {rules.map((rule) => (
                <th key={rule} scope="col" title={ruleTexts[rule].what}>
                  {ruleTexts[rule].name}
                </th>
              ))}
              <th scope="col">Notes</th>
              <th scope="col">Delete</th>
            </tr>
          </thead>
          <tbody>
            {listed.map((one) => (
              <Row
                key={one.id}
                run={one}
                style={styles.get(one.id)!}
                isHidden={hidden.includes(one.id)}
                isEdited={one.id === edited}
                onEdit={setEdited}
                onGone={() => heading.current?.focus()}
              />
            ))}
          </tbody>
        </table>
      </div>
      {!isWhole && runs.length > LISTED && (
        <button type="button" className="link runs-more" onClick={() => setWhole(true)}>
          {`Show ${formatCount(runs.length - LISTED)} earlier`}
        </button>
      )}
      {run && (
        <section className="selected-runs" aria-label={`Notes of ${runName(run)}`}>
          <h3>{runName(run)}</h3>
          <NotesEditor key={run.id} run={run} />
        </section>
      )}
    </section>
  );
}

interface RowProps {
  readonly run: FinderRecord;
  readonly style: RunStyle;
  readonly isHidden: boolean;
  readonly isEdited: boolean;
  readonly onEdit: (runId: string | undefined) => void;
  /** The row is gone, and the focus with it. */
  readonly onGone: () => void;
}

function Row({ run, style, isHidden, isEdited, onEdit, onGone }: RowProps): ReactNode {
  const client = useClient();
  const name = `finder ${runName(run)}`;
  return (
    <tr className={isHidden ? 'is-hidden' : ''}>
      <DrawnCell runId={run.id} name={name} style={style} isHidden={isHidden} />
      <th scope="row">
        <button type="button" className="link" onClick={() => viewActions.select('finder', run.id)}>
          {runName(run)}
        </button>
        <span className="cell-details">{runDetails(run)}</span>
        {run.notes.tags.length > 0 && (
          <span className="cell-tags">
            {run.notes.tags.map((tag) => (
              <span key={tag} className="tag">
                {tag}
              </span>
            ))}
          </span>
        )}
        {run.notes.note && <span className="cell-details">{run.notes.note}</span>}
      </th>
      <td data-label="Ended">{statusText(run)}</td>
      {rules.map((rule) => {
        const rate = run.result?.suggestions.find((one) => one.rule === rule)?.learningRate;
        return (
          <td key={rule} className="is-figure" data-label={ruleTexts[rule].name}>
            {rate === undefined ? '–' : formatRate(rate)}
          </td>
        );
      })}
      <td>
        <button
          type="button"
          className="link"
          aria-expanded={isEdited}
          aria-label={`Name, tags and note of ${name}`}
          onClick={() => onEdit(isEdited ? undefined : run.id)}
        >
          {isEdited ? 'close' : 'edit'}
        </button>
      </td>
      <td>
        <button
          type="button"
          className="link"
          aria-label={`Delete ${name}`}
          onClick={() => {
            client.remove([run.id]);
            onGone();
          }}
        >
          delete
        </button>
      </td>
    </tr>
  );
}
