import { useContext, useState } from 'react';
import type { KeyboardEvent, PointerEvent, ReactNode } from 'react';
import { axisValue } from './axisScale.ts';
import { PlotAxesContext } from './plotAxes.ts';
import { useScales } from './PlotLayers.tsx';

/** A value of the horizontal axis that is chosen by dragging a line, or with the arrow keys. */
export interface PlotMarker {
  readonly at: number;
  /** Short text beside the line. */
  readonly label: string;
  /** What a screen reader calls it. */
  readonly name: string;
  readonly format: (value: number) => string;
  /** Told of every key, and of a drag at its end. */
  readonly onMove: (value: number, how: 'drag' | 'key') => void;
}

/** Keys move by these shares of a decade, or of the whole of a linear axis. */
const SHARE = 0.05;
const LARGE_SHARE = 0.25;
const HIT_WIDTH = 18;

/** A line with a handle that can be moved along a chart. */
export function Marker({ marker }: { marker: PlotMarker }): ReactNode {
  const axes = useContext(PlotAxesContext);
  const scales = useScales();
  /** Pixel of the line while it is dragged. */
  const [dragged, setDragged] = useState<number>();
  if (!axes || !scales) return null;
  const { area } = scales;
  const [low, high] = axes.x;
  const valueOf = (px: number): number => axisValue(axes.x, axes.isXLog, area.x, area.x + area.width)(px);
  const px = dragged ?? scales.x(marker.at);
  if (!(px >= area.x - 0.5 && px <= area.x + area.width + 0.5)) return null;

  const follow = (event: PointerEvent<SVGGElement>): void => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const svg = event.currentTarget.ownerSVGElement!;
    const at = event.clientX - svg.getBoundingClientRect().left;
    setDragged(Math.min(area.x + area.width, Math.max(area.x, at)));
  };
  const begin = (event: PointerEvent<SVGGElement>): void => {
    if (event.button === 0) event.currentTarget.setPointerCapture(event.pointerId);
  };
  const end = (): void => {
    if (dragged !== undefined) marker.onMove(valueOf(dragged), 'drag');
    setDragged(undefined);
  };
  const press = (event: KeyboardEvent): void => {
    const isForward = event.key === 'ArrowRight' || event.key === 'ArrowUp' || event.key === 'PageUp';
    const isBack = event.key === 'ArrowLeft' || event.key === 'ArrowDown' || event.key === 'PageDown';
    if (!isForward && !isBack) return;
    event.preventDefault();
    const isLarge = event.key.startsWith('Page') || event.shiftKey;
    const by = (isForward ? 1 : -1) * (isLarge ? LARGE_SHARE : SHARE);
    const value = axes.isXLog ? marker.at * 10 ** by : marker.at + by * (high - low);
    marker.onMove(Math.min(high, Math.max(low, value)), 'key');
  };
  const isNearRight = px > area.x + area.width * 0.8;
  return (
    <g
      className="plot-picker"
      role="slider"
      tabIndex={0}
      aria-label={marker.name}
      aria-valuemin={decimal(low)}
      aria-valuemax={decimal(high)}
      aria-valuenow={decimal(marker.at)}
      aria-valuetext={marker.format(marker.at)}
      onPointerDown={begin}
      onPointerMove={follow}
      onPointerUp={end}
      onPointerCancel={() => setDragged(undefined)}
      onKeyDown={press}
    >
      <rect
        className="plot-picker-hit"
        x={px - HIT_WIDTH / 2}
        y={area.y}
        width={HIT_WIDTH}
        height={area.height}
      />
      <line x1={px} x2={px} y1={area.y} y2={area.y + area.height} />
      <path d={`M${px - 7} ${area.y + area.height}h14v-7l-7 -8l-7 8z`} />
      <text x={px + (isNearRight ? -5 : 5)} y={area.y + 11} textAnchor={isNearRight ? 'end' : 'start'}>
        {dragged === undefined ? marker.label : marker.format(valueOf(dragged))}
      </text>
    </g>
  );
}

/** Numbers of ARIA have no exponent; React's types want a number and write a text as it is. */
function decimal(value: number): number {
  return value.toLocaleString('en', { maximumSignificantDigits: 6, useGrouping: false }) as unknown as number;
}
