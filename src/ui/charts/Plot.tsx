import { useId, useMemo, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { CartesianGrid, ComposedChart, ResponsiveContainer, XAxis, YAxis } from 'recharts';
import type { CursorGroup } from '#ui/state/cursor.ts';
import { setZoom } from '#ui/state/zoom.ts';
import type { Range, ZoomAxis } from '#ui/state/zoom.ts';
import { Dots, EndLabels, Markers, Marks, Rules } from './PlotLayers.tsx';
import type { EndLabel, Mark, Rule } from './PlotLayers.tsx';
import { Ghosts, Lines, OffScaleMarks } from './PlotLines.tsx';
import type { GhostPoint, PlotBand, PlotLine } from './PlotLines.tsx';
import { PlotCursor } from './PlotCursor.tsx';
import { PlotKeyboard } from './PlotKeyboard.tsx';
import { PlotTable } from './PlotTable.tsx';
import { PlotTools } from './PlotTools.tsx';
import type { Readout } from './PlotCursor.tsx';
import type { AxisTicks } from './ticks.ts';

export type { GhostPoint, PlotBand, PlotLine } from './PlotLines.tsx';

interface PlotProps {
  readonly title: string;
  /** Small print beside the title: unit, what the lines are. */
  readonly subtitle?: ReactNode;
  /** What the chart shows right now, for screen readers. */
  readonly summary: string;
  readonly group: CursorGroup;
  readonly xAxis: AxisTicks;
  readonly yAxis: AxisTicks;
  /** All of the horizontal axis; without it the chart cannot be zoomed. */
  readonly xExtent?: Range;
  readonly isXLog?: boolean;
  readonly isYLog?: boolean;
  readonly xLabel?: string;
  readonly formatX: (value: number) => string;
  readonly formatY: (value: number) => string;
  readonly lines: readonly PlotLine[];
  readonly bands?: readonly PlotBand[];
  readonly ghosts?: readonly GhostPoint[];
  readonly rules?: readonly Rule[];
  readonly marks?: readonly Mark[];
  readonly endLabels?: readonly EndLabel[];
  readonly readout: (x: number) => Readout;
  readonly onPick?: (x: number) => void;
  readonly className?: string;
  /** Shown over the empty plot, when there is nothing to draw. */
  readonly empty?: ReactNode;
}

const NO_LABELS: readonly EndLabel[] = [];
const NO_BANDS: readonly PlotBand[] = [];
const Y_AXIS_WIDTH = 46;
const AXIS_LINE = { stroke: 'var(--axis)' };

/**
 * A chart with a cursor and a zoom that are shared by value with the charts of its group. Recharts lays out and
 * draws the axes; lines, dots, marks, names and the cursor are layers in its coordinates, one element a line.
 */
export function Plot(props: PlotProps): ReactNode {
  const id = useId();
  const figure = useRef<HTMLElement>(null);
  const [overlay, setOverlay] = useState<HTMLElement | null>(null);
  const [isTable, setTable] = useState(false);
  const { endLabels = NO_LABELS, bands = NO_BANDS, isXLog = false, isYLog = false, xExtent } = props;
  const isEmpty = props.lines.every((line) => line.points.length === 0) && !props.ghosts?.length;
  const longest = endLabels.reduce((most, label) => Math.max(most, label.text.length), 0);
  const right = longest > 0 ? longest * 6.6 + 14 : 12;
  // Recharts computes everything anew for every property that is a new object.
  const margin = useMemo(() => ({ top: 10, right, bottom: 0, left: 0 }), [right]);
  const xDomain = useSameNumbers(props.xAxis.domain);
  const xTicks = useSameNumbers(props.xAxis.ticks);
  const yDomain = useSameNumbers(props.yAxis.domain);
  const yTicks = useSameNumbers(props.yAxis.ticks);
  const zoomAxis: ZoomAxis | undefined = xExtent && { extent: xExtent, isLog: isXLog };
  const isZoomed = xExtent !== undefined && (xDomain[0] !== xExtent[0] || xDomain[1] !== xExtent[1]);
  return (
    <figure
      ref={figure}
      className={`plot ${props.className ?? ''}`}
      aria-label={`${props.title}. ${props.summary}`}
    >
      <figcaption>
        <span className="plot-title">{props.title}</span>
        {props.subtitle && <span className="plot-subtitle">{props.subtitle}</span>}
        <PlotTools
          title={props.title}
          figure={figure}
          isTable={isTable}
          onTable={setTable}
          onResetZoom={isZoomed ? () => setZoom(props.group, undefined) : undefined}
        />
      </figcaption>
      <div className="plot-canvas">
        <PlotKeyboard
          id={id}
          title={props.title}
          summary={props.summary}
          group={props.group}
          domain={props.xAxis.domain}
          isLog={isXLog}
          zoomAxis={zoomAxis}
          readout={props.readout}
          onPick={props.onPick}
          onTable={() => setTable(!isTable)}
        />
        <ResponsiveContainer width="100%" height="100%" initialDimension={{ width: 320, height: 160 }}>
          <ComposedChart margin={margin} accessibilityLayer={false}>
            <CartesianGrid stroke="var(--grid)" vertical={false} />
            <XAxis
              type="number"
              dataKey="x"
              scale={isXLog ? 'log' : 'linear'}
              domain={xDomain}
              ticks={xTicks}
              tickFormatter={props.formatX}
              allowDataOverflow
              allowDuplicatedCategory={false}
              height={22}
              tickLine={false}
              axisLine={AXIS_LINE}
              tickMargin={6}
            />
            <YAxis
              type="number"
              scale={isYLog ? 'log' : 'linear'}
              domain={yDomain}
              ticks={yTicks}
              tickFormatter={props.formatY}
              allowDataOverflow
              width={Y_AXIS_WIDTH}
              tickLine={false}
              axisLine={false}
            />
            {props.rules && !(isEmpty && props.empty) && <Rules rules={props.rules} />}
            {props.lines
              .filter((line) => line.asDots)
              .map((line) => (
                <Dots key={line.id} points={line.points} colour={line.colour} size={line.width ?? 3} />
              ))}
            <Lines lines={props.lines} bands={bands} />
            <OffScaleMarks lines={props.lines} />
            {props.lines.map((line) =>
              line.marker ? (
                <Markers key={line.id} points={line.points} shape={line.marker} colour={line.colour} />
              ) : null,
            )}
            {props.ghosts && <Ghosts points={props.ghosts} />}
            {props.marks && <Marks marks={props.marks} />}
            <EndLabels labels={endLabels} />
            <PlotCursor
              id={id}
              group={props.group}
              readout={props.readout}
              onPick={props.onPick}
              zoomAxis={zoomAxis}
              domain={props.xAxis.domain}
              overlay={overlay}
            />
          </ComposedChart>
        </ResponsiveContainer>
        <div className="plot-overlay" ref={setOverlay} aria-live="off" />
        {isEmpty && props.empty ? <div className="plot-empty">{props.empty}</div> : null}
      </div>
      {props.xLabel && <div className="plot-x-label">{props.xLabel}</div>}
      {isTable && (
        <PlotTable
          title={props.title}
          axisTitle={props.xLabel ?? 'position'}
          domain={props.xAxis.domain}
          isLog={isXLog}
          formatX={props.formatX}
          readout={props.readout}
        />
      )}
    </figure>
  );
}

/** A copy of `numbers` that stays the same array while they are equal. */
function useSameNumbers(numbers: readonly number[]): number[] {
  const key = numbers.join();
  // eslint-disable-next-line react/exhaustive-deps -- `key` stands for the numbers
  return useMemo(() => [...numbers], [key]);
}
