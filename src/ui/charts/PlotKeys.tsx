import type { ReactNode } from 'react';
import { markerPath } from './PlotLayers.tsx';
import type { MarkerShape } from './palette.ts';

/** What a line of a chart looks like, for the legend of its picture. */
export interface PlotKey {
  readonly id: string;
  readonly name: string;
  readonly colour: string;
  readonly dash?: string | undefined;
  /** A hollow mark instead of a line. */
  readonly ghost?: MarkerShape;
}

export const KEY_WIDTH = 24;
export const KEY_HEIGHT = 12;

/**
 * The legend that a saved picture takes along. On the page it is out of sight: there the names stand in the list of
 * runs, once for all charts.
 */
export function PlotKeys({ keys }: { keys: readonly PlotKey[] }): ReactNode {
  return (
    <ul hidden className="plot-keys">
      {keys.map(({ id, name, colour, dash, ghost }) => (
        <li key={id}>
          <svg width={KEY_WIDTH} height={KEY_HEIGHT}>
            {ghost ? (
              <path
                className="plot-ghost"
                d={markerPath(ghost, KEY_WIDTH / 2, KEY_HEIGHT / 2, 9)}
                stroke={colour}
                strokeDasharray={dash}
              />
            ) : (
              <line
                x1="0"
                x2={KEY_WIDTH}
                y1={KEY_HEIGHT / 2}
                y2={KEY_HEIGHT / 2}
                stroke={colour}
                strokeWidth="2"
                strokeDasharray={dash}
              />
            )}
          </svg>
          {name}
        </li>
      ))}
    </ul>
  );
}
