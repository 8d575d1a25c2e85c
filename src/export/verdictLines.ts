import { formatShort } from '#analysis/text.ts';
import { timePerStep } from '#analysis/wsOverhead.ts';
import { armKey } from '#analysis/repeats.ts';
import type { Experiment } from '#domain/experiment.ts';
import { smooth } from '#optim/smoothing.ts';
import { runName, type ExportedRun } from './exportedRun.ts';

/**
 * What the runs show against the first complete one of the same seed and batches, in sentences computed from
 * their data: 'BN+WS reached BN’s final loss in 0.83 × the steps; time per step 1.01 ×.'
 */
export function verdictLines(runs: readonly ExportedRun[]): readonly string[] {
  const lines: string[] = [];
  const baselines = new Map<string, ExportedRun>();
  for (const exported of runs) {
    const { header, status, divergence } = exported.run;
    if (header.kind !== 'train') continue;
    if (status === 'diverged') {
      const at = divergence ? ` at step ${(divergence.step + 1).toLocaleString('en-US')}` : '';
      lines.push(`${runName(exported)} diverged${at}.`);
      continue;
    }
    // A run with another past is no answer to what its settings do.
    if (status !== 'finished' || header.forkOf || header.givenWeights !== undefined) continue;
    const key = comparisonKey(exported);
    const baseline = baselines.get(key);
    if (baseline) lines.push(comparison(baseline, exported));
    else baselines.set(key, exported);
  }
  return lines;
}

/** Equal for runs that may be compared: all settings but the arm's, and the data. */
function comparisonKey({ run: { header } }: ExportedRun): string {
  const { experiment, dataset } = header;
  const neutral = { ...experiment, norm: 'none', ws: false } satisfies Experiment;
  return `${armKey(neutral)} ${experiment.seed} ${dataset.hash}`;
}

function comparison(baseline: ExportedRun, exported: ExportedRun): string {
  const [name, other] = [runName(baseline), runName(exported)];
  const parts: string[] = [];
  const share = shareOfSteps(baseline, exported);
  parts.push(
    share === undefined
      ? `${other} did not reach ${name}’s final training loss`
      : `${other} reached ${name}’s final training loss in ${share.toFixed(2)} × the steps`,
  );
  const [last, otherLast] = [baseline.run.epochs.at(-1), exported.run.epochs.at(-1)];
  if (last && otherLast) {
    const difference = otherLast.validLoss - last.validLoss;
    const size = formatShort(Math.abs(difference));
    parts.push(
      `final validation loss ${difference === 0 ? 'the same' : `${size} ${difference < 0 ? 'lower' : 'higher'}`}`,
    );
  }
  const [time, otherTime] = [timeOf(baseline), timeOf(exported)];
  if (time !== undefined && otherTime !== undefined) {
    parts.push(`time per step ${(otherTime / time).toFixed(2)} ×`);
  }
  return `${parts.join('; ')}.`;
}

/** Steps until the smoothed training loss is down at the baseline's last, over the baseline's steps. */
function shareOfSteps(baseline: ExportedRun, exported: ExportedRun): number | undefined {
  const target = smooth(baseline.steps.losses).at(-1);
  if (target === undefined) return undefined;
  const reached = smooth(exported.steps.losses).findIndex((loss) => loss <= target);
  return reached < 0 ? undefined : (reached + 1) / baseline.steps.losses.length;
}

function timeOf({ run, steps }: ExportedRun): number | undefined {
  return timePerStep({ elapsedMs: steps.elapsedMs, stepsPerEpoch: run.plan?.stepsPerEpoch })?.mean;
}
