import { ruleRanges } from '#analysis/finderBands.ts';
import { compareTolerance, toleranceRate, toleranceSentence } from '#analysis/finderTolerance.ts';
import type { RateReading } from '#analysis/finderTolerance.ts';
import { PAIR_WINDOW, pairedDifference, pairedSentence } from '#analysis/pairedDifference.ts';
import { armKey, groupByArm, isOfItsSeed, onePerSeed } from '#analysis/repeats.ts';
import { counted, formatShort } from '#analysis/text.ts';
import { timePerStep } from '#analysis/wsOverhead.ts';
import { finderArm } from '#domain/arms.ts';
import { armName, type Experiment } from '#domain/experiment.ts';
import { withSettings } from '#domain/parameters.ts';
import { formatRate } from '#lib/numberText.ts';
import { smooth } from '#optim/smoothing.ts';
import { runName, type ExportedRun } from './exportedRun.ts';

/** How far above its lowest the loss of a finder has risen where its tolerance is read off. */
const TOLERANCE = 0.25;

/**
 * What the runs show against the first complete one of the same seed and batches, in sentences computed from
 * their data: 'BN+WS reached BN’s final loss in 0.83 × the steps; time per step 1.01 ×.'
 */
export function verdictLines(runs: readonly ExportedRun[]): readonly string[] {
  return [
    ...trainingLines(runs.filter(({ run }) => run.header.kind === 'train')),
    ...finderLines(runs.filter(({ run: { header } }) => header.kind === 'finder' && isOfItsSeed(header))),
  ];
}

function trainingLines(runs: readonly ExportedRun[]): readonly string[] {
  const lines: string[] = [];
  const baselines = new Map<string, ExportedRun>();
  /** The first run of arms that each have a rate of their own. */
  const atAnyRate = new Map<string, ExportedRun>();
  for (const exported of runs) {
    const { header, status, divergence } = exported.run;
    if (status === 'diverged') {
      const at = divergence ? ` at step ${(divergence.step + 1).toLocaleString('en-US')}` : '';
      lines.push(`${runName(exported)} diverged${at}.`);
      continue;
    }
    // A run with another past is no answer to what its settings do.
    if (status !== 'finished' || !isOfItsSeed(header)) continue;
    const key = comparisonKey(exported, false);
    const anyRate = comparisonKey(exported, true);
    const baseline = baselines.get(key) ?? atAnyRate.get(anyRate);
    if (baseline) lines.push(comparison(baseline, exported));
    if (!baselines.has(key)) baselines.set(key, exported);
    if (!atAnyRate.has(anyRate)) atAnyRate.set(anyRate, exported);
  }
  return lines;
}

/** Equal for runs that may be compared: all settings but the arm's, perhaps with its rate, and the data. */
function comparisonKey({ run: { header } }: ExportedRun, isAnyRate: boolean): string {
  const { experiment, dataset } = header;
  const rate = isAnyRate ? { maxLearningRate: 0 } : {};
  return `${keyWithoutArm({ ...experiment, ...rate })} ${experiment.seed} ${dataset.hash}`;
}

/** Equal for settings that differ in normalization and WS alone, whatever their seeds. */
function keyWithoutArm(experiment: Experiment): string {
  return armKey(withSettings(experiment, { norm: 'none', ws: false }));
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
  const [rate, otherRate] = [baseline, exported].map(({ run }) => run.header.experiment.maxLearningRate) as [
    number,
    number,
  ];
  if (rate !== otherRate) {
    parts.push(`each at its own learning rate, ${formatRate(otherRate, 3)} against ${formatRate(rate, 3)}`);
  }
  return `${parts.join('; ')}.${pairedText(baseline, exported)}`;
}

/** What the last steps on the same batches say, with their interval; nothing where the batches differ. */
function pairedText(baseline: ExportedRun, exported: ExportedRun): string {
  const [order, otherOrder] = [baseline.run.plan?.orderHash, exported.run.plan?.orderHash];
  if (order === undefined || order !== otherOrder) return '';
  const paired = pairedDifference(baseline.steps.losses, exported.steps.losses, PAIR_WINDOW);
  return paired.estimate.count < 2
    ? ''
    : ` Batch by batch: ${pairedSentence(runName(baseline), runName(exported), paired)}`;
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

/** What the finders of each arm suggest, and which rate an arm withstands against the first arm like it. */
function finderLines(runs: readonly ExportedRun[]): readonly string[] {
  const ramps = new Map<string, ExportedRun[]>();
  for (const exported of runs) {
    const { finder, dataset } = exported.run.header;
    const key = `${JSON.stringify(finder)} ${dataset.hash}`;
    ramps.set(key, [...(ramps.get(key) ?? []), exported]);
  }
  return [...ramps.values()].flatMap(rampLines);
}

/** The same of finders over one ramp on the same data. */
function rampLines(runs: readonly ExportedRun[]): readonly string[] {
  const arms = groupByArm(
    runs.map((exported) => ({
      exported,
      experiment: finderArm(exported.run.header.experiment),
      status: exported.run.status,
    })),
  ).map((arm) => onePerSeed(arm.runs));
  const baselines = new Map<string, readonly ExportedRun[]>();
  return arms.flatMap((members) => {
    const arm = members.map(({ exported }) => exported);
    const key = keyWithoutArm(members[0]!.experiment);
    const baseline = baselines.get(key);
    if (!baseline) baselines.set(key, arm);
    return [...suggestionLine(arm), ...(baseline ? [toleranceLine(baseline, arm)] : [])];
  });
}

function nameOfArm(arm: readonly ExportedRun[]): string {
  return arm.length === 1 ? runName(arm[0]!) : armName(arm[0]!.run.header.experiment);
}

function suggestionLine(arm: readonly ExportedRun[]): readonly string[] {
  const valley = ruleRanges(arm.map(({ run, steps }) => ({ losses: steps.losses, result: run.result }))).find(
    ({ rule }) => rule === 'valley',
  );
  if (!valley) return [];
  const range =
    valley.count > 1
      ? ` (${formatRate(valley.min)} to ${formatRate(valley.max)}, ${counted(valley.count, 'seed')})`
      : '';
  return [`The finder suggests ${formatRate(valley.median)}${range} for ${nameOfArm(arm)}, by its valley.`];
}

function toleranceLine(baseline: readonly ExportedRun[], arm: readonly ExportedRun[]): string {
  const rateOf = ({ run, steps }: ExportedRun): RateReading | undefined =>
    run.header.finder &&
    toleranceRate({ losses: steps.losses, result: run.result }, run.header.finder, TOLERANCE);
  const pairs = arm.flatMap((other) => {
    const own = baseline.find(({ run }) => run.header.experiment.seed === other.run.header.experiment.seed);
    return own ? [{ baseline: rateOf(own), other: rateOf(other) }] : [];
  });
  const sentence = toleranceSentence(nameOfArm(baseline), nameOfArm(arm), compareTolerance(pairs));
  return `${sentence} Read off where the loss is ${100 * TOLERANCE} % above its lowest.`;
}
