import type { DatedReport } from '#client/gpuMeasurement.ts';
import { armName } from '#domain/experiment.ts';
import { stockRatio } from '#domain/benchmark.ts';
import type { BenchmarkProgress, BenchmarkRow, BenchmarkSystem } from '#domain/benchmark.ts';
import { formatCount, formatSpeed } from '#ui/format.ts';

const systemNames: Record<BenchmarkSystem, string> = {
  NormLab: 'NormLab',
  'stock tfjs': 'Stock TensorFlow.js',
};

type Cell = (row: BenchmarkRow, rows: readonly BenchmarkRow[]) => string;

interface Column {
  readonly head: string;
  readonly help: string;
  readonly cell: Cell;
}

/** The columns of the report after the one that names the arm, on the page and as text; without those that say nothing. */
export function columnsOf(rows: readonly BenchmarkRow[]): readonly Column[] {
  return allColumns.filter(({ cell }) => rows.some((row) => cell(row, rows) !== ''));
}

const allColumns: readonly Column[] = [
  {
    head: 'ms/step',
    help: 'Median time of a training step until its loss is known',
    cell: ({ ms }) => threeDigits(ms),
  },
  {
    head: 'in a row',
    help: 'Milliseconds per step where several are submitted at once, as training does; images and GFLOP per second are by this time',
    cell: ({ streamMs }) => (streamMs === undefined ? '' : threeDigits(streamMs)),
  },
  {
    head: 'images/s',
    help: 'Training images per second',
    cell: ({ imagesPerSecond }) => formatSpeed(imagesPerSecond),
  },
  {
    head: 'GFLOP/s',
    help: 'Three forward passes for each image, two operations per multiply-add',
    cell: ({ gflops }) => threeDigits(gflops),
  },
  {
    head: 'dispatches',
    help: 'GPU programs started per step',
    cell: ({ dispatches }) => formatCount(dispatches),
  },
  {
    head: 'submits',
    help: 'Command buffers handed to the GPU per step',
    cell: ({ submits }) => formatCount(submits),
  },
  {
    head: 'JS ms',
    help: 'JavaScript time to issue a step',
    cell: ({ issueMs }) => threeDigits(issueMs),
  },
  {
    head: 'first step',
    help: 'From nothing to the first loss: allocation, compilation of the kernels that are new, upload, step',
    cell: ({ firstStepMs }) => `${threeDigits(firstStepMs / 1000)} s`,
  },
  {
    head: 'GPU MB',
    help: 'GPU memory held while training, millions of bytes',
    cell: ({ gpuBytes }) => (gpuBytes === undefined ? '' : threeDigits(gpuBytes / 1e6)),
  },
  {
    head: 'WS adds',
    help: 'What Weight Standardization adds to the step: median of the ratios of neighbouring steps',
    cell: ({ overPlain }) => {
      if (overPlain === undefined) return '';
      const overhead = overPlain - 1;
      return `${overhead < 0 ? '−' : '+'}${(100 * Math.abs(overhead)).toFixed(1)} %`;
    },
  },
  {
    head: '× stock',
    help: 'How many times as fast as stock TensorFlow.js',
    cell: (row, rows) => {
      const ratio = stockRatio(row, rows);
      return ratio === undefined ? '' : threeDigits(ratio);
    },
  },
];

/** 'NormLab BN+WS' */
export function rowName(row: BenchmarkRow): string {
  return `${systemNames[row.system]} ${armName(row)}`;
}

/** What was measured, on what and when, line by line. */
export function reportFacts(report: DatedReport, browser: string): readonly string[] {
  const hasStock = report.rows.some(({ system }) => system === 'stock tfjs');
  const date = report.finishedAt.toISOString().slice(0, 16).replace('T', ' ');
  return [
    `ResNet-18, width ${report.width}, batch ${report.batch}, 32 × 32 images, AdamW, float32`,
    `${report.adapter}; ${browser}; ${date} UTC`,
    `medians of ${steps(report, 'NormLab')}${hasStock ? `, stock TensorFlow.js of ${steps(report, 'stock tfjs')}` : ''}`,
  ];
}

function steps({ rows }: DatedReport, of: BenchmarkSystem): string {
  const count = Math.min(...rows.filter(({ system }) => system === of).map(({ stepCount }) => stepCount));
  return `${count} steps`;
}

/** The report with columns of equal width, for a message or an issue. */
export function reportText(report: DatedReport, browser: string): string {
  const { rows } = report;
  const columns = columnsOf(rows);
  const lines = [
    ['', ...columns.map(({ head }) => head)],
    ...rows.map((row) => [rowName(row), ...columns.map(({ cell }) => cell(row, rows))]),
  ];
  const widths = lines[0]!.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  const table = lines.map((line) =>
    line
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
  return ['NormLab: time of a training step', ...reportFacts(report, browser), '', ...table, ''].join('\n');
}

/** What is being measured right now. */
export function measuringText(progress: BenchmarkProgress | undefined): string {
  if (!progress) return 'Opening the GPU…';
  const { system, stage, arms, done, total } = progress;
  const what = `${systemNames[system]} ${arms.map(armName).join(', ')}`;
  if (stage === 'timing') return `${what}: step ${done + 1} of ${total}`;
  if (stage === 'measuring tiles') return `${systemNames[system]}: measuring kernel tiles`;
  return `${what}: first step, with everything that has to be prepared`;
}

/** 'Chrome 143 on Linux'; the whole user agent where it is none of the usual ones. */
export function browserName(userAgent: string): string {
  const browsers = [
    ['Edge', /Edg\/(\d+)/],
    ['Opera', /OPR\/(\d+)/],
    ['Firefox', /Firefox\/(\d+)/],
    ['Chrome', /Chrome\/(\d+)/],
    ['Safari', /Version\/([\d.]+).*Safari/],
  ] as const;
  const systems = [
    ['Android', /Android/],
    ['iOS', /iPhone|iPad/],
    ['Windows', /Windows/],
    ['macOS', /Mac OS X/],
    ['ChromeOS', /CrOS/],
    ['Linux', /Linux/],
  ] as const;
  for (const [name, pattern] of browsers) {
    const version = pattern.exec(userAgent)?.[1];
    if (!version) continue;
    const system = systems.find(([, mark]) => mark.test(userAgent))?.[0];
    return system ? `${name} ${version} on ${system}` : `${name} ${version}`;
  }
  return userAgent;
}

function threeDigits(value: number): string {
  return value >= 100 ? formatCount(value) : String(Number(value.toPrecision(3)));
}
