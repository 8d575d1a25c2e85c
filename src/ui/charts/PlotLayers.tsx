import { useContext } from 'react';
import type { ReactNode } from 'react';
import { usePlotArea } from 'recharts';
import { axisScale } from './axisScale.ts';
import { PlotAxesContext } from './plotAxes.ts';
import type { MarkerShape } from './palette.ts';
import { markedPixels } from './paths.ts';
import type { Point } from './series.ts';

/** A horizontal or vertical line with a short text. */
export interface Rule {
  readonly axis: 'x' | 'y';
  readonly at: number;
  readonly label: string;
  readonly colour: string;
  readonly isDashed?: boolean;
  /** The text of a horizontal line stands below it. */
  readonly isTextBelow?: boolean;
}

/** A part of the horizontal axis that is set apart. */
export interface Shade {
  readonly from: number;
  readonly to: number;
  /** What it is, on hovering it. */
  readonly title: string;
}

/** A labelled point on a curve. */
export interface Mark {
  readonly x: number;
  readonly y: number;
  readonly label: string;
  readonly colour: string;
}

/** The name of a line at its right end, with its mark; or the mark alone. */
export interface EndLabel {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  /** Empty where the names stand in a legend. */
  readonly text: string;
  readonly colour: string;
  readonly marker: MarkerShape;
}

/** Pixels of a character, about, and from one line of text to the next. */
const CHARACTER = 6.6;
const LINE = 13;

/** Path of a mark of about `size` pixels around a point. */
export function markerPath(shape: MarkerShape, x: number, y: number, size: number): string {
  const r = size / 2;
  switch (shape) {
    case 'circle':
      return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
    case 'square':
      return `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`;
    case 'diamond':
      return `M${x} ${y - r * 1.3}l${r * 1.3} ${r * 1.3}l${-r * 1.3} ${r * 1.3}l${-r * 1.3} ${-r * 1.3}z`;
    default:
      return shape satisfies never;
  }
}

/** Data to pixels of the chart around. */
export interface Scales {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly area: NonNullable<ReturnType<typeof usePlotArea>>;
}

/** The scales of the chart around; undefined until it has a size. */
export function useScales(): Scales | undefined {
  const axes = useContext(PlotAxesContext);
  const area = usePlotArea();
  if (!axes || !area) return undefined;
  return {
    x: axisScale(axes.x, axes.isXLog, area.x, area.x + area.width),
    y: axisScale(axes.y, axes.isYLog, area.y + area.height, area.y),
    area,
  };
}

/** Raw values as one path of round dots: one element however many points. Points off the plot are left out. */
export function Dots(props: { points: readonly Point[]; colour: string; size: number }): ReactNode {
  const scales = useScales();
  if (!scales) return null;
  const { area } = scales;
  const path = props.points
    .map((point) => {
      if (point.y === null) return '';
      const y = scales.y(point.y);
      return y >= area.y && y <= area.y + area.height
        ? `M${scales.x(point.x).toFixed(1)} ${y.toFixed(1)}h0`
        : '';
    })
    .join('');
  return <path d={path} stroke={props.colour} strokeWidth={props.size} className="plot-dots" />;
}

/** Filled marks: one for each point of a line of few points, or some along a line of many. */
export function Markers(props: {
  points: readonly Point[];
  shape: MarkerShape;
  colour: string;
  size: number;
  /** Least pixels from one to the next. */
  spacing?: number;
}): ReactNode {
  const scales = useScales();
  if (!scales) return null;
  const path = markedPixels(props.points, scales, props.spacing ?? 0)
    .map(([x, y]) => markerPath(props.shape, x, y, props.size))
    .join('');
  return <path d={path} fill={props.colour} className="plot-marker" />;
}

/** Parts of the axis behind everything else. */
export function Shades({ shades }: { shades: readonly Shade[] }): ReactNode {
  const scales = useScales();
  if (!scales) return null;
  const { area } = scales;
  return shades.map(({ from, to, title }) => {
    const left = clamp(scales.x(from), area.x, area.x + area.width);
    const right = clamp(scales.x(to), area.x, area.x + area.width);
    if (!(right > left)) return null;
    return (
      <rect
        key={`${from} ${title}`}
        className="plot-shade"
        x={left}
        y={area.y}
        width={right - left}
        height={area.height}
      >
        <title>{title}</title>
      </rect>
    );
  });
}

