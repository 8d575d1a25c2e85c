import type { ReactNode } from 'react';
import { isGoing } from '#client/runRecord.ts';
import type { RunRecord } from '#client/runRecord.ts';
import { armName } from '#domain/experiment.ts';
import { stopText } from '#domain/runOptions.ts';
import {
  formatClock,
  formatCount,
  formatLoss,
  formatRate,
  formatRemainingRange,
  formatSpeed,
} from '#ui/format.ts';
import { ProgressBar } from '#ui/parts/ProgressBar.tsx';
import { flopsPerImage } from '#ui/runSpeed.ts';
import { preparationText, runLabel, statusText } from '#ui/runText.ts';
import { useMetricsVersion, useRuns } from '#ui/state/client.ts';
import { MemoryFigure } from './MemoryFigure.tsx';
import { runProgress } from './progress.ts';
import type { RunProgress } from './progress.ts';

/** What goes, how far it is and how fast. */
export function GoingStatus({ run }: { run: RunRecord }): ReactNode {
  useMetricsVersion();
  const going = useRuns().filter(isGoing);
  const progress = runProgress(run);
  const others = going.filter(({ id }) => id !== run.id);
  const remaining = remainingText([progress, ...others.map(runProgress)]);
  const gflops = progress.imagesPerSecond && (progress.imagesPerSecond * flopsPerImage(run.experiment)) / 1e9;
  const rule = run.options?.stopRule;
  const position = [
    ...(run.kind === 'train' ? [`epoch ${progress.epoch}/${run.experiment.epochs}`] : []),
    `step ${formatCount(progress.steps)}/${progress.totalSteps ? formatCount(progress.totalSteps) : '…'}`,
  ].join(', ');
  return (
    <>
      <div className="transport-status">
        <div className="transport-line">
          <strong>{goingName(going, run)}</strong>
          <span>{position}</span>
          {run.kind === 'finder' && run.metrics.count > 0 && (
            <span>{`LR ${formatRate(run.metrics.at('learningRates', run.metrics.count - 1))}`}</span>
          )}
          <span className="transport-doing">{doing(run)}</span>
          {rule && <span className="transport-doing">{`stops ${stopText(rule)}`}</span>}
          {run.status === 'paused' && <span className="transport-loss">{lastLosses(going)}</span>}
        </div>
        {run.status === 'preparing' ? (
          <ProgressBar
            label="Preparation"
            done={run.preparation?.done ?? 0}
            total={run.preparation?.total ?? 0}
            text={doing(run)}
          />
        ) : (
          <ProgressBar
            label={run.kind === 'finder' ? 'Finder progress' : 'Training progress'}
            done={progress.steps}
            total={progress.totalSteps}
            text={position}
          />
        )}
      </div>
      <dl className="transport-figures">
        <MemoryFigure />
        <div>
          <dt>images/s</dt>
          <dd>{progress.imagesPerSecond === undefined ? '–' : formatSpeed(progress.imagesPerSecond)}</dd>
        </div>
        <div>
          <dt title="Floating-point operations of training: three forward passes for each image">GFLOP/s</dt>
          <dd>{gflops === undefined ? '–' : formatSpeed(gflops)}</dd>
        </div>
        <div>
          <dt>elapsed</dt>
          <dd>{formatClock(progress.elapsedMs)}</dd>
        </div>
        <div>
          <dt>remaining</dt>
          <dd>{remaining}</dd>
        </div>
      </dl>
    </>
  );
}

/** The runs of a race take turns: what each has left adds up, and so do the errors, which one GPU makes. */
function remainingText(all: readonly RunProgress[]): string {
  const left = all.map(({ remainingMs }) => remainingMs ?? Number.NaN).reduce((sum, ms) => sum + ms, 0);
  if (Number.isNaN(left)) return '–';
  const errors = all.map(({ remainingErrorMs }) => remainingErrorMs ?? 0);
  const error = errors.reduce((sum, ms) => sum + ms, 0);
  return `${all.some(({ isAtMost }) => isAtMost) ? '≤ ' : ''}${formatRemainingRange(left, error)}`;
}

/** 'loss 0.8123', or of a race 'loss BN 0.8123, BN+WS 0.7990': of the batch that was trained last. */
function lastLosses(going: readonly RunRecord[]): string {
  const texts = going.map(({ metrics, experiment }) => {
    const loss = metrics.at('losses', metrics.count - 1);
    return `${going.length > 1 ? `${armName(experiment)} ` : ''}${Number.isNaN(loss) ? '–' : formatLoss(loss)}`;
  });
  return `loss ${texts.join(', ')}`;
}

/** 'Run #3 BN', or of a race 'Race of BN, BN+WS'. */
function goingName(going: readonly RunRecord[], run: RunRecord): string {
  if (going.length > 1) return `Race of ${going.map((one) => armName(one.experiment)).join(', ')}`;
  return run.kind === 'finder' ? `Finder ${runLabel(run)}` : `Run ${runLabel(run)}`;
}

/** What the worker does for the run right now, or was asked to do. */
function doing(run: RunRecord): string {
  if (run.asked === 'stop') return 'stopping…';
  if (run.asked === 'pause') return 'pausing…';
  if (run.status === 'preparing') return preparationText(run.preparation);
  if (run.kind === 'train' && run.status === 'running' && run.validating) {
    return `validating ${formatCount(run.validating.done)}/${formatCount(run.validating.total)}`;
  }
  return statusText(run);
}
