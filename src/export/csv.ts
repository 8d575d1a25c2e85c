import { armName } from '#domain/experiment.ts';
import { settingOf, settingsOf } from '#domain/parameters.ts';
import { runName, type ExportedRun } from './exportedRun.ts';

type Cell = string | number | boolean | undefined;

/**
 * A cell as RFC 4180 has it. Text that a spreadsheet would take for a formula gets an apostrophe before it
 * (OWASP, CSV injection); numbers stay numbers.
 */
function cellText(cell: Cell): string {
  if (cell === undefined) return '';
  if (typeof cell !== 'string') return String(cell);
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Longer texts JavaScript cannot hold in some browsers. */
const MAX_LENGTH = 400e6;

/** @throws {RangeError} when the table has more than 400 million characters. */
function table(header: readonly string[], rows: Iterable<readonly Cell[]>): string {
  let text = `${header.join(',')}\r\n`;
  for (const row of rows) {
    text += `${row.map(cellText).join(',')}\r\n`;
    if (text.length > MAX_LENGTH) {
      throw new RangeError('The table is larger than 400 MB: export fewer runs at a time.');
    }
  }
  return text;
}

/** A float32 with as many digits as its bits need. */
function short(value: number): number {
  return Number(value.toPrecision(9));
}

const RUN_COLUMNS = ['run', 'name', 'kind', 'arm', 'seed'] as const;

function runCells(exported: ExportedRun): readonly Cell[] {
  const { runId, kind, experiment } = exported.run.header;
  return [runId, runName(exported), kind, armName(experiment), experiment.seed];
}

/** One row per recorded step of every run, steps from 0: long, as statistics programs like it. */
export function stepsCsv(runs: readonly ExportedRun[]): string {
  return table(
    [...RUN_COLUMNS, 'step', 'loss', 'smoothed', 'learningRate', 'momentum', 'elapsedMs', 'wallMs'],
    stepRows(runs),
  );
}

function* stepRows(runs: readonly ExportedRun[]): Iterable<readonly Cell[]> {
  for (const exported of runs) {
    const cells = runCells(exported);
    const { firstStep, losses, smoothed, learningRates, momenta, elapsedMs, wallMs } = exported.steps;
    for (const [i, loss] of losses.entries()) {
      const values = [loss, smoothed[i]!, learningRates[i]!, momenta[i]!, elapsedMs[i]!];
      const wall = wallMs?.[i] ?? Number.NaN;
      yield [...cells, firstStep + i, ...values.map(short), Number.isNaN(wall) ? undefined : short(wall)];
    }
  }
}

/** One row per epoch of every training run, epochs from 0, and per probe inside them, with all settings. */
export function epochsCsv(runs: readonly ExportedRun[]): string {
  const settings = settingsOf(runs.map(({ run }) => run.header.experiment)).filter((name) => name !== 'seed');
  return table(
    [
      ...RUN_COLUMNS,
      'status',
      'dataset',
      'device',
      ...settings,
      'row',
      'validImages',
      'epoch',
      'step',
      'trainLoss',
      'validLoss',
      'standardError',
      'accuracy',
      'milliseconds',
    ],
    runs.flatMap((exported) => {
      const { header, status, epochs, probes = [], plan } = exported.run;
      const { experiment, dataset, device } = header;
      const cells = [
        ...runCells(exported),
        status,
        dataset.title,
        device.title,
        ...settings.map((name) => settingOf(experiment, name)),
      ];
      const rows = epochs.map((row) => [
        ...cells,
        'epoch',
        plan?.validCount,
        row.epoch,
        row.step,
        row.trainLoss,
        row.validLoss,
        row.standardError,
        row.accuracy,
        row.milliseconds,
      ]);
      const probed = probes.map((row) => [
        ...cells,
        'probe',
        row.count,
        plan && Math.floor((row.step - 1) / plan.stepsPerEpoch),
        row.step,
        undefined,
        row.validLoss,
        row.standardError,
        row.accuracy,
        undefined,
      ]);
      return [...rows, ...probed];
    }),
  );
}
