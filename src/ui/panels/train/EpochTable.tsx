import type { ReactNode } from 'react';
import { notebookOverhead, notebookTwin } from '#analysis/notebookRuns.ts';
import type { NotebookTwin } from '#analysis/notebookRuns.ts';
import type { GhostRun } from '#analysis/question.ts';
import { questionById } from '#analysis/questions.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import type { EpochRow } from '#domain/run.ts';
import { formatClock, formatTableNumber } from '#ui/format.ts';
import { runDetails, runLabel } from '#ui/runText.ts';
import { formatDifference } from './readouts.ts';

/** The table that fastai prints while it trains, in its columns and formats. */
export function EpochTable({ run }: { run: TrainRecord }): ReactNode {
  const valid = run.epochs.map((row) => row.validLoss).filter(Number.isFinite);
  const best = valid.length > 1 ? Math.min(...valid) : undefined;
  const pending = run.experiment.epochs - run.epochs.length;
  const hasErrors = run.epochs.some((row) => row.standardError !== undefined);
  const notebook = notebookTwin(run.experiment, run.origin?.question);
  // Epochs that only measure time are of other images than the notebook's.
  const losses = notebook?.measure === 'loss' ? notebook.ghost : undefined;
  const columns = [
    { name: 'epoch' },
    { name: 'train_loss' },
    { name: 'valid_loss' },
    { name: 'accuracy' },
    { name: 'time' },
    ...(hasErrors ? [{ name: '± SE', title: 'Standard error of valid_loss over the images' }] : []),
    ...(losses
      ? [
          { name: 'notebook', title: `valid_loss of the post’s ${losses.label}` },
          { name: 'difference', title: 'valid_loss here minus the notebook’s' },
        ]
      : []),
  ];
  return (
    <div className="epoch-table">
      <table>
        <caption>
          Epochs of {runLabel(run)}
          <span className="caption-details">{runDetails(run)}</span>
        </caption>
        <thead>
          <tr>
            {columns.map(({ name, title }) => (
              <th key={name} scope="col" title={title}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {run.epochs.map((row) => (
            <tr key={row.epoch} className={row.validLoss === best ? 'is-best' : undefined}>
              <th scope="row">{row.epoch}</th>
              <td>{formatTableNumber(row.trainLoss)}</td>
              <td>
                {formatTableNumber(row.validLoss)}
                {row.validLoss === best && <span className="visually-hidden"> (best)</span>}
              </td>
              <td>{formatTableNumber(row.accuracy)}</td>
              <td>{formatClock(row.milliseconds)}</td>
              {hasErrors && <td>{formatTableNumber(row.standardError ?? Number.NaN)}</td>}
              {losses && <NotebookCells row={row} notebook={losses} />}
            </tr>
          ))}
          {run.epochs.length === 0 && (
            <tr className="is-pending">
              <th scope="row">0</th>
              <td colSpan={columns.length - 1}>
                {pending > 0 ? 'The first line comes at the end of epoch 0.' : ''}
              </td>
            </tr>
          )}
        </tbody>
      </table>
      {notebook && <p className="field-help">{notebookNote(run, notebook)}</p>}
    </div>
  );
}

/** What the notebook had at the end of the same epoch. */
function NotebookCells({ row, notebook }: { row: EpochRow; notebook: GhostRun }): ReactNode {
  const its = notebook.rows.find(({ epoch }) => epoch === row.epoch);
  return (
    <>
      <td>{its ? formatTableNumber(its.validLoss) : '–'}</td>
      <td>{its ? formatDifference(row.validLoss - its.validLoss) : '–'}</td>
    </>
  );
}

/** 'Notebook BN, batch 64, LR 5e-4: one run, no seed, …'; of times also what WS cost there. */
function notebookNote({ origin }: TrainRecord, { ghost, measure }: NotebookTwin): string {
  const about = `Post’s ${ghost.label}: ${ghost.note}.`;
  if (measure === 'loss') return about;
  const ratio = notebookOverhead(ghost, (origin?.question && questionById(origin.question.id)?.ghosts) ?? []);
  if (ratio === undefined) return about;
  return `${about} There an epoch with WS took ${ratio.toFixed(2)} × the time of one without.`;
}
