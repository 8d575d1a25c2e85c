import type { ReactNode } from 'react';
import { markerPath } from '#ui/charts/PlotLayers.tsx';
import type { RunStyle } from '#ui/charts/palette.ts';

/** A sample of a run's line: hue, dashes and mark as the charts draw them. */
export function Swatch(props: { style: RunStyle; width?: number }): ReactNode {
  const { style, width = 34 } = props;
  return (
    <svg className="swatch" width={width} height="12" aria-hidden="true">
      <line
        x1="0"
        x2={width}
        y1="6"
        y2="6"
        stroke={style.colour}
        strokeWidth="2"
        strokeDasharray={style.dash}
      />
      <path d={markerPath(style.marker, width / 2, 6, 8)} fill={style.colour} className="plot-marker" />
    </svg>
  );
}
