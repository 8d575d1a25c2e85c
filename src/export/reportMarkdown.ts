import { escaped } from './markdown.ts';
import { linkWords, minuteText, reportContent } from './reportContent.ts';
import type { ReportInput, ReportSection, ReportTable } from './reportContent.ts';

/** A report as Markdown, with all that the HTML one has but its charts: what they show stands in its sentences. */
export function reportMarkdown(input: ReportInput): string {
  const { title, now } = input;
  const { findings, details } = reportContent(input);
  const words = linkWords(input);
  const opens = words ? ` · [${words.text}](<${words.href}>)${words.note}` : '';
  return [
    `# ${escaped(title)}`,
    `${minuteText(now)} UTC${opens}`,
    ...[...findings, ...details].flatMap(sectionParts),
  ]
    .map((part) => `${part}\n`)
    .join('\n');
}

function sectionParts({ title, sentences = [], tables = [], note }: ReportSection): readonly string[] {
  return [
    `## ${escaped(title)}`,
    ...(sentences.length > 0 ? [sentences.map((sentence) => `- ${escaped(sentence)}`).join('\n')] : []),
    ...tables.map(table),
    ...(note === undefined ? [] : [escaped(note)]),
  ];
}

function table({ header, rows }: ReportTable): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;
  return [line(header), `| ${header.map(() => '---').join(' | ')} |`, ...rows.map(line)].join('\n');
}
