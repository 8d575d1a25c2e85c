import type { ClaimSummary } from '#analysis/claims/summaries.ts';
import { questionById } from '#analysis/questions.ts';
import { isOfItsSeed } from '#analysis/repeats.ts';
import { armName } from '#domain/experiment.ts';
import { parameters, settingsOf } from '#domain/parameters.ts';
import { stopText } from '#domain/runOptions.ts';
import { settingText } from '#domain/settingText.ts';
import { formatClock, formatRate, formatTableNumber } from '#lib/numberText.ts';
import { runName, type ExportedRun } from './exportedRun.ts';
import { notebookLosses } from './markdown.ts';
import { verdictLines } from './verdictLines.ts';

/** What a report says, whatever it is written in; charts are drawings and come besides. */
export interface ReportInput {
  readonly title: string;
  readonly runs: readonly ExportedRun[];
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

export interface ReportTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A part of a report under a heading: sentences, then tables, then a note on them. All of it is plain text. */
export interface ReportSection {
  readonly title: string;
  readonly sentences?: readonly string[];
  readonly tables?: readonly ReportTable[];
  readonly note?: string;
}

/** The sections before the charts, and those after them. */
export interface ReportContent {
  readonly findings: readonly ReportSection[];
  readonly details: readonly ReportSection[];
}

export function reportContent({ runs, claims, writer }: ReportInput): ReportContent {
  const verdicts = verdictLines(runs);
  return {
    findings: [
      ...(verdicts.length > 0 ? [{ title: 'What it shows', sentences: verdicts }] : []),
      ...(claims.length > 0 ? [{ title: 'Claims', tables: [claimsTable(claims)] }] : []),
    ],
    details: [
      setupSection(runs),
      ...runs.filter(({ run }) => run.epochs.length > 0).map(epochSection),
      ...runs.filter(({ run }) => run.result !== undefined).map(finderSection),
      { title: 'Where it ran', tables: [provenance(runs), writerTable(writer)] },
    ],
  };
}

/** The words of a link to the web; undefined for every other. */
export function linkWords({
  link,
  runs,
}: Pick<ReportInput, 'link' | 'runs'>):
  | { readonly href: string; readonly text: string; readonly note: string }
  | undefined {
  if (!link || !/^https?:\/\//i.test(link.href)) return undefined;
  const { href, lacksStudies } = link;
  const others = runs.filter(({ run }) => !isOfItsSeed(run.header)).length;
  const lacks = [
    ...(lacksStudies ? ['so many arms and seeds'] : []),
    ...(others > 0 ? ['states of forks and given weights'] : []),
  ];
  return {
    href,
    text: lacksStudies ? 'open the settings of the first run' : 'open this set-up',
    note: lacks.length > 0 ? ` (a link cannot hold ${lacks.join(', nor ')})` : '',
  };
}

/** '2023-11-14 22:13' in UTC. */
export function minuteText(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 16).replace('T', ' ');
}

/** Claim by claim: what its rules say together, where there are several, and those that some run tests. */
function claimsTable(claims: readonly ClaimSummary[]): ReportTable {
  return {
    header: ['claim', 'size', 'data', 'measure', 'result', 'to add'],
    rows: claims.flatMap(({ question, size, dataset, rule, sentence, rows }) => {
      const claim = `${question}: ${questionById(question)?.claim ?? ''}`;
      const data = dataset?.title ?? '–';
      const rules = rows
        .filter(({ count }) => count > 0)
        .map((row) => [claim, size, data, row.measure, row.sentence, row.advice ?? '–']);
      return rows.length > 1 ? [[claim, size, data, rule, sentence, '–'], ...rules] : rules;
    }),
  };
}

/** Settings by run: those that all share once, the others run by run. */
function setupSection(runs: readonly ExportedRun[]): ReportSection {
  const title = 'Set-up';
  const experiments = runs.map(({ run }) => run.header.experiment);
  if (runs.length === 0) return { title, sentences: ['No runs.'] };
  const settings = [
    ...settingsOf(experiments).map((name) => ({
      label: parameters[name].label,
      values: experiments.map((experiment) => settingText(experiment, name)),
    })),
    {
      label: 'Stops',
      values: runs.map(({ run: { header } }) =>
        header.options?.stopRule ? stopText(header.options.stopRule) : 'at its end',
      ),
    },
    {
      label: 'Probes',
      values: runs.map(({ run }) => (run.header.options?.probes === 'none' ? 'none' : 'inside long epochs')),
    },
    {
      label: 'Start weights',
      values: runs.map(({ run: { header } }) => header.givenWeights ?? 'of the seed'),
    },
  ];
  const isShared = ({ values }: { readonly values: readonly string[] }): boolean =>
    new Set(values).size === 1;
  const varied = settings.filter((setting) => !isShared(setting));
  return {
    title,
    tables: [
      {
        header: ['setting of all runs', 'value'],
        rows: settings.filter(isShared).map(({ label, values }) => [label, values[0]!]),
      },
      {
        header: ['run', 'state', ...varied.map(({ label }) => label)],
        rows: runs.map((exported, i) => [
          runName(exported),
          exported.run.endedBy === 'rule' ? 'stopped by its rule' : exported.run.status,
          ...varied.map(({ values }) => values[i]!),
        ]),
      },
    ],
  };
}

function epochSection(exported: ExportedRun): ReportSection {
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
  return notebook
    ? {
        title,
        tables: [{ header: [...header, 'notebook’s valid_loss', 'difference'], rows }],
        note: `Post’s ${notebook.label}: ${notebook.note}.`,
      }
    : { title, tables: [{ header, rows }] };
}

function finderSection(exported: ExportedRun): ReportSection {
  const rows = exported.run.result!.suggestions.map(({ rule, learningRate, note }) => [
    rule,
    learningRate === undefined ? '–' : formatRate(learningRate, 3),
    note ?? '',
  ]);
  return {
    title: `Suggestions of ${runName(exported)}`,
    tables: [{ header: ['rule', 'learning rate', 'note'], rows }],
  };
}

function provenance(runs: readonly ExportedRun[]): ReportTable {
  return {
    header: ['run', 'data', 'adapter', 'NormLab', 'started (UTC)', 'start weights', 'batches'],
    rows: runs.map((exported) => {
      const { header, plan } = exported.run;
      return [
        runName(exported),
        header.dataset.title,
        `${header.device.title} (${header.device.backend})`,
        header.version,
        minuteText(header.startedAt),
        plan?.initialWeightsHash ?? '–',
        plan?.orderHash ?? '–',
      ];
    }),
  };
}

function writerTable({ version, browser, userAgent, adapter }: ReportWriter): ReportTable {
  return {
    header: ['this report', ''],
    rows: [
      ['NormLab', version],
      ['browser', `${browser} (${userAgent})`],
      ['adapter', adapter ?? '–'],
    ],
  };
}
