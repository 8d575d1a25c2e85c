import { useId } from 'react';
import type { ReactNode } from 'react';
import { markerPath, useScales } from './PlotLayers.tsx';
import type { Scales } from './PlotLayers.tsx';
import { bandPath, linePath, offScaleMarks, whiskerPath } from './paths.ts';
import type { MarkerShape } from './palette.ts';
import type { BandPoint, Point } from './series.ts';

export interface PlotLine {
  readonly id: string;
  readonly points: readonly Point[];
  readonly colour: string;
  readonly dash?: string | undefined;
  readonly width?: number;
  /** 0 draws nothing but the marks of what lies off the axis. */
  readonly opacity?: number;
  /** Marks every point; for lines of few points. */
  readonly marker?: MarkerShape;
  /** In pixels; about 8 where it is not given. */
  readonly markerSize?: number;
  /** Marks the line about every so many pixels instead. */
  readonly markerSpacing?: number;
  /** Draws single dots instead of a line. */
  readonly asDots?: boolean;
}

/** An area between two lines. */
export interface PlotBand {
  readonly id: string;
  readonly points: readonly BandPoint[];
  readonly colour: string;
  /** Draws a range at each point instead of an area: for few points that lie in another band. */
  readonly asWhiskers?: boolean;
}

/** `markerSpacing` of lines that bend slowly, in pixels. */
export const MARKS_APART = 90;

/** A value that somebody else measured: a hollow mark. */
export interface GhostPoint {
  readonly x: number;
  readonly y: number;
  /** Who measured it; points of one name belong together. */
  readonly name: string;
  readonly text: string;
  readonly colour: string;
  readonly marker: MarkerShape;
  /** Of its outline. */
  readonly dash?: string | undefined;
}

/** Bands and lines, each one path element however many points, cut off at the edges of the plot. */
export function Lines({
  lines,
  bands,
}: {
  lines: readonly PlotLine[];
  bands: readonly PlotBand[];
}): ReactNode {
  const scales = useScales();
  const clip = useId();
  if (!scales) return null;
  const { area } = scales;
  return (
    <>
      <clipPath id={clip}>
        <rect x={area.x} y={area.y} width={area.width} height={area.height} />
      </clipPath>
      <g clipPath={`url(#${clip})`}>
        {bands.map((band) =>
          band.asWhiskers ? (
            <path
              key={band.id}
              className="plot-whisker"
              d={whiskerPath(band.points, scales)}
              stroke={band.colour}
            />
          ) : (
            <path key={band.id} className="plot-band" d={bandPath(band.points, scales)} fill={band.colour} />
          ),
        )}
        {lines
          .filter((line) => !line.asDots && line.opacity !== 0 && line.points.length > 0)
          .map((line) => (
            <path
              key={line.id}
              className="plot-line"
              d={linePath(line.points, scales)}
              stroke={line.colour}
              strokeWidth={line.width ?? 2}
              strokeOpacity={line.opacity ?? 1}
              strokeDasharray={line.dash}
            />
          ))}
      </g>
    </>
  );
}

/** Hollow marks; the readout names them. */
export function Ghosts({ points }: { points: readonly GhostPoint[] }): ReactNode {
  const scales = useScales();
  if (!scales) return null;
  return points.map((point) => {
    const x = scales.x(point.x);
    const y = scales.y(point.y);
    if (!isInside(scales, x, y)) return null;
    return (
      <path
        key={`${point.name} ${point.x}`}
        className="plot-ghost"
        d={markerPath(point.marker, x, y, 9)}
        stroke={point.colour}
        strokeDasharray={point.dash}
      >
        <title>{`${point.name}, ${point.text}`}</title>
      </path>
    );
  });
}

function isInside({ area }: Scales, x: number, y: number): boolean {
  return x >= area.x - 1 && x <= area.x + area.width + 1 && y >= area.y - 1 && y <= area.y + area.height + 1;
}

/** The edges of a band as lines that are not drawn: what of them lies off the axis is marked. */
function edgesOf({ id, points, colour }: PlotBand): readonly PlotLine[] {
  const edge = (name: 'low' | 'high'): PlotLine => ({
    id: `${id} ${name}`,
    points: points.map((point) => ({ x: point.x, y: point[name] })),
    colour,
  });
  return [edge('low'), edge('high')];
}

/** Arrows where a line or a band leaves the plot at the top or the bottom, crosses where a line has no number. */
export function OffScaleMarks({
  lines,
  bands,
  domain: [low, high],
}: {
  lines: readonly PlotLine[];
  bands: readonly PlotBand[];
  /** Of the vertical axis. */
  domain: readonly [number, number];
}): ReactNode {
  const scales = useScales();
  if (!scales) return null;
  const { area } = scales;
  const bottom = area.y + area.height;
  const leaves = ({ points }: PlotLine): boolean => points.some(({ y }) => y === null || y < low || y > high);
  return [...lines, ...bands.flatMap(edgesOf)].filter(leaves).map((line) => {
    const { above, below, gaps } = offScaleMarks(line.points, scales);
    const arrows = [
      ...above.map((x) => `M${x - 4} ${area.y + 1}l4 -6l4 6z`),
      ...below.map((x) => `M${x - 4} ${bottom - 1}l4 6l4 -6z`),
    ].join('');
    const crosses = gaps.map((x) => `M${x - 3} ${area.y - 6}l6 6m0 -6l-6 6`).join('');
    return (
      <g key={line.id}>
        {arrows && <path className="plot-off-scale" d={arrows} fill={line.colour} />}
        {crosses && <path className="plot-gap" d={crosses} stroke={line.colour} />}
      </g>
    );
  });
}
