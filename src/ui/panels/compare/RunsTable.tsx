import { memo, useState } from 'react';
import type { ReactNode } from 'react';
import type { TrainRecord } from '#client/runRecord.ts';
import { runStyles } from '#ui/charts/palette.ts';
import type { RunStyle } from '#ui/charts/palette.ts';
import { formatClock, formatCount, formatLoss, formatPercent, formatSpeed } from '#ui/format.ts';
import { formatDifference, formatPoints } from '#ui/panels/train/readouts.ts';
import { runDetails, runName, statusText } from '#ui/runText.ts';
import { compareActions, useCompare } from '#ui/state/compareStore.ts';
import type { SortColumn } from '#ui/state/compareStore.ts';
import { useView, viewActions } from '#ui/state/viewStore.ts';
import { filterWord, runRows, sortRows } from './runRows.ts';
import { DrawnCell } from './DrawnCell.tsx';
import type { RunRow } from './runRows.ts';

interface Column {
  readonly column: SortColumn;
  readonly label: string;
  readonly title?: string;
  /** Only while a baseline is pinned. */
  readonly needsBaseline?: true;
}

const columns: readonly Column[] = [
  { column: 'number', label: 'Run' },
  { column: 'arm', label: 'Arm' },
  { column: 'study', label: 'Study' },
  { column: 'bestLoss', label: 'Best valid' },
  { column: 'lastLoss', label: 'Final valid' },
  { column: 'bestAccuracy', label: 'Best acc.' },
  { column: 'lastAccuracy', label: 'Final acc.' },
  {
    column: 'lossDelta',
    label: 'Δ valid',
    title: 'Final validation loss minus the baseline’s',
    needsBaseline: true,
  },
  {
    column: 'accuracyDelta',
    label: 'Δ acc.',
    title: 'Final accuracy minus the baseline’s, in percentage points',
    needsBaseline: true,
  },
  { column: 'time', label: 'Time', title: 'Training and validation, pauses left out' },
  { column: 'speed', label: 'Images/s', title: 'Of training, validation and pauses left out' },
  {
    column: 'overhead',
    label: 'WS cost',
    title: 'Time per step against the same settings without WS on the same device',
  },
  { column: 'divergedAt', label: 'Diverged at' },
];

/** More rows are drawn on demand: hundreds take longer to draw than charts may take. */
const LISTED = 50;

interface RunsTableProps {
  readonly runs: readonly TrainRecord[];
  /** All training runs, filtered or not: twins are looked for among them. */
  readonly all: readonly TrainRecord[];
}

/** Every run that passes the filter, sortable, with what can be done with each. */
export const RunsTable = memo(function RunsTable({ runs, all }: RunsTableProps): ReactNode {
  const sort = useCompare((state) => state.sort);
  const selected = useCompare((state) => state.selected);
  const hidden = useView((state) => state.hidden);
  const baseline = useView((state) => state.baseline);
  const styles = runStyles(all);
  const hasBaseline = all.some(({ id }) => id === baseline);
  const rows = sortRows(runRows(runs, all, baseline), sort);
  const shown = columns.filter(({ needsBaseline }) => hasBaseline || !needsBaseline);
  const [isWhole, setWhole] = useState(false);
  const listed = isWhole ? rows : rows.slice(0, LISTED);
  const isAllSelected = rows.length > 0 && rows.every(({ run }) => selected.includes(run.id));
  return (
    <div className="data-table runs-table" role="region" aria-label="Runs table" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">
              <input
                type="checkbox"
                aria-label="Select all runs"
                checked={isAllSelected}
                onChange={() => compareActions.select(isAllSelected ? [] : rows.map(({ run }) => run.id))}
              />
            </th>
            <th scope="col">Drawn</th>
            {shown.map(({ column, label, title }) => (
              <th
                key={column}
                scope="col"
                title={title}
                aria-sort={
                  sort.column !== column ? undefined : sort.isDescending ? 'descending' : 'ascending'
                }
              >
                <button type="button" className="sort" onClick={() => compareActions.sortBy(column)}>
                  {label}
                  <span aria-hidden="true">
                    {sort.column !== column ? '' : sort.isDescending ? ' ↓' : ' ↑'}
                  </span>
                </button>
              </th>
            ))}
            <th scope="col">Baseline</th>
          </tr>
        </thead>
        <tbody>
          {listed.map((row) => (
            <Row
              key={row.run.id}
              {...row}
              style={styles.get(row.run.id)!}
              isSelected={selected.includes(row.run.id)}
              isHidden={hidden.includes(row.run.id)}
              isBaseline={baseline === row.run.id}
              hasBaseline={hasBaseline}
            />
          ))}
        </tbody>
      </table>
      {listed.length < rows.length && (
        <button type="button" className="link runs-more" onClick={() => setWhole(true)}>
          {`Show ${formatCount(rows.length - listed.length)} more`}
        </button>
      )}
    </div>
  );
});

