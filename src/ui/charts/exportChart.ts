import { downloadFile } from '#ui/download.ts';
import { KEY_WIDTH } from './PlotKeys.tsx';

export type ChartFormat = 'svg' | 'png';

/** The part of an SVG element that is read; a plain object in tests. */
export interface ChartNode {
  readonly tagName: string;
  readonly attributes: Iterable<{ readonly name: string; readonly value: string }>;
  readonly childNodes: Iterable<ChartNode | { readonly textContent: string | null }>;
}

/** What the style sheets give an element, by property. */
export type StyleOf = (node: ChartNode) => (property: string) => string;

/** Properties that decide how a chart looks; as attributes they hold without the style sheets. */
const STYLES = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-opacity',
  'stroke-dasharray',
  'stroke-linecap',
  'stroke-linejoin',
  'opacity',
  'paint-order',
  'font-size',
  'font-weight',
  'font-family',
] as const;
/** Attributes that place and shape; everything else of the page's markup stays behind. */
const GEOMETRY = new Set(
  'd x y x1 x2 y1 y2 cx cy r rx ry width height transform text-anchor dy dx id clip-path viewBox'.split(' '),
);
/** Left out: what only pointers see, and what Recharts adds for screen readers. */
const SKIPPED = /\bplot-(hit|cursor|selection|picker-hit)\b/;
const SHAPES = new Set(['path', 'line', 'rect', 'circle', 'text', 'tspan', 'g']);
const CONTAINERS = new Set(['clippath', 'defs']);

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function isElement(node: ChartNode | { readonly textContent: string | null }): node is ChartNode {
  return 'tagName' in node;
}

/** Markup of an element with its computed styles as attributes; empty for what does not belong in a picture. */
export function serializeNode(node: ChartNode, styleOf: StyleOf): string {
  const tag = node.tagName.toLowerCase();
  const isShape = SHAPES.has(tag);
  const attributes = [...node.attributes];
  const className = attributes.find(({ name }) => name === 'class')?.value ?? '';
  if ((!isShape && !CONTAINERS.has(tag)) || SKIPPED.test(className)) return '';
  const kept = attributes.filter(({ name }) => GEOMETRY.has(name));
  const style = styleOf(node);
  const styles = (isShape && tag !== 'g' ? STYLES : []).flatMap((name) => {
    const value = style(name);
    return value ? [{ name, value }] : [];
  });
  const text = [...kept, ...styles].map(({ name, value }) => ` ${name}="${escape(value)}"`).join('');
  const name = tag === 'clippath' ? 'clipPath' : tag;
  return `<${name}${text}>${children(node, styleOf, tag)}</${name}>`;
}

function children(node: ChartNode, styleOf: StyleOf, tag: string): string {
  return [...node.childNodes]
    .map((child) => {
      if (isElement(child)) return serializeNode(child, styleOf);
      return tag === 'text' || tag === 'tspan' ? escape(child.textContent ?? '') : '';
    })
    .join('');
}

/** Room above the plot for its title. */
const TITLE = 26;
const LEGEND_LINE = 17;
/** Pixels of a character of the legend, about. */
const CHARACTER = 6.2;

/** A word about the lines of a picture: with the drawing of one, or text alone. */
export interface LegendEntry {
  readonly text: string;
  /** Markup of a drawing of `KEY_WIDTH` by `KEY_HEIGHT` pixels. */
  readonly key?: string;
}

/** The entries in lines that fit, from the top left corner down. */
export function legendMarkup(
  entries: readonly LegendEntry[],
  width: number,
  ink: string,
): { readonly markup: string; readonly height: number } {
  let x = 0;
  let line = 0;
  const parts = entries.map(({ text, key }) => {
    const size = (key ? KEY_WIDTH + 6 : 0) + text.length * CHARACTER;
    if (x > 0 && x + size > width) {
      x = 0;
      line += 1;
    }
    const at = `translate(${Math.round(x)} ${line * LEGEND_LINE})`;
    x += size + 16;
    return `<g transform="${at}">${key ?? ''}<text x="${key ? KEY_WIDTH + 6 : 0}" y="10" ${FONT} font-size="11" fill="${escape(ink)}">${escape(text)}</text></g>`;
  });
  return { markup: parts.join(''), height: entries.length > 0 ? (line + 1) * LEGEND_LINE + 4 : 0 };
}

const FONT = 'font-family="system-ui, sans-serif"';

