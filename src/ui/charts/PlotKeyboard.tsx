import type { ReactNode } from 'react';
import { cursorActions, useCursor } from '#ui/state/cursor.ts';
import type { CursorGroup } from '#ui/state/cursor.ts';
import type { Readout } from './PlotCursor.tsx';

/** Positions of the slider along the axis. */
const POSITIONS = 200;

interface PlotKeyboardProps {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly group: CursorGroup;
  readonly domain: readonly [number, number];
  readonly isLog: boolean;
  readonly readout: (x: number) => Readout;
  readonly onPick: ((x: number) => void) | undefined;
}

/**
 * A slider without looks over a chart: its keys move the cursor along the horizontal axis, a screen reader
 * says the values under it, and Enter picks.
 */
export function PlotKeyboard(props: PlotKeyboardProps): ReactNode {
  const x = useCursor((state) => (state.group === props.group ? state.x : undefined));
  const [low, high] = props.domain;
  const toShare = (value: number): number =>
    props.isLog ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  const fromShare = (share: number): number =>
    props.isLog ? low * (high / low) ** share : low + share * (high - low);
  return (
    <input
      className="plot-slider"
      type="range"
      min={0}
      max={POSITIONS}
      value={x === undefined ? POSITIONS / 2 : Math.round(toShare(x) * POSITIONS)}
      aria-label={`${props.title} chart`}
      aria-valuetext={x === undefined ? props.summary : spoken(props.readout(x))}
      onChange={(event) =>
        cursorActions.move(props.group, fromShare(Number(event.target.value) / POSITIONS), props.id)
      }
      onKeyDown={(event) => {
        if (event.key === 'Enter' && x !== undefined) props.onPick?.(x);
        if (event.key === 'Escape') cursorActions.leave(props.id);
      }}
      onBlur={() => cursorActions.leave(props.id)}
    />
  );
}

function spoken({ title, rows }: Readout): string {
  return rows.length === 0
    ? `${title}: no value`
    : `${title}: ${rows.map((row) => `${row.name} ${row.text}`).join('; ')}`;
}
