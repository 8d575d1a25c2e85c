import { createContext, useContext, useId, useMemo, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { CartesianGrid, ComposedChart, ResponsiveContainer, XAxis, YAxis } from 'recharts';
import type { CursorGroup } from '#ui/state/cursor.ts';
import { setZoom } from '#ui/state/zoom.ts';
import type { Range, ZoomAxis } from '#ui/state/zoom.ts';
import { Dots, EndLabels, Markers, Marks, Rules, Shades } from './PlotLayers.tsx';
import type { EndLabel, Mark, Rule, Shade } from './PlotLayers.tsx';
import { Ghosts, Lines, OffScaleMarks } from './PlotLines.tsx';
import type { GhostPoint, PlotBand, PlotLine } from './PlotLines.tsx';
import { PlotCursor } from './PlotCursor.tsx';
import { Marker } from './PlotMarker.tsx';
import type { PlotMarker } from './PlotMarker.tsx';
import { PlotKeyboard } from './PlotKeyboard.tsx';
import { PlotKeys } from './PlotKeys.tsx';
import type { PlotKey } from './PlotKeys.tsx';
import { PlotTable } from './PlotTable.tsx';
import { PlotTools } from './PlotTools.tsx';
import type { LogSwitch } from './PlotTools.tsx';
import type { Readout } from './PlotCursor.tsx';
import { PlotAxesContext } from './plotAxes.ts';
import type { PlotAxes } from './plotAxes.ts';
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
  /** Makes an axis logarithmic, or linear again; absent where it cannot be changed. */
  readonly onLogX?: () => void;
  readonly onLogY?: () => void;
  /** Switches the scale of the vertical axis of this chart alone. */
  readonly logY?: LogSwitch;
  readonly xLabel?: string;
  readonly formatX: (value: number) => string;
  readonly formatY: (value: number) => string;
  readonly lines: readonly PlotLine[];
  readonly bands?: readonly PlotBand[];
  readonly ghosts?: readonly GhostPoint[];
  readonly rules?: readonly Rule[];
  readonly marks?: readonly Mark[];
  readonly shades?: readonly Shade[];
  /** A value of the horizontal axis that can be moved. */
  readonly picker?: PlotMarker;
  readonly endLabels?: readonly EndLabel[];
  /** Names of the lines, for a saved picture: needed where no names stand at their ends. */
  readonly keys?: readonly PlotKey[];
  /** Shows them on the page too. */
  readonly showsKeys?: boolean;
  readonly readout: (x: number) => Readout;
  readonly onPick?: (x: number) => void;
  readonly className?: string;
  /** Shown over the empty plot, when there is nothing to draw. */
  readonly empty?: ReactNode;
}

interface PlotContent extends PlotProps {
  readonly id: string;
  readonly zoomAxis: ZoomAxis | undefined;
  readonly overlay: HTMLElement | null;
  /** There is nothing to draw. */
  readonly isEmpty: boolean;
}

