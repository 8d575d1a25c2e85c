import { notebookTwin } from '#analysis/notebookRuns.ts';
import type { GhostRun } from '#analysis/question.ts';
import type { KeptRun } from '#domain/keptRun.ts';
import { formatClock, formatTableNumber } from '#lib/numberText.ts';

/** Text in a cell, a heading or a sentence: nothing of it is markup. */
export function escaped(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[\\`*_[\]|#]/g, String.raw`\$&`);
}

/**
 * The epoch table of a run as the post prints it, with accuracy; beside a run of the notebook also its
 * validation loss and the difference.
 */
export function epochTableMarkdown({ epochs }: Pick<KeptRun, 'epochs'>, ghost?: GhostRun): string {
  const header = ['epoch', 'train_loss', 'valid_loss', 'accuracy', 'time'];
  if (ghost) header.push(`${escaped(ghost.label)} valid_loss`, 'difference');
  const rows = epochs.map((row) => {
    const cells = [
      String(row.epoch),
      formatTableNumber(row.trainLoss),
      validLossText(row.validLoss, row.standardError),
      formatTableNumber(row.accuracy),
      formatClock(row.milliseconds),
    ];
    const other = ghost?.rows.find(({ epoch }) => epoch === row.epoch);
    if (ghost) cells.push(other ? formatTableNumber(other.validLoss) : '–');
    if (ghost) cells.push(other ? formatTableNumber(row.validLoss - other.validLoss) : '–');
    return cells;
  });
  const alignment = header.map(() => '---:');
  return [header, alignment, ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function validLossText(loss: number, standardError: number | undefined): string {
  const text = formatTableNumber(loss);
  return standardError === undefined || !Number.isFinite(standardError)
    ? text
    : `${text} ± ${standardError.toFixed(6)}`;
}

/** The notebook's run whose losses belong beside those of a run. */
export function notebookLosses({ header }: Pick<KeptRun, 'header'>): GhostRun | undefined {
  const twin = notebookTwin(header.experiment, header.origin?.question);
  return twin?.measure === 'loss' ? twin.ghost : undefined;
}

/** Tables of several runs, each under its name, and beside the notebook's where it has such a run. */
export function epochTablesMarkdown(
  runs: readonly { readonly name: string; readonly run: KeptRun }[],
): string {
  return runs
    .map(({ name, run }) => `### ${escaped(name)}\n\n${epochTableMarkdown(run, notebookLosses(run))}`)
    .join('\n');
}