/** A picture of its own: the content of a chart below its title and legend, on an opaque ground. */
export function svgDocument(chart: {
  readonly title: string;
  readonly xLabel: string;
  readonly width: number;
  readonly height: number;
  readonly ground: string;
  readonly ink: string;
  readonly legend: readonly LegendEntry[];
  readonly content: string;
}): { readonly svg: string; readonly width: number; readonly height: number } {
  const foot = chart.xLabel ? 20 : 6;
  const width = Math.ceil(chart.width) + 16;
  const legend = legendMarkup(chart.legend, width - 16, chart.ink);
  const head = TITLE + legend.height;
  const height = Math.ceil(chart.height) + head + foot;
  const label = chart.xLabel
    ? `<text x="${width / 2}" y="${height - 6}" text-anchor="middle" ${FONT} font-size="11" fill="${escape(chart.ink)}">${escape(chart.xLabel)}</text>`
    : '';
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escape(chart.title)}</title>`,
    `<rect width="${width}" height="${height}" fill="${escape(chart.ground)}"/>`,
    `<text x="8" y="17" ${FONT} font-size="13" font-weight="600" fill="${escape(chart.ink)}">${escape(chart.title)}</text>`,
    `<g transform="translate(8 ${TITLE})">${legend.markup}</g>`,
    `<g transform="translate(8 ${head})">${chart.content}</g>`,
    label,
    '</svg>',
  ].join('\n');
  return { svg, width, height };
}

/**
 * The chart in a figure as a picture, in the colours that it has on the page.
 * @throws when the figure has no chart in it.
 */
export function chartSvg(figure: HTMLElement, title: string): { svg: string; width: number; height: number } {
  const chart = figure.querySelector<SVGSVGElement>('.plot-canvas svg.recharts-surface');
  if (!chart) throw new Error(`“${title}” has no chart to save.`);
  const page = getComputedStyle(figure);
  const { width, height } = chart.getBoundingClientRect();
  const root = getComputedStyle(document.documentElement);
  const styleOf: StyleOf = (node) => {
    const style = getComputedStyle(node as unknown as Element); // every node here comes from the chart
    return (property) => style.getPropertyValue(property);
  };
  return svgDocument({
    title,
    xLabel: figure.querySelector('.plot-x-label')?.textContent ?? '',
    width,
    height,
    ground: root.getPropertyValue('--surface').trim() || '#ffffff',
    ink: page.color,
    legend: legendOf(figure, styleOf),
    content: [...chart.childNodes]
      .filter((child): child is SVGElement => child instanceof SVGElement)
      .map((child) => serializeNode(child, styleOf))
      .join(''),
  });
}

/** What stands beside the title on the page, less its buttons, and the names of the lines. */
function legendOf(figure: HTMLElement, styleOf: StyleOf): readonly LegendEntry[] {
  const subtitle = figure.querySelector('.plot-subtitle');
  const parts = [...(subtitle?.childNodes ?? [])].flatMap((node) => {
    if (!(node instanceof HTMLElement)) return [node.textContent ?? ''];
    return node.matches('button, select') ? [] : [node.dataset.picture ?? node.textContent];
  });
  const keys = [...figure.querySelectorAll('.plot-keys li')].map((item) => ({
    text: item.textContent,
    key: [...item.querySelectorAll('svg > *')].map((node) => serializeNode(node, styleOf)).join(''),
  }));
  return [...parts.filter((text) => text.trim() !== '').map((text) => ({ text })), ...keys];
}

/** Pixels of a saved picture for one pixel of the page. */
const PNG_SCALE = 2;

/** Saves the chart in a figure as a file. */
export async function saveChart(figure: HTMLElement, title: string, format: ChartFormat): Promise<void> {
  const { svg, width, height } = chartSvg(figure, title);
  const picture = new Blob([svg], { type: 'image/svg+xml' });
  const content = format === 'svg' ? picture : await rasterize(picture, width, height);
  downloadFile(`normlab ${title.toLowerCase()}`, format, content);
}

async function rasterize(picture: Blob, width: number, height: number): Promise<Blob> {
  const url = URL.createObjectURL(picture);
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = Math.ceil(width * PNG_SCALE);
    canvas.height = Math.ceil(height * PNG_SCALE);
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise<Blob>((resolve, reject) => {
      canvas.toBlob(
        (blob) => (blob ? resolve(blob) : reject(new Error('no picture came of it'))),
        'image/png',
      );
    });
  } finally {
    URL.revokeObjectURL(url);
  }
}
