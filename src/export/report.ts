import type { ClaimSummary } from '#analysis/claims/summaries.ts';
import { questionById } from '#analysis/questions.ts';
import { armName, type Experiment } from '#domain/experiment.ts';
import { parameters, settingOf, settingsOf, type ParameterName } from '#domain/parameters.ts';
import { formatClock, formatRate, formatTableNumber } from '#lib/numberText.ts';
import { runName, type ExportedRun } from './exportedRun.ts';
import { notebookLosses } from './markdown.ts';
import { verdictLines } from './verdictLines.ts';
import { reportStyle } from './reportStyle.ts';

/** A chart as the page draws it. */
export interface ReportChart {
  readonly title: string;
  /** One `<svg>` element, of this app: it is checked, not escaped. */
  readonly svg: string;
}

export interface ReportInput {
  readonly title: string;
  readonly runs: readonly ExportedRun[];
  readonly charts: readonly ReportChart[];
  /** Of the claims ledger what concerns these runs. */
  readonly claims: readonly ClaimSummary[];
  readonly link: ReportLink | undefined;
  /** What wrote the report. */
  readonly writer: ReportWriter;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What opens the set-up of the runs. */
export interface ReportLink {
  readonly href: string;
  /** It has the settings of one run alone: arms and seeds are too many for an address. */
  readonly lacksStudies: boolean;
}

export interface ReportWriter {
  /** Of NormLab. */
  readonly version: string;
  /** 'Chrome 156 on Linux' */
  readonly browser: string;
  /** As the browser names itself, with its version in full. */
  readonly userAgent: string;
  /** The GPU that runs would be computed on now; undefined before it is known. */
  readonly adapter: string | undefined;
}

/**
 * A report as one HTML file without scripts or anything from elsewhere: its own policy forbids both. All text is
 * escaped.
 * @throws {TypeError} when a chart is more than drawing.
 */
export function reportHtml({ title, runs, charts, claims, link, writer, now }: ReportInput): string {
  const verdicts = verdictLines(runs);
  const sections = [
    verdicts.length > 0 ? section('What it shows', list(verdicts)) : '',
    claims.length > 0 ? section('Claims', claimsTable(claims)) : '',
    charts.length > 0 ? section('Charts', charts.map(figure).join('\n')) : '',
    section('Set-up', setupTable(runs)),
    ...runs.filter(({ run }) => run.epochs.length > 0).map(epochSection),
    ...runs.filter(({ run }) => run.result !== undefined).map(finderSection),
    section('Where it ran', `${provenance(runs)}\n${writerTable(writer)}`),
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
<p>${escape(new Date(now).toISOString().slice(0, 16).replace('T', ' '))} UTC${link === undefined ? '' : ` · ${anchor(link)}`}</p>
${sections.filter((text) => text !== '').join('\n')}
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

function list(items: readonly string[]): string {
  return `<ul>\n${items.map((item) => `<li>${escape(item)}</li>`).join('\n')}\n</ul>`;
}

/** A link for addresses of the web only. */
function anchor({ href, lacksStudies }: ReportLink): string {
  if (!/^https?:\/\//i.test(href)) return '';
  const text = lacksStudies ? 'open the settings of the first run' : 'open this set-up';
  const note = lacksStudies ? ' (a link cannot hold so many arms and seeds)' : '';
  return `<a href="${escape(href)}">${text}</a>${note}`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
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

/** Claim by claim: what its rules say together, where there are several, and those that some run tests. */
function claimsTable(claims: readonly ClaimSummary[]): string {
  return table(
    ['claim', 'size', 'data', 'measure', 'result', 'to add'],
    claims.flatMap(({ question, size, dataset, rule, sentence, rows }) => {
      const claim = `${question}: ${questionById(question)?.claim ?? ''}`;
      const data = dataset?.title ?? '–';
      const rules = rows
        .filter(({ count }) => count > 0)
        .map((row) => [claim, size, data, row.measure, row.sentence, row.advice ?? '–']);
      return rows.length > 1 ? [[claim, size, data, rule, sentence, '–'], ...rules] : rules;
    }),
  );
}

/** Settings by run: those that all share once, the others run by run. */
function setupTable(runs: readonly ExportedRun[]): string {
  const experiments = runs.map(({ run }) => run.header.experiment);
  const [first] = experiments;
  if (!first) return '<p>No runs.</p>';
  const isShared = (name: ParameterName): boolean =>
    experiments.every((experiment) => experiment[name] === first[name]);
  const names = settingsOf(experiments);
  const varied = names.filter((name) => !isShared(name));
  const label = (name: ParameterName): string => parameters[name].label;
  const shared = names.filter(isShared).map((name) => [label(name), settingText(first, name)]);
  const each = runs.map((exported) => [
    runName(exported),
    exported.run.status,
    ...varied.map((name) => settingText(exported.run.header.experiment, name)),
  ]);
  return `${table(['setting of all runs', 'value'], shared)}\n${table(['run', 'state', ...varied.map(label)], each)}`;
}

/** A setting as the form of the page shows it. */
function settingText(experiment: Experiment, name: ParameterName): string {
  const value = settingOf(experiment, name);
  const parameter = parameters[name];
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (parameter.kind === 'choice') {
    const options: readonly { readonly value: unknown; readonly label: string }[] = parameter.options;
    return options.find((option) => option.value === value)?.label ?? String(value);
  }
  if ((name === 'trainLimit' || name === 'validLimit') && value === 0) return 'all';
  if (name === 'gradientClip' && value === 0) return 'off';
  return name === 'maxLearningRate' && typeof value === 'number' ? formatRate(value, 4) : String(value);
}

function epochSection(exported: ExportedRun): string {
  const notebook = notebookLosses(exported.run);
  const rows = exported.run.epochs.map(
    ({ epoch, trainLoss, validLoss, standardError, accuracy, milliseconds }) => {
      const other = notebook?.rows.find((row) => row.epoch === epoch);
      return [
        String(epoch),
        formatTableNumber(trainLoss),
        formatTableNumber(validLoss) +
          (standardError === undefined ? '' : ` ± ${formatTableNumber(standardError)}`),
        formatTableNumber(accuracy),
        formatClock(milliseconds),
        ...(notebook ? [other ? formatTableNumber(other.validLoss) : '–'] : []),
        ...(notebook ? [other ? formatTableNumber(validLoss - other.validLoss) : '–'] : []),
      ];
    },
  );
  const title = `Epochs of ${runName(exported)} (${armName(exported.run.header.experiment)})`;
  const header = ['epoch', 'train_loss', 'valid_loss', 'accuracy', 'time'];
  if (!notebook) return section(title, table(header, rows));
  const its = `Post’s ${notebook.label}: ${notebook.note}.`;
  return section(
    title,
    `${table([...header, 'notebook’s valid_loss', 'difference'], rows)}\n<p>${escape(its)}</p>`,
  );
}

function finderSection(exported: ExportedRun): string {
  const rows = exported.run.result!.suggestions.map(({ rule, learningRate, note }) => [
    rule,
    learningRate === undefined ? '–' : formatRate(learningRate, 3),
    note ?? '',
  ]);
  return section(`Suggestions of ${runName(exported)}`, table(['rule', 'learning rate', 'note'], rows));
}

function provenance(runs: readonly ExportedRun[]): string {
  return table(
    ['run', 'data', 'adapter', 'NormLab', 'started (UTC)', 'start weights', 'batches'],
    runs.map((exported) => {
      const { header, plan } = exported.run;
      return [
        runName(exported),
        header.dataset.title,
        `${header.device.title} (${header.device.backend})`,
        header.version,
        new Date(header.startedAt).toISOString().slice(0, 16).replace('T', ' '),
        plan?.initialWeightsHash ?? '–',
        plan?.orderHash ?? '–',
      ];
    }),
  );
}

function writerTable({ version, browser, userAgent, adapter }: ReportWriter): string {
  return table(
    ['this report', ''],
    [
      ['NormLab', version],
      ['browser', `${browser} (${userAgent})`],
      ['adapter', adapter ?? '–'],
    ],
  );
}
