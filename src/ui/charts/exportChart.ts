import { downloadFile } from '#ui/download.ts';

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
const HEAD = 26;

/** A picture of its own: the content of a chart below its title, on an opaque ground. */
export function svgDocument(chart: {
  readonly title: string;
  readonly xLabel: string;
  readonly width: number;
  readonly height: number;
  readonly ground: string;
  readonly ink: string;
  readonly content: string;
}): string {
  const foot = chart.xLabel ? 20 : 6;
  const width = Math.ceil(chart.width) + 16;
  const height = Math.ceil(chart.height) + HEAD + foot;
  const font = 'font-family="system-ui, sans-serif"';
  const label = chart.xLabel
    ? `<text x="${width / 2}" y="${height - 6}" text-anchor="middle" ${font} font-size="11" fill="${escape(chart.ink)}">${escape(chart.xLabel)}</text>`
    : '';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escape(chart.title)}</title>`,
    `<rect width="${width}" height="${height}" fill="${escape(chart.ground)}"/>`,
    `<text x="8" y="17" ${font} font-size="13" font-weight="600" fill="${escape(chart.ink)}">${escape(chart.title)}</text>`,
    `<g transform="translate(8 ${HEAD})">${chart.content}</g>`,
    label,
    '</svg>',
  ].join('\n');
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
  const svg = svgDocument({
    title,
    xLabel: figure.querySelector('.plot-x-label')?.textContent ?? '',
    width,
    height,
    ground: root.getPropertyValue('--surface').trim() || '#ffffff',
    ink: page.color,
    content: [...chart.childNodes]
      .filter((child): child is SVGElement => child instanceof SVGElement)
      .map((child) => serializeNode(child, styleOf))
      .join(''),
  });
  return { svg, width: width + 16, height: height + HEAD + 20 };
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
