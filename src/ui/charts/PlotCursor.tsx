import { usePlotArea, useXAxisInverseScale, useXAxisScale, useYAxisScale } from 'recharts';
import { useEffect, useRef, useState } from 'react';
import type { MouseEvent, PointerEvent, ReactNode } from 'react';
import { createPortal } from 'react-dom';
import type { CursorGroup } from '#ui/state/cursor.ts';
import { cursorActions, useCursor } from '#ui/state/cursor.ts';
import { fittedRange, pannedRange, setZoom } from '#ui/state/zoom.ts';
import type { Range, ZoomAxis } from '#ui/state/zoom.ts';

/** What a chart says about one of its lines at the cursor. */
export interface ReadoutRow {
  readonly id: string;
  readonly name: string;
  readonly colour: string;
  readonly dash: string | undefined;
  readonly text: string;
  /** Where to put a dot on the line; undefined where the line has no value. */
  readonly at: { readonly x: number; readonly y: number } | undefined;
}

export interface Readout {
  readonly title: string;
  readonly rows: readonly ReadoutRow[];
}

interface PlotCursorProps {
  readonly id: string;
  readonly group: CursorGroup;
  readonly readout: (x: number) => Readout;
  /** Called with the position of a click, which pins the cursor otherwise. */
  readonly onPick: ((x: number) => void) | undefined;
  /** Undefined where the chart cannot be zoomed. */
  readonly zoomAxis: ZoomAxis | undefined;
  /** What is visible. */
  readonly domain: Range;
  /** Element over the chart that takes the readout. */
  readonly overlay: HTMLElement | null;
}

const MAX_COMPACT_ROWS = 4;
/** A pointer that moved less, in pixels, has clicked. */
const CLICK_SLACK = 4;
/** A second click within this time, in milliseconds, makes a double click of both. */
const DOUBLE_CLICK_MS = 300;

/** A drag that is going on; positions in pixels. */
interface Drag {
  readonly from: number;
  readonly to: number;
  readonly isPan: boolean;
  /** What was visible as it began. */
  readonly domain: Range;
}

/**
 * Takes the pointer, and draws the cursor that all charts of its group share. A drag zooms to what it covers,
 * with Shift it moves the visible part; a click pins the cursor, a double click shows everything again.
 */
