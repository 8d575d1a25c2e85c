import type { RunRecord, TrainRecord } from '#client/runRecord.ts';
import { forkText } from '#domain/arms.ts';
import { armName } from '#domain/experiment.ts';
import { stopText } from '#domain/runOptions.ts';
import type { FinderResult, FinderRule, Preparation } from '#domain/run.ts';
import { formatCount, formatLoss, formatPercent, formatRate } from './format.ts';

/** Longer names are cut at the ends of lines. */
const LABEL_LENGTH = 22;

/** '#2 BN+WS', or the name it was given: short enough for the end of a line; its number tells repeats apart. */
export function runLabel({ number, notes, experiment }: RunRecord): string {
  const { name } = notes;
  const short = name.length > LABEL_LENGTH ? `${name.slice(0, LABEL_LENGTH - 1)}…` : name;
  return `#${number} ${short || armName(experiment)}`;
}

/** '#2 BN+WS', and in full the name it was given. */
export function runName({ number, notes, experiment }: RunRecord): string {
  return `#${number} ${armName(experiment)}${notes.name ? ` “${notes.name}”` : ''}`;
}

/** What a list says of a run besides its arm. */
export function runDetails(run: RunRecord): string {
  const { batchSize, width, epochs, maxLearningRate, schedule, optimizer, seed, augmentation, gradientClip } =
    run.experiment;
  const parts = [`batch ${batchSize}`];
  if (run.kind === 'train') {
    parts.push(
      `LR ${formatRate(maxLearningRate, 3)}${run.rateReason ? ` (${run.rateReason})` : ''}`,
      `${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`,
    );
    if (schedule === 'constant') parts.push('constant');
  } else {
    parts.push(`${formatCount(run.settings.steps)} steps`);
  }
  parts.push(`width ${width}`);
  if (optimizer === 'sgd') parts.push('SGD');
  if (gradientClip !== undefined) parts.push(`clip ${gradientClip}`);
  if (augmentation !== 'none') parts.push('augmented');
  parts.push(`seed ${seed}`);
  if (run.forkOf) parts.push(forkText(run.forkOf));
  if (run.options?.stopRule) parts.push(`stops ${stopText(run.options.stopRule)}`);
  const given = givenText(run);
  if (given !== undefined) parts.push(`from ${given}`);
  return parts.join(' · ');
}

/** 'mine.safetensors 0123abcd': the file of its initial weights; undefined where they follow from the seed. */
export function givenText({ givenWeights, plan }: RunRecord): string | undefined {
  if (givenWeights === undefined) return undefined;
  return `${givenWeights || 'given weights'} ${plan?.initialWeightsHash.slice(0, 8) ?? ''}`.trimEnd();
}

/** 'compiling kernels 12 of 40' */
export function preparationText(preparation: Preparation | undefined): string {
  if (!preparation) return 'preparing the network…';
  const { stage, done, total } = preparation;
  return `${stage} ${formatCount(done)} of ${formatCount(total)}`;
}

/** The state of a run in a few words. */
export function statusText(run: RunRecord): string {
  switch (run.status) {
    case 'preparing':
      return 'preparing';
    case 'running':
      return run.kind === 'train' && run.validating ? 'validating' : 'running';
    case 'paused':
      return 'paused';
    case 'finished':
      return run.kind === 'finder' && run.result ? finderReason(run.result) : 'finished';
    case 'stopped':
      // The steps of one that nothing shows are not loaded.
      return `stopped at step ${formatCount(Math.max(run.metrics.count, run.stepCount))}`;
    case 'diverged':
      return run.kind === 'train' && run.divergence ? divergenceText(run) : 'diverged';
    case 'interrupted':
      return 'interrupted';
    case 'failed':
      return 'failed';
    default:
      return run.status satisfies never;
  }
}

/** Whether its stop rule has ended a run; `detail` says how. */
export function endedByRule({ endedBy }: RunRecord): boolean {
  return endedBy === 'rule';
}

/** 'diverged at step 413 with loss NaN'; steps are counted from 1, as on the axes. */
export function divergenceText(run: TrainRecord): string {
  if (!run.divergence) return 'diverged';
  const { step, loss, learningRate, reason } = run.divergence;
  const what = reason === 'gradient-exploded' ? 'an exploding gradient, loss' : 'loss';
  return `diverged at step ${formatCount(step + 1)} with ${what} ${formatLoss(loss)}, learning rate ${formatRate(learningRate)}`;
}

export function finderReason(result: FinderResult): string {
  switch (result.reason) {
    case 'completed':
      return 'reached the end of its range';
    case 'loss-exploded':
      return `ended at 4 × its best loss, step ${formatCount(result.stoppedAt + 1)}`;
    case 'not-finite':
      return `ended at step ${formatCount(result.stoppedAt + 1)}: the loss was not a number`;
    case 'stopped':
      return `stopped at step ${formatCount(result.stoppedAt + 1)}`;
    default:
      return result.reason satisfies never;
  }
}

/** Best and last validation of a run; undefined before its first epoch has ended. */
export function runResult(
  run: TrainRecord,
): { bestLoss: number; lastLoss: number; bestAccuracy: number; lastAccuracy: number } | undefined {
  const last = run.epochs.at(-1);
  if (!last) return undefined;
  const losses = run.epochs.map((row) => row.validLoss).filter(Number.isFinite);
  return {
    bestLoss: losses.length > 0 ? Math.min(...losses) : Number.NaN,
    lastLoss: last.validLoss,
    bestAccuracy: Math.max(...run.epochs.map((row) => row.accuracy)),
    lastAccuracy: last.accuracy,
  };
}

/** One sentence per kind of rule, for people who have not read fastai's source. */
export const ruleTexts: Record<FinderRule, { name: string; what: string }> = {
  valley: { name: 'valley', what: 'in the middle of the longest descent (fastai’s default)' },
  steep: { name: 'steep', what: 'where the loss falls fastest per decade' },
  minimum: { name: 'minimum', what: 'a tenth of the rate of the lowest loss' },
  slide: { name: 'slide', what: 'at the right edge of the descent' },
  v1: { name: 'min gradient', what: 'the steepest point, as fastai v1 marked it' },
};

/** What a screen reader hears of the newest training run. */
export function runSummary(run: TrainRecord): string {
  const result = runResult(run);
  const last = run.metrics.at('smoothed', run.metrics.count - 1);
  return [
    `${runLabel(run)}: ${statusText(run)}`,
    Number.isNaN(last) ? '' : `, training loss ${formatLoss(last)}`,
    result
      ? `, validation loss ${formatLoss(result.lastLoss)}, accuracy ${formatPercent(result.lastAccuracy)}`
      : '',
    '.',
  ].join('');
}