interface RowProps extends RunRow {
  readonly style: RunStyle;
  readonly isSelected: boolean;
  readonly isHidden: boolean;
  readonly isBaseline: boolean;
  readonly hasBaseline: boolean;
}

const Row = memo(function Row(props: RowProps): ReactNode {
  const { run, style, isSelected, isHidden, isBaseline } = props;
  const name = runName(run);
  const isBroken = run.status === 'diverged' || run.status === 'failed' || run.status === 'interrupted';
  return (
    <tr className={`${isHidden ? 'is-hidden' : ''} ${isSelected ? 'is-selected' : ''}`}>
      <td>
        <input
          type="checkbox"
          aria-label={`Select ${name}`}
          checked={isSelected}
          onChange={() => compareActions.toggleSelected(run.id)}
        />
      </td>
      <DrawnCell runId={run.id} name={name} style={style} isHidden={isHidden} />
      <th scope="row">
        <span className="cell-name">{name}</span>
        <span className="cell-details">{runDetails(run)}</span>
        {run.notes.tags.length > 0 && (
          <span className="cell-tags">
            {run.notes.tags.map((tag) => (
              <button
                key={tag}
                type="button"
                className="tag"
                aria-label={`Filter by tag ${tag}`}
                onClick={() => compareActions.setFilter(filterWord('tag', tag))}
              >
                {tag}
              </button>
            ))}
          </span>
        )}
        {isBroken && <span className="run-problem">{statusText(run)}</span>}
      </th>
      <td>{props.arm}</td>
      <td className="cell-study">{props.study}</td>
      <Figure value={props.bestLoss} format={formatLoss} />
      <Figure value={props.lastLoss} format={formatLoss} />
      <Figure value={props.bestAccuracy} format={formatPercent} />
      <Figure value={props.lastAccuracy} format={formatPercent} />
      {props.hasBaseline && (
        <>
          <Figure value={isBaseline ? undefined : props.lossDelta} format={formatDifference} />
          <Figure value={isBaseline ? undefined : props.accuracyDelta} format={formatPoints} />
        </>
      )}
      <Figure value={props.time} format={formatClock} />
      <Figure value={props.speed} format={formatSpeed} />
      <Figure value={props.overhead} format={formatOverhead} />
      <Figure value={props.divergedAt} format={(step) => `step ${formatCount(step)}`} />
      <td>
        <button
          type="button"
          className="link"
          aria-pressed={isBaseline}
          aria-label={isBaseline ? `Unpin ${name} as baseline` : `Pin ${name} as baseline`}
          onClick={() => viewActions.setBaseline(isBaseline ? undefined : run.id)}
        >
          {isBaseline ? 'unpin' : 'pin'}
        </button>
      </td>
    </tr>
  );
});

/** '+14 %' of time per step. */
function formatOverhead(ratio: number): string {
  const percent = 100 * (ratio - 1);
  return `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(1)} %`;
}

function Figure({
  value,
  format,
}: {
  value: number | undefined;
  format: (value: number) => string;
}): ReactNode {
  return <td className="is-figure">{value === undefined ? '–' : format(value)}</td>;
}
