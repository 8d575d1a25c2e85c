import type { ReactNode } from 'react';
import type { TrainRecord } from '#client/runRecord.ts';
import { formatClock, formatTableNumber } from '#ui/format.ts';
import { runDetails, runLabel } from '#ui/runText.ts';

/** The table that fastai prints while it trains, in its columns and formats. */
export function EpochTable({ run }: { run: TrainRecord }): ReactNode {
  const losses = run.epochs.map((row) => row.validLoss).filter(Number.isFinite);
  const best = losses.length > 1 ? Math.min(...losses) : undefined;
  const pending = run.experiment.epochs - run.epochs.length;
  return (
    <div className="epoch-table">
      <table>
        <caption>
          Epochs of {runLabel(run)}
          <span className="caption-details">{runDetails(run)}</span>
        </caption>
        <thead>
          <tr>
            {['epoch', 'train_loss', 'valid_loss', 'accuracy', 'time'].map((name) => (
              <th key={name} scope="col">
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
            </tr>
          ))}
          {run.epochs.length === 0 && (
            <tr className="is-pending">
              <th scope="row">0</th>
              <td colSpan={4}>{pending > 0 ? 'The first line comes at the end of epoch 0.' : ''}</td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}
