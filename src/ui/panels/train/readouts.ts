import type { TrainRecord } from '#client/runRecord.ts';
import type { EpochRow, ProbeRow } from '#domain/run.ts';
import { formatLoss } from '#ui/format.ts';
import type { ChartView } from './chartRuns.ts';

/** Head of the readout: where the cursor is. */
export function cursorTitle(view: ChartView, x: number): string {
  const position = view.formatX(view.unit === 'epoch' ? x : Math.max(0, x));
  return {
    step: `Step ${position}`,
    epoch: `Epoch ${position}`,
    images: `${position} images`,
    time: position,
    wall: `${position} after the start`,
    rate: `Σ LR ${position}`,
  }[view.unit];
}

/** The last validation that was known at a step. */
export function validationBefore(run: TrainRecord, step: number): EpochRow | undefined {
  return run.epochs.findLast((row) => row.step <= step + 1);
}

/** The last probe that was known at a step, unless an epoch was validated after it. */
export function probeBefore(run: TrainRecord, step: number): ProbeRow | undefined {
  const probe = run.probes?.findLast((row) => row.step <= step + 1);
  return probe && probe.step > (validationBefore(run, step)?.step ?? 0) ? probe : undefined;
}

/** '+0.021', '−0.3': a difference always has its sign. */
export function formatDifference(value: number): string {
  if (!Number.isFinite(value)) return formatLoss(value);
  return `${value < 0 ? '−' : value > 0 ? '+' : '±'}${formatLoss(Math.abs(value))}`;
}

/** '+1.2': a difference of shares in percentage points. */
export function formatPoints(share: number): string {
  const points = (100 * Math.abs(share)).toFixed(1);
  return `${share < 0 ? '−' : share > 0 ? '+' : '±'}${points}`;
}