export function PlotCursor(props: PlotCursorProps): ReactNode {
  const { id, group, readout, onPick, overlay, zoomAxis } = props;
  const [drag, setDrag] = useState<Drag>();
  const waiting = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(waiting.current), []);
  const area = usePlotArea();
  const xScale = useXAxisScale();
  const yScale = useYAxisScale();
  const toX = useXAxisInverseScale();
  const cursorGroup = useCursor((state) => state.group);
  const x = useCursor((state) => state.x);
  const owner = useCursor((state) => state.owner);
  const isPinned = useCursor((state) => state.isPinned);
  const { move, leave, togglePin } = cursorActions;
  if (!area || !xScale || !yScale || !toX) return null;

  const valueOf = (px: number): number => {
    const value = toX(px);
    return typeof value === 'number' ? value : Number.NaN;
  };
  const pixelOf = (event: MouseEvent<SVGRectElement>): number => {
    const box = event.currentTarget.getBoundingClientRect();
    return area.x + ((event.clientX - box.left) / box.width) * area.width;
  };
  const begin = (event: PointerEvent<SVGRectElement>): void => {
    const at = pixelOf(event);
    move(group, valueOf(at), id);
    if (!zoomAxis || event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    setDrag({ from: at, to: at, isPan: event.shiftKey, domain: props.domain });
  };
  const follow = (event: PointerEvent<SVGRectElement>): void => {
    const at = pixelOf(event);
    if (drag && zoomAxis) {
      setDrag({ ...drag, to: at });
      if (drag.isPan) setZoom(group, pannedRange(drag.domain, zoomAxis, (drag.from - at) / area.width));
    }
    if (at >= area.x && at <= area.x + area.width) move(group, valueOf(at), id);
  };
  /** Where a double click would show everything again, a click waits until it cannot be the first of one. */
  const pick = (value: number): void => {
    clearTimeout(waiting.current);
    const isZoomed =
      zoomAxis && (props.domain[0] !== zoomAxis.extent[0] || props.domain[1] !== zoomAxis.extent[1]);
    if (isZoomed) waiting.current = setTimeout(() => onPick?.(value), DOUBLE_CLICK_MS);
    else onPick?.(value);
  };
  const isDragged = drag !== undefined && Math.abs(drag.to - drag.from) > CLICK_SLACK;
  const end = (event: PointerEvent<SVGRectElement>): void => {
    setDrag(undefined);
    if (isDragged && zoomAxis && !drag.isPan) {
      setZoom(group, fittedRange([valueOf(drag.from), valueOf(pixelOf(event))], zoomAxis));
    } else if (!isDragged && event.button === 0) {
      if (onPick) pick(valueOf(pixelOf(event)));
      else togglePin(group, valueOf(pixelOf(event)), id);
    }
  };
  const px = cursorGroup === group ? (xScale(x) ?? Number.NaN) : Number.NaN;
  const isShown = px >= area.x - 0.5 && px <= area.x + area.width + 0.5;
  const content = isShown ? readout(x) : undefined;

  return (
    <g>
      {isShown && (
        <g className={isPinned ? 'plot-cursor is-pinned' : 'plot-cursor'}>
          <line x1={px} x2={px} y1={area.y} y2={area.y + area.height} />
          {content?.rows.map((row) => {
            const cy = row.at ? yScale(row.at.y) : undefined;
            if (!row.at || cy === undefined || !(cy >= area.y && cy <= area.y + area.height)) return null;
            return <circle key={row.id} cx={xScale(row.at.x) ?? px} cy={cy} r={3.5} fill={row.colour} />;
          })}
        </g>
      )}
      <rect
        x={area.x}
        y={area.y}
        width={area.width}
        height={area.height}
        className={onPick ? 'plot-hit can-pick' : 'plot-hit'}
        onPointerDown={begin}
        onPointerMove={follow}
        onPointerUp={end}
        onPointerCancel={() => setDrag(undefined)}
        onPointerLeave={(event) => event.pointerType === 'mouse' && leave(id)}
        onDoubleClick={() => {
          clearTimeout(waiting.current);
          if (zoomAxis) setZoom(group, undefined);
        }}
      />
      {isDragged && !drag.isPan && (
        <rect
          className="plot-selection"
          x={Math.max(area.x, Math.min(drag.from, drag.to))}
          y={area.y}
          width={
            Math.min(area.x + area.width, Math.max(drag.from, drag.to)) -
            Math.max(area.x, Math.min(drag.from, drag.to))
          }
          height={area.height}
        />
      )}
      {isShown && content && overlay && content.rows.length > 0
        ? createPortal(
            <ReadoutBox
              content={content}
              isOwner={owner === id}
              isPinned={isPinned}
              left={px}
              top={area.y}
              isRightHalf={px > area.x + area.width / 2}
            />,
            overlay,
          )
        : null}
    </g>
  );
}

/** Rows for a chart that only follows the cursor: values that several lines share once, in no line's colour. */
function compactRows(rows: readonly ReadoutRow[]): readonly ReadoutRow[] {
  const byText = new Map<string, ReadoutRow>();
  for (const row of rows) {
    byText.set(row.text, byText.has(row.text) ? { ...row, colour: 'var(--muted)', dash: undefined } : row);
  }
  return byText.size > MAX_COMPACT_ROWS ? [] : [...byText.values()];
}

function ReadoutBox(props: {
  content: Readout;
  isOwner: boolean;
  isPinned: boolean;
  left: number;
  top: number;
  isRightHalf: boolean;
}): ReactNode {
  const { isOwner } = props;
  const rows = isOwner ? props.content.rows : compactRows(props.content.rows);
  if (rows.length === 0) return null;
  return (
    <div
      className={props.isRightHalf ? 'readout at-left' : 'readout'}
      style={{ left: props.left, top: props.top }}
      data-owner={isOwner}
    >
      {isOwner && (
        <div className="readout-title">
          {props.content.title}
          {props.isPinned && ' · pinned'}
        </div>
      )}
      {rows.map((row) => (
        <div key={row.id} className="readout-row">
          <svg width="18" height="8" aria-hidden="true">
            <line
              x1="0"
              x2="18"
              y1="4"
              y2="4"
              stroke={row.colour}
              strokeWidth="2"
              strokeDasharray={row.dash}
            />
          </svg>
          {isOwner && <span className="readout-name">{row.name}</span>}
          <span className="readout-value">{row.text}</span>
        </div>
      ))}
    </div>
  );
}
