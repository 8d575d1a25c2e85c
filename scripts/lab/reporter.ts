import { armName, type Experiment } from '#domain/experiment.ts';
import type { EpochRow, FinderResult } from '#domain/run.ts';
import { toJsonValue } from '#domain/jsonValue.ts';
import type { LabEvent } from '#lab/messages.ts';
import {
  formatBytes,
  formatClock,
  formatCount,
  formatLoss,
  formatRate,
  formatTableNumber,
} from '#ui/format.ts';

/** Where lines go. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Told of all that happens. */
export interface Reporter {
  event(event: LabEvent): void;
  /** A line for people about something besides the runs. */
  log(line: string): void;
}

/** One line of JSON per event; lines for people go to stderr. NaN and infinities are texts, as in run.json. */
export function jsonReporter(stdout: Output, stderr: Output): Reporter {
  return {
    event: (event) => void stdout.write(`${JSON.stringify(toJsonValue(event))}\n`),
    log: (line) => void stderr.write(`${line}\n`),
  };
}

/** Where there is no terminal, progress is a plain line this often. */
const PLAIN_INTERVAL_MS = 10_000;
const BAR_INTERVAL_MS = 100;
const BAR_WIDTH = 24;

/**
 * For people: the epoch table on stdout as fastai prints it, and a line of progress that rewrites itself on a
 * terminal.
 */
export class TextReporter implements Reporter {
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #clock: () => number;
  #totalSteps = 0;
  #startedAt: number | undefined;
  #firstStep = 0;
  #lastShown = Number.NEGATIVE_INFINITY;
  #bar = '';
  #hasTable = false;