const PlotLayersContext = createContext<PlotContent | undefined>(undefined);

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
  const { endLabels = NO_LABELS, isXLog = false, isYLog = false, xExtent } = props;
  const isEmpty = props.lines.every((line) => line.points.length === 0) && !props.ghosts?.length;
  const longest = endLabels.reduce((most, label) => Math.max(most, label.text.length), 0);
  const right = longest > 0 ? longest * 6.6 + 26 : 12;
  // Recharts computes everything anew for every property that is a new object.
  const margin = useMemo(() => ({ top: 10, right, bottom: 0, left: 0 }), [right]);
  const xDomain = useSameNumbers(props.xAxis.domain);
  const xTicks = useSameNumbers(props.xAxis.ticks);
  const yDomain = useSameNumbers(props.yAxis.domain);
  const yTicks = useSameNumbers(props.yAxis.ticks);
  const visible = useMemo(
    (): PlotAxes => ({ x: [xDomain[0]!, xDomain[1]!], y: [yDomain[0]!, yDomain[1]!], isXLog, isYLog }),
    [xDomain, yDomain, isXLog, isYLog],
  );
  const { formatX, formatY, logY } = props;
  const onLogY = props.onLogY ?? (logY && (() => logY.onChange(!logY.isOn)));
  // Recharts lays everything out anew whenever it is drawn: it is only where an axis has changed. The layers in
  // it take what they draw from the context, which goes past it.
  const axes = useMemo(
    () => (
      <ResponsiveContainer width="100%" height="100%" initialDimension={{ width: 320, height: 160 }}>
        <ComposedChart margin={margin} accessibilityLayer={false}>
          <CartesianGrid stroke="var(--grid)" vertical={false} />
          <XAxis
            type="number"
            dataKey="x"
            scale={isXLog ? 'log' : 'linear'}
            domain={xDomain}
            ticks={xTicks}
            tickFormatter={formatX}
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
            tickFormatter={formatY}
            allowDataOverflow
            width={Y_AXIS_WIDTH}
            tickLine={false}
            axisLine={false}
          />
          <Layers />
        </ComposedChart>
      </ResponsiveContainer>
    ),
    [margin, isXLog, xDomain, xTicks, formatX, isYLog, yDomain, yTicks, formatY],
  );
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
          logY={props.logY}
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
          onLogX={props.onLogX}
          onLogY={onLogY}
        />
        <PlotAxesContext value={visible}>
          {/* The lines are other objects at every redraw: nothing would be saved by keeping this one. */}
          {/* eslint-disable-next-line react/jsx-no-constructed-context-values */}
          <PlotLayersContext value={{ ...props, id, zoomAxis, overlay, isEmpty }}>{axes}</PlotLayersContext>
        </PlotAxesContext>
        <div className="plot-overlay" ref={setOverlay} aria-live="off" />
        {isEmpty && props.empty ? <div className="plot-empty">{props.empty}</div> : null}
      </div>
      {props.xLabel && <div className="plot-x-label">{props.xLabel}</div>}
      {props.keys && <PlotKeys keys={props.keys} isShown={props.showsKeys ?? false} />}
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

/** Everything in the plot but its axes. */
function Layers(): ReactNode {
  const layers = useContext(PlotLayersContext);
  if (!layers) return null;
  const { lines, endLabels = NO_LABELS, bands = NO_BANDS } = layers;
  return (
    <>
      {layers.shades && <Shades shades={layers.shades} />}
      {layers.rules && !(layers.isEmpty && layers.empty) && <Rules rules={layers.rules} />}
      {lines
        .filter((line) => line.asDots)
        .map((line) => (
          <Dots key={line.id} points={line.points} colour={line.colour} size={line.width ?? 3} />
        ))}
      <Lines lines={lines} bands={bands} />
      <OffScaleMarks lines={lines} bands={bands} domain={layers.yAxis.domain} />
      {lines.map((line) =>
        line.marker ? (
          <Markers
            key={line.id}
            points={line.points}
            shape={line.marker}
            colour={line.colour}
            size={line.markerSize ?? 8}
            {...(line.markerSpacing !== undefined && { spacing: line.markerSpacing })}
          />
        ) : null,
      )}
      {layers.ghosts && <Ghosts points={layers.ghosts} />}
      {layers.marks && <Marks marks={layers.marks} />}
      <EndLabels labels={endLabels} />
      <PlotCursor
        id={layers.id}
        group={layers.group}
        readout={layers.readout}
        onPick={layers.onPick}
        zoomAxis={layers.zoomAxis}
        domain={layers.xAxis.domain}
        overlay={layers.overlay}
      />
      {/* Over the plane that takes the pointer. */}
      {layers.picker && <Marker marker={layers.picker} />}
    </>
  );
}

/** A copy of `numbers` that stays the same array while they are equal. */
function useSameNumbers(numbers: readonly number[]): number[] {
  const key = numbers.join();
  // eslint-disable-next-line react/exhaustive-deps -- `key` stands for the numbers
  return useMemo(() => [...numbers], [key]);
}
