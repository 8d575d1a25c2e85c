import { armName, NORMS } from './experiment.ts';
import type { ArmSettings, Experiment } from './experiment.ts';
import { parameterNames, parameters, settingOf, withSettings } from './parameters.ts';
import type { ParameterName } from './parameters.ts';
import type { ForkOrigin } from './run.ts';
import { settingText } from './settingText.ts';
import { RACE_LANES } from './study.ts';
import type { Study } from './study.ts';

/** Values whose combinations become arms. */
export interface ArmGrid {
  readonly networks: readonly ArmSettings[];
  readonly batchSizes: readonly number[];
  readonly rates: readonly number[];
  readonly schedules: readonly Experiment['schedule'][];
}

/**
 * Every normalization with and without Weight Standardization, and the one of which Scaled WS makes another network:
 * a normalization takes the scale of what it gets away.
 */
export const networks: readonly ArmSettings[] = [
  ...[false, true].flatMap((ws) => NORMS.map((norm) => ({ norm, ws }))),
  { norm: 'none', ws: true, wsGain: 'scaled' },
];

/** What `armName` says already. */
export const namedByArm: ReadonlySet<ParameterName> = new Set(['norm', 'ws', 'wsGain']);

/** Every combination of the grid, on the other settings of `base`. */
export function gridArms(base: Experiment, grid: ArmGrid): Experiment[] {
  return grid.batchSizes.flatMap((batchSize) =>
    grid.schedules.flatMap((schedule) =>
      grid.rates.flatMap((maxLearningRate) =>
        grid.networks.map(({ norm, ws, wsGain = 'unit' }) =>
          withSettings(base, { norm, ws, wsGain, batchSize, schedule, maxLearningRate }),
        ),
      ),
    ),
  );
}

/** Settings in which arms differ, the seed aside. */
export function differingSettings(arms: readonly Experiment[]): ParameterName[] {
  return parameterNames.filter((name) => name !== 'seed' && arms.some((arm) => arm[name] !== arms[0]![name]));
}

/** Whether two arms have the same settings, the seed aside. */
export function areEqualArms(a: Experiment, b: Experiment): boolean {
  return differingSettings([a, b]).length === 0;
}

/**
 * An arm as a finder sees it, for comparing: its ramp takes the place of rate, schedule and momentum, and it evaluates
 * nothing.
 */
export function finderArm(arm: Experiment): Experiment {
  return { ...arm, maxLearningRate: 1, epochs: 1, schedule: 'constant', momentum: 0, validLimit: 0 };
}

/** What each arm is called among the others: the network, and whatever else differs; an equal one is a twin. */
export function armNames(arms: readonly Experiment[]): string[] {
  return withTwins(plainNames(arms), new Set());
}

/** The arms of a study by name; forks say what they continue. */
export function studyArmNames({ arms, forks = [] }: Pick<Study, 'arms' | 'forks'>): string[] {
  const names = withTwins(plainNames(arms), new Set(forks.map(({ arm }) => arm)));
  for (const { arm, of } of forks) names[arm] = `${names[arm]}, ${forkText(of)}`;
  return names;
}

function plainNames(arms: readonly Experiment[]): string[] {
  const others = differingSettings(arms).filter((name) => !namedByArm.has(name));
  return arms.map((arm) => [armName(arm), ...others.map((name) => wordsOf(arm, name))].join(' · '));
}

/** Names of which those that were there before are 'twin of BN', 'twin 2 of BN' …; forks have their own. */
function withTwins(names: readonly string[], forks: ReadonlySet<number>): string[] {
  const seen = new Map<string, number>();
  return names.map((name, i) => {
    if (forks.has(i)) return name;
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    return before === 0 ? name : `twin ${before === 1 ? '' : `${before} `}of ${name}`;
  });
}

/** 'fork of run 3 at step 50' */
export function forkText({ number, step }: ForkOrigin): string {
  return `fork${number === undefined ? '' : ` of run ${number}`} at step ${step.toLocaleString('en-US')}`;
}

const shortLabels: Readonly<Partial<Record<ParameterName, string>>> = {
  batchSize: 'batch',
  maxLearningRate: 'LR',
  trainLimit: 'images',
  validLimit: 'validation images',
  gradientClip: 'clip',
};

/** A setting in words that say which one it is: 'batch 64', 'One-cycle', 'LR 5e-4'. */
function wordsOf(arm: Experiment, name: ParameterName): string {
  if (name === 'gradientClip' && !arm.gradientClip) return 'not clipped';
  const text = settingText(arm, name);
  const saysAll = typeof settingOf(arm, name) === 'string';
  return saysAll ? text : `${shortLabels[name] ?? parameters[name].label.toLowerCase()} ${text}`;
}

/** Settings that all runs of a race must share: they take the same batches. */
const SHARED_IN_RACE = [
  'batchSize',
  'epochs',
  'width',
  'stemPadding',
  'augmentation',
  'trainLimit',
  'validLimit',
] as const;

/** Why arms cannot race, in a sentence; undefined when they can. */
export function raceProblem(arms: readonly Experiment[]): string | undefined {
  const { least, most } = RACE_LANES;
  if (arms.length < least || arms.length > most) {
    return `A race needs ${least} to ${most} arms; there ${arms.length === 1 ? 'is 1' : `are ${arms.length}`}. One after another takes any number.`;
  }
  const differing = SHARED_IN_RACE.filter((name) => arms.some((arm) => arm[name] !== arms[0]![name]));
  if (differing.length === 0) return undefined;
  const list = differing.map((name) => parameters[name].label.toLowerCase()).join(', ');
  return `Arms of a race see the same batches, so they must share ${list}. Run them one after another instead.`;
}

/** What arms differ in besides the network, to be said beside a comparison; undefined when in nothing. */
export function raceWarning(arms: readonly Experiment[]): string | undefined {
  const others = differingSettings(arms).filter((name) => !namedByArm.has(name));
  if (others.length === 0) return undefined;
  const list = others.map((name) => {
    const values = [...new Set(arms.map((arm) => settingText(arm, name)))];
    return `${parameters[name].label.toLowerCase()} (${values.join(', ')})`;
  });
  return `Arms differ in: ${list.join('; ')}. What they show is not the normalization’s effect alone.`;
}