/** Reference lines; labels of horizontal ones sit at the left, of vertical ones at the top. */
export function Rules({ rules }: { rules: readonly Rule[] }): ReactNode {
  const scales = useScales();
  if (!scales) return null;
  const { area } = scales;
  return rules.map((rule) => {
    const at = rule.axis === 'x' ? scales.x(rule.at) : scales.y(rule.at);
    const [low, size] = rule.axis === 'x' ? [area.x, area.width] : [area.y, area.height];
    if (!(at >= low - 0.5 && at <= low + size + 0.5)) return null;
    const isVertical = rule.axis === 'x';
    const room = area.x + area.width - at;
    const nearRight = room < rule.label.length * CHARACTER + 5 && room < area.width / 2;
    return (
      <g key={`${rule.axis} ${rule.at} ${rule.label}`} className="plot-rule">
        <line
          x1={isVertical ? at : area.x}
          x2={isVertical ? at : area.x + area.width}
          y1={isVertical ? area.y : at}
          y2={isVertical ? area.y + area.height : at}
          stroke={rule.colour}
          strokeDasharray={rule.isDashed ? '2 3' : undefined}
        />
        <text
          x={isVertical ? at + (nearRight ? -5 : 5) : area.x + 6}
          y={isVertical ? area.y + 11 : rule.isTextBelow ? at + 13 : at - 5}
          textAnchor={isVertical && nearRight ? 'end' : 'start'}
          fill={rule.colour}
        >
          {rule.label}
        </text>
      </g>
    );
  });
}

/** Rings on a curve with their names, pushed apart vertically where they would overlap. */
export function Marks({ marks }: { marks: readonly Mark[] }): ReactNode {
  const scales = useScales();
  if (!scales) return null;
  const { area } = scales;
  const placed = marks
    .map(({ x, y, label, colour }) => ({ px: scales.x(x), py: scales.y(y), label, colour }))
    .filter(({ py }) => Number.isFinite(py))
    .sort((a, b) => a.px - b.px);
  const labels: { left: number; right: number; y: number }[] = [];
  return placed.map((mark) => {
    const width = mark.label.length * 6.2 + 4;
    const left = Math.min(Math.max(mark.px - width / 2, area.x), area.x + area.width - width);
    let y = Math.max(area.y + 24, mark.py - 14);
    while (
      labels.some((other) => left < other.right && left + width > other.left && Math.abs(y - other.y) < 13)
    ) {
      y -= 13;
    }
    labels.push({ left, right: left + width, y });
    return (
      <g key={mark.label} className="plot-mark">
        <line x1={mark.px} x2={mark.px} y1={mark.py - 5} y2={y + 3} stroke={mark.colour} />
        <circle cx={mark.px} cy={mark.py} r={4.5} stroke={mark.colour} />
        <text x={left + width / 2} y={y} textAnchor="middle">
          {mark.label}
        </text>
      </g>
    );
  });
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** Moves names that lie over each other apart: down, and up again where they would leave the plot. */
export function pushApart(
  rows: readonly { readonly px: number; py: number; readonly text: string }[],
  bottom: number,
): void {
  const overlap = (a: number, b: number): boolean => {
    const [one, other] = [rows[a]!, rows[b]!];
    const [left, right] = one.px < other.px ? [one, other] : [other, one];
    return right.px < left.px + left.text.length * CHARACTER;
  };
  for (let i = 1; i < rows.length; i++) {
    for (let j = 0; j < i; j++) {
      if (overlap(i, j)) rows[i]!.py = Math.max(rows[i]!.py, rows[j]!.py + LINE);
    }
  }
  for (let i = rows.length - 1; i >= 0; i--) {
    rows[i]!.py = Math.min(rows[i]!.py, bottom);
    for (let j = i + 1; j < rows.length; j++) {
      if (overlap(i, j)) rows[i]!.py = Math.min(rows[i]!.py, rows[j]!.py - LINE);
    }
  }
}

/** Names with their marks at the ends of lines, pushed apart where they would overlap. */
export function EndLabels({ labels }: { labels: readonly EndLabel[] }): ReactNode {
  const scales = useScales();
  if (!scales) return null;
  const { area } = scales;
  const rows = labels
    .map(({ x, y, ...label }) => {
      const py = clamp(scales.y(y), area.y + 4, area.y + area.height - 4);
      return { ...label, px: Math.min(scales.x(x), area.x + area.width), end: py, py };
    })
    .filter(({ px, py }) => Number.isFinite(px) && Number.isFinite(py))
    .sort((a, b) => a.py - b.py);
  pushApart(
    rows.filter(({ text }) => text !== ''),
    area.y + area.height,
  );
  // Names that were pushed apart stand beside another line: each has the mark of its own.
  return rows.map((row) => {
    const [x, y] = row.text === '' ? [row.px, row.end] : [row.px + 11, row.py];
    return (
      <g key={row.id} className="plot-end">
        <path d={markerPath(row.marker, x, y, 8)} fill={row.colour} />
        {row.text && (
          <text x={x + 8} y={y + 4}>
            {row.text}
          </text>
        )}
      </g>
    );
  });
}
