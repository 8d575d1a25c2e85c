import { createContext } from 'react';

/** What the axes of a chart show. */
export interface PlotAxes {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  readonly isXLog: boolean;
  readonly isYLog: boolean;
}

/** The axes of the chart around a layer. */
export const PlotAxesContext = createContext<PlotAxes | undefined>(undefined);
