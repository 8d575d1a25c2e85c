import type { KeyboardEvent, ReactNode } from 'react';
import { cursorActions, useCursor } from '#ui/state/cursor.ts';
import type { CursorGroup } from '#ui/state/cursor.ts';
import { pannedRange, setZoom, zoomedRange } from '#ui/state/zoom.ts';
import type { Range, ZoomAxis } from '#ui/state/zoom.ts';
import type { Readout } from './PlotCursor.tsx';

/** Positions of the slider along the axis. */
const POSITIONS = 200;
/** Shift and an arrow move by this share of what is visible. */
const PAN_SHARE = 0.2;

interface PlotKeyboardProps {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly group: CursorGroup;
  readonly domain: Range;
  readonly isLog: boolean;
  /** Undefined where the chart cannot be zoomed. */
  readonly zoomAxis: ZoomAxis | undefined;
  readonly readout: (x: number) => Readout;
  readonly onPick: ((x: number) => void) | undefined;
  readonly onTable: () => void;
  /** Undefined where an axis is always the same. */
  readonly onLogX: (() => void) | undefined;
  readonly onLogY: (() => void) | undefined;
}

/**
 * A slider without looks over a chart: its keys move the cursor along the horizontal axis, a screen reader
 * says the values under it, and Enter picks or pins. + and − zoom, Shift with an arrow pans, Escape shows everything
 * again, T shows the table, X and Y make an axis logarithmic or linear.
 */
export function PlotKeyboard(props: PlotKeyboardProps): ReactNode {
  const { group, domain, zoomAxis, isLog } = props;
  const x = useCursor((state) => (state.group === group ? state.x : undefined));
  const [low, high] = domain;
  const toShare = (value: number): number =>
    isLog ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  const fromShare = (share: number): number =>
    isLog ? low * (high / low) ** share : low + share * (high - low);

  const press = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isArrow = event.key === 'ArrowLeft' || event.key === 'ArrowRight';
    if (event.key === 'Enter' && x !== undefined) {
      if (props.onPick) props.onPick(x);
      else cursorActions.togglePin(group, x, props.id);
    }
    const letter = event.key.toLowerCase();
    if (letter === 't') props.onTable();
    else if (letter === 'x') props.onLogX?.();
    else if (letter === 'y') props.onLogY?.();
    else if (event.key === 'Escape') {
      cursorActions.clear();
      if (zoomAxis) setZoom(group, undefined);
    } else if (zoomAxis && (event.key === '+' || event.key === '=')) {
      setZoom(group, zoomedRange(domain, zoomAxis, 0.5, x));
    } else if (zoomAxis && (event.key === '-' || event.key === '_')) {
      setZoom(group, zoomedRange(domain, zoomAxis, 2, x));
    } else if (zoomAxis && isArrow && event.shiftKey) {
      event.preventDefault();
      setZoom(group, pannedRange(domain, zoomAxis, event.key === 'ArrowLeft' ? -PAN_SHARE : PAN_SHARE));
    }
  };
  return (
    <input
      className="plot-slider"
      type="range"
      min={0}
      max={POSITIONS}
      value={x === undefined ? POSITIONS / 2 : Math.round(toShare(x) * POSITIONS)}
      aria-label={`${props.title} chart`}
      aria-valuetext={x === undefined ? props.summary : spoken(props.readout(x))}
      aria-keyshortcuts={`Enter + - Escape T${props.onLogX ? ' X' : ''}${props.onLogY ? ' Y' : ''}`}
      onChange={(event) =>
        cursorActions.place(group, fromShare(Number(event.target.value) / POSITIONS), props.id)
      }
      onKeyDown={press}
      onBlur={() => cursorActions.leave(props.id)}
    />
  );
}

function spoken({ title, rows }: Readout): string {
  return rows.length === 0
    ? `${title}: no value`
    : `${title}: ${rows.map((row) => `${row.name} ${row.text}`).join('; ')}`;
}
