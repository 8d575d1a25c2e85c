import type { ReactNode } from 'react';
import { markerPath } from './PlotLayers.tsx';
import type { MarkerShape } from './palette.ts';

/** What a line of a chart looks like. */
export interface PlotKey {
  readonly id: string;
  readonly name: string;
  readonly colour: string;
  readonly dash?: string | undefined;
  /** On the line. */
  readonly marker?: MarkerShape;
  /** A hollow mark instead of a line. */
  readonly ghost?: MarkerShape;
}

export const KEY_WIDTH = 24;
export const KEY_HEIGHT = 12;

/**
 * The legend that a saved picture takes along. On the page it is seen only where the names stand nowhere else: most
 * charts have them at the ends of lines, in the list of runs or in a legend for all.
 */
export function PlotKeys({ keys, isShown }: { keys: readonly PlotKey[]; isShown: boolean }): ReactNode {
  return (
    <ul hidden={!isShown} className="plot-keys">
      {keys.map(({ id, name, colour, dash, marker, ghost }) => (
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
              <>
                <line
                  x1="0"
                  x2={KEY_WIDTH}
                  y1={KEY_HEIGHT / 2}
                  y2={KEY_HEIGHT / 2}
                  stroke={colour}
                  strokeWidth="2"
                  strokeDasharray={dash}
                />
                {marker && (
                  <path
                    className="plot-key-mark"
                    d={markerPath(marker, KEY_WIDTH / 2, KEY_HEIGHT / 2, 8)}
                    fill={colour}
                  />
                )}
              </>
            )}
          </svg>
          {name}
        </li>
      ))}
    </ul>
  );
}
