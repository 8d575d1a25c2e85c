import type { RunStatus } from './run.ts';

/** What ends a run before its last epoch does. */
export interface StopRule {
  readonly kind: 'images' | 'minutes' | 'valid-loss' | 'train-loss';
  /** Images seen, minutes of compute time, or the loss that is low enough. */
  readonly value: number;
}

/**
 * What a run does besides its steps. Nothing of it changes what a step computes, so that it is no part of the
 * experiment: runs are alike whatever their options.
 */
export interface RunOptions {
  readonly stopRule?: StopRule;
  /** Absent: validation is probed inside long epochs. */
  readonly probes?: 'none';
}

export type StopKind = StopRule['kind'];

interface StopKindText {
  readonly label: string;
  readonly unit: string;
  readonly default: number;
  readonly max: number;
  readonly isInteger: boolean;
  readonly what: string;
}

/** For the form, its checks and every sentence about a rule. */
export const stopKinds: Readonly<Record<StopKind, StopKindText>> = {
  images: {
    label: 'Images',
    unit: 'images',
    default: 25_000,
    max: 1e9,
    isInteger: true,
    what: 'Ends with the step in which this many training images have been seen.',
  },
  minutes: {
    label: 'Minutes',
    unit: 'min',
    default: 10,
    max: 100_000,
    isInteger: false,
    what: 'Ends after so much compute time of its own: pauses and the other runs of a race do not count.',
  },
  'valid-loss': {
    label: 'Valid. loss',
    unit: 'loss',
    default: 1,
    max: 1000,
    isInteger: false,
    what: 'Ends after the first epoch, or the first probe inside a long one, whose validation loss is this low. A probe is over 1,000 images.',
  },
  'train-loss': {
    label: 'Train loss',
    unit: 'loss',
    default: 1,
    max: 1000,
    isInteger: false,
    what: 'Ends when the smoothed training loss (β = 0.98) is this low, after 20 steps at the earliest.',
  },
};

/** Why a value is not allowed for a rule, in a sentence; undefined when it is. */
export function stopValueProblem(kind: StopKind, value: number): string | undefined {
  const { max, isInteger } = stopKinds[kind];
  const isAllowed = value > 0 && value <= max && (!isInteger || Number.isInteger(value));
  const what = isInteger ? 'a whole number from 1' : 'a number above 0 and';
  return isAllowed ? undefined : `It must be ${what} ${isInteger ? 'to' : 'up to'} ${number(max)}.`;
}

/** 'at 25,000 images', 'at a validation loss of 0.6': as it goes on from 'stops'. */
export function stopText({ kind, value }: StopRule): string {
  switch (kind) {
    case 'images':
      return `at ${number(value)} images`;
    case 'minutes':
      return `at ${number(value)} min of compute time`;
    case 'valid-loss':
      return `at a validation loss of ${number(value)}`;
    case 'train-loss':
      return `at a smoothed training loss of ${number(value)}`;
    default:
      return kind satisfies never;
  }
}

/**
 * 'Reached a validation loss of 0.6 at step 1,200.'
 * @param probed validation images of the probe that met it; absent where no probe did.
 */
export function reachedText(rule: StopRule, steps: number, probed?: number): string {
  const over = probed === undefined ? '' : ` over the first ${number(probed)} images`;
  return `Reached ${stopText(rule).slice('at '.length)}${over} at step ${number(steps)}.`;
}

/** What has ended a run other than its last epoch, the user or a fault. */
export type RunEnder = 'rule';

/** What ended a run that was kept or exported before that was told apart: its sentence says it. */
export function enderOfOld(status: RunStatus, detail: string | undefined): RunEnder | undefined {
  return status === 'stopped' && detail?.startsWith('Reached ') ? 'rule' : undefined;
}

/** Steps after which a rule ends a run; undefined for one that does not go by steps. */
export function stepsOfRule(rule: StopRule | undefined, batchSize: number): number | undefined {
  return rule?.kind === 'images' ? Math.ceil(rule.value / batchSize) : undefined;
}

/** The options with another stop rule, or with none. */
export function withRule({ stopRule: _, ...others }: RunOptions, stopRule: StopRule | undefined): RunOptions {
  return stopRule ? { ...others, stopRule } : others;
}

export function areEqualOptions(a: RunOptions = {}, b: RunOptions = {}): boolean {
  return areEqualRules(a.stopRule, b.stopRule) && a.probes === b.probes;
}

export function areEqualRules(a: StopRule | undefined, b: StopRule | undefined): boolean {
  return a?.kind === b?.kind && a?.value === b?.value;
}

function number(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 6 });
}
