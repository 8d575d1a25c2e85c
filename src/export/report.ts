import { linkWords, minuteText, reportContent } from './reportContent.ts';
import type { ReportInput, ReportSection, ReportTable } from './reportContent.ts';
import { reportStyle } from './reportStyle.ts';

/** A chart as the page draws it. */
export interface ReportChart {
  readonly title: string;
  /** One `<svg>` element, of this app: it is checked, not escaped. */
  readonly svg: string;
}

/**
 * A report as one HTML file without scripts or anything from elsewhere: its own policy forbids both. All text is
 * escaped.
 * @throws {TypeError} when a chart is more than drawing.
 */
export function reportHtml(input: ReportInput & { readonly charts: readonly ReportChart[] }): string {
  const { title, charts, now } = input;
  const { findings, details } = reportContent(input);
  const sections = [
    ...findings.map(sectionHtml),
    ...(charts.length > 0 ? [section('Charts', charts.map(figure).join('\n'))] : []),
    ...details.map(sectionHtml),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>
${reportStyle}</style>
</head>
<body>
<h1>${escape(title)}</h1>
<p>${escape(minuteText(now))} UTC${anchor(input)}</p>
${sections.join('\n')}
</body>
</html>
`;
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function section(title: string, body: string): string {
  return `<section>\n<h2>${escape(title)}</h2>\n${body}\n</section>`;
}

function sectionHtml({ title, sentences = [], tables = [], note }: ReportSection): string {
  return section(
    title,
    [
      ...(sentences.length > 0 ? [list(sentences)] : []),
      ...tables.map(table),
      ...(note === undefined ? [] : [`<p>${escape(note)}</p>`]),
    ].join('\n'),
  );
}

function list(items: readonly string[]): string {
  return `<ul>\n${items.map((item) => `<li>${escape(item)}</li>`).join('\n')}\n</ul>`;
}

/** A link for addresses of the web only. */
function anchor(input: ReportInput): string {
  const words = linkWords(input);
  return words ? ` · <a href="${escape(words.href)}">${words.text}</a>${words.note}` : '';
}

function table({ header, rows }: ReportTable): string {
  const line = (tag: 'th' | 'td', cells: readonly string[]): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escape(cell)}</${tag}>`).join('')}</tr>`;
  return `<div class="table"><table>\n<thead>${line('th', header)}</thead>\n<tbody>\n${rows
    .map((cells) => line('td', cells))
    .join('\n')}\n</tbody>\n</table></div>`;
}

/** A tag with its attributes, whatever their values hold. */
const TAG = /<[^<>"']*(?:"[^"]*"[^<>"']*|'[^']*'[^<>"']*)*>/g;

function figure({ title, svg }: ReportChart): string {
  // Charts come from the page itself; should foreign text ever get into one, it must not become a program.
  // Names of runs are text between the tags, and may read as they like.
  const tags = (svg.match(TAG) ?? []).join('');
  const hasBrokenTag = svg.replaceAll(TAG, '').includes('<');
  const isProgram = /<script|<foreignObject|\son\w+\s*=|javascript:/i.test(tags);
  if (!/^\s*<svg[\s>]/i.test(svg) || hasBrokenTag || isProgram) {
    throw new TypeError(`The chart “${title}” is more than a drawing.`);
  }
  return `<figure>\n${svg}\n<figcaption>${escape(title)}</figcaption>\n</figure>`;
}