  constructor(stdout: Output, stderr: Output, clock = () => performance.now()) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#clock = clock;
  }

  log(line: string): void {
    this.#clearBar();
    this.#stderr.write(`${line}\n`);
  }

  event(event: LabEvent): void {
    switch (event.type) {
      case 'device':
        this.log(`${event.device.title} (${event.device.backend === 'webgpu' ? 'WebGPU' : 'WebGL'})`);
        break;
      case 'dataset': {
        const { title, trainCount, validCount } = event.dataset;
        this.log(
          `${title}: ${formatCount(trainCount)} training, ${formatCount(validCount)} validation images`,
        );
        break;
      }
      case 'dataset-progress':
        this.#show(`${event.stage} ${share(event.done, event.total)}`);
        break;
      case 'run':
        this.#startedAt = undefined;
        this.#hasTable = false;
        this.log(
          `\n${event.folder ? `${event.folder.replace(/\/$/, '')}: ` : ''}${runTitle(event.experiment)}`,
        );
        break;
      case 'run-plan':
        this.#totalSteps = event.plan.totalSteps;
        break;
      case 'preparing':
        this.#show(`${event.stage} ${share(event.done, event.total)}`);
        break;
      case 'steps':
        this.#steps(event);
        break;
      case 'validating':
        this.#show(`validating ${share(event.done, event.total)}`);
        break;
      case 'epoch':
        this.#epoch(event.row);
        break;
      case 'diverged': {
        const { step, loss, learningRate, reason } = event.divergence;
        const what = reason === 'gradient-exploded' ? 'exploding gradient, loss' : 'loss';
        this.#say(
          `diverged at step ${formatCount(step)}: ${what} ${formatLoss(loss)} at learning rate ${formatRate(learningRate)}`,
        );
        break;
      }
      case 'not-kept':
      case 'device-lost':
        this.log(event.message);
        break;
      case 'end':
        if (event.result) this.#suggestions(event.result);
        if (event.status !== 'finished' && event.status !== 'diverged') {
          this.#say(
            `${event.status} after ${formatCount(event.stepCount)} steps${event.detail ? `: ${event.detail}` : ''}`,
          );
        }
        break;
      case 'run-status':
      case 'continues':
      case 'checkpoint':
      case 'probe':
      case 'hidden':
      case 'written':
        break;
    }
  }

  #steps(chunk: Extract<LabEvent, { type: 'steps' }>): void {
    const now = this.#clock();
    const done = chunk.firstStep + chunk.losses.length;
    if (this.#startedAt === undefined) {
      this.#startedAt = now;
      this.#firstStep = done;
    }
    const taken = done - this.#firstStep;
    const remaining = taken > 0 ? ((now - this.#startedAt) / taken) * (this.#totalSteps - done) : undefined;
    const filled = Math.round((BAR_WIDTH * done) / Math.max(1, this.#totalSteps));
    const parts = [
      `step ${formatCount(done)} of ${formatCount(this.#totalSteps)}`,
      `loss ${formatLoss(chunk.smoothed.at(-1) ?? Number.NaN)}`,
      `lr ${formatRate(chunk.learningRates.at(-1) ?? Number.NaN)}`,
      ...(remaining === undefined || done >= this.#totalSteps ? [] : [`${formatClock(remaining)} left`]),
    ];
    const bar = this.#stderr.isTTY
      ? `[${'█'.repeat(filled)}${'·'.repeat(Math.max(0, BAR_WIDTH - filled))}] `
      : '';
    this.#show(bar + parts.join(', '));
  }

  #epoch(row: EpochRow): void {
    if (!this.#hasTable) this.#say(tableLine(['epoch', 'train_loss', 'valid_loss', 'accuracy', 'time']));
    this.#hasTable = true;
    this.#say(
      tableLine([
        String(row.epoch),
        formatTableNumber(row.trainLoss),
        formatTableNumber(row.validLoss),
        formatTableNumber(row.accuracy),
        formatClock(row.milliseconds),
      ]),
    );
  }

  #suggestions({ suggestions, reason, disagree }: FinderResult): void {
    const ends = {
      completed: 'the ramp is complete',
      'loss-exploded': 'the loss exploded',
      'not-finite': 'the loss is not finite any more',
      stopped: 'stopped',
    };
    this.#say(`ended: ${ends[reason]}`);
    for (const { rule, learningRate, note } of suggestions) {
      const text = learningRate === undefined ? `none${note ? ` (${note})` : ''}` : formatRate(learningRate);
      this.#say(`${rule.padEnd(8)}  ${text}`);
    }
    if (disagree) this.#say('the rules differ by more than a factor of ten: look at the curve');
  }

  /** A result: it stays on stdout. */
  #say(line: string): void {
    this.#clearBar();
    this.#stdout.write(`${line}\n`);
  }

  /** Progress, rewritten in place on a terminal. */
  #show(text: string): void {
    const now = this.#clock();
    const isTerminal = this.#stderr.isTTY ?? false;
    if (now - this.#lastShown < (isTerminal ? BAR_INTERVAL_MS : PLAIN_INTERVAL_MS)) return;
    this.#lastShown = now;
    if (!isTerminal) {
      this.#stderr.write(`${text}\n`);
      return;
    }
    const line = text.slice(0, Math.max(20, (this.#stderr.columns ?? 80) - 1));
    this.#stderr.write(`\r${line.padEnd(this.#bar.length)}`);
    this.#bar = line;
  }

  #clearBar(): void {
    if (this.#bar) this.#stderr.write(`\r${' '.repeat(this.#bar.length)}\r`);
    this.#bar = '';
  }
}

/** 'BN+WS, width 8, batch size 16, one-cycle to 5e-4, seed 0' */
export function runTitle(experiment: Experiment): string {
  const { width, batchSize, schedule, maxLearningRate, seed } = experiment;
  const rate = formatRate(maxLearningRate);
  return [
    armName(experiment),
    `width ${width}`,
    `batch size ${batchSize}`,
    schedule === 'one-cycle' ? `one-cycle to ${rate}` : `learning rate ${rate}`,
    `seed ${seed}`,
  ].join(', ');
}

/** fastai's columns. */
function tableLine(cells: readonly string[]): string {
  return cells
    .map((cell) => cell.padEnd(10))
    .join('  ')
    .trimEnd();
}

/** What stands in the summary of a sweep. */
export interface SummaryRow {
  readonly folder: string;
  readonly status: string;
  readonly steps: number;
  /** Of the last epoch; undefined without one. */
  readonly epoch: EpochRow | undefined;
  readonly result: FinderResult | undefined;
}

/** The table at the end of a sweep. */
export function summaryTable(rows: readonly SummaryRow[]): string {
  const isFinder = rows.some(({ result }) => result);
  const rate = (result: FinderResult | undefined, rule: string): string => {
    const learningRate = result?.suggestions.find((suggestion) => suggestion.rule === rule)?.learningRate;
    return learningRate === undefined ? '–' : formatRate(learningRate);
  };
  const heads = [
    'run',
    'status',
    'steps',
    ...(isFinder ? ['valley', 'steep'] : ['train_loss', 'valid_loss', 'accuracy']),
  ];
  const lines = rows.map(({ folder, status, steps, epoch, result }) => [
    folder,
    status,
    formatCount(steps),
    ...(isFinder
      ? [rate(result, 'valley'), rate(result, 'steep')]
      : epoch
        ? [epoch.trainLoss, epoch.validLoss, epoch.accuracy].map(formatTableNumber)
        : ['–', '–', '–']),
  ]);
  const widths = heads.map((head, i) => Math.max(head.length, ...lines.map((line) => line[i]?.length ?? 0)));
  return [heads, ...lines]
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function share(done: number, total: number): string {
  return total > 0 ? `${Math.floor((100 * done) / total)} %` : formatBytes(done);
}
