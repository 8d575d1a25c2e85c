import type { ReactNode } from 'react';
import type { Readout } from './PlotCursor.tsx';

/** Positions along the axis that the table gives; enough to follow a curve by ear. */
const ROWS = 24;

interface PlotTableProps {
  readonly title: string;
  readonly axisTitle: string;
  readonly domain: readonly [number, number];
  readonly isLog: boolean;
  readonly formatX: (value: number) => string;
  readonly readout: (x: number) => Readout;
}

/** What the cursor would read at positions spread over the visible axis, as a table. */
export function PlotTable(props: PlotTableProps): ReactNode {
  const [low, high] = props.domain;
  const rows = Array.from({ length: ROWS + 1 }, (_, i) => {
    const share = i / ROWS;
    const x = props.isLog ? low * (high / low) ** share : low + share * (high - low);
    return { x, cells: props.readout(x).rows };
  }).filter(({ cells }) => cells.length > 0);
  const names = new Map(rows.flatMap(({ cells }) => cells.map((cell) => [cell.id, cell.name] as const)));
  return (
    <div className="plot-table" role="region" aria-label={`${props.title} as table`} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{props.axisTitle}</th>
            {[...names].map(([id, name]) => (
              <th key={id} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ x, cells }) => (
            <tr key={x}>
              <th scope="row">{props.formatX(x)}</th>
              {[...names.keys()].map((id) => (
                <td key={id}>{cells.find((cell) => cell.id === id)?.text ?? ''}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
