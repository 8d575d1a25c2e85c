import {
  compareTolerance,
  finderBand,
  ruleRanges,
  toleranceRate,
  TOLERANCES,
} from '#analysis/finderBands.ts';
import type { FinderBand, FinderCurve, RuleRange, ToleranceComparison } from '#analysis/finderBands.ts';
import { groupByArm } from '#analysis/repeats.ts';
import type { FinderRecord } from '#client/runRecord.ts';
import { armNames } from '#domain/arms.ts';
import type { Experiment } from '#domain/experiment.ts';
import { formatCount } from '#ui/format.ts';

/** Finders that differ in nothing but the seed. */
export interface FinderGroup {
  readonly name: string;
  /** Settings of its first run. */
  readonly experiment: Experiment;
  readonly runs: readonly FinderRecord[];
  readonly band: FinderBand;
  readonly ranges: readonly RuleRange[];
}

/** What two groups withstand, by tolerance. */
export interface GroupComparison {
  readonly baseline: FinderGroup;
  readonly other: FinderGroup;
  /** How far above its minimum the loss was when the rates were read off. */
  readonly share: number;
  readonly tolerance: ToleranceComparison;
}

/** Settings that a finder does not use. */
const UNUSED = { maxLearningRate: 1, epochs: 1, schedule: 'constant', momentum: 0, validLimit: 0 } as const;

function curveOf(run: FinderRecord): FinderCurve {
  return { losses: run.metrics.series('losses'), result: run.result };
}

/** Groups that can be compared with each other. */
export interface FinderSet {
  readonly key: string;
  /** What they have in common: '100 steps on CIFAR-10'. */
  readonly title: string;
  /** At least one. */
  readonly groups: readonly FinderGroup[];
}

/** Groups of at least two finders, in order of start, apart by ramp and data: those of one set share an axis. */
export function finderSets(runs: readonly FinderRecord[]): readonly FinderSet[] {
  const ramps = new Map<string, FinderRecord[]>();
  for (const run of runs) {
    if (run.metrics.count === 0) continue;
    const key = JSON.stringify([run.settings, run.datasetHash]);
    ramps.set(key, [...(ramps.get(key) ?? []), run]);
  }
  return Array.from(ramps, ([key, same]): FinderSet => {
    const { settings, datasetTitle } = same[0]!;
    const title = `${formatCount(settings.steps)} steps on ${datasetTitle}`;
    return { key, title, groups: groupsOf(same) };
  }).filter(({ groups }) => groups.length > 0);
}

function groupsOf(same: readonly FinderRecord[]): readonly FinderGroup[] {
  const groups = groupByArm(same.map((run) => ({ run, experiment: { ...run.experiment, ...UNUSED } })))
    .map((arm) => arm.runs.map(({ run }) => run))
    .filter((members) => members.length > 1);
  const names = armNames(groups.map((members) => ({ ...members[0]!.experiment, ...UNUSED })));
  return groups.map((members, i) => {
    const curves = members.map(curveOf);
    return {
      name: names[i]!,
      experiment: members[0]!.experiment,
      runs: members,
      band: finderBand(curves, members[0]!.settings),
      ranges: ruleRanges(curves),
    };
  });
}

/** Every group of a set against the first of its batch size, seed by seed. */
export function groupComparisons(groups: readonly FinderGroup[]): readonly GroupComparison[] {
  return groups.flatMap((other) => {
    const baseline = groups.find((group) => group.experiment.batchSize === other.experiment.batchSize);
    if (!baseline || baseline === other) return [];
    return TOLERANCES.map((share): GroupComparison => {
      const pairs = baseline.runs.flatMap((run) => {
        const twin = other.runs.find((one) => one.experiment.seed === run.experiment.seed);
        return twin ? [{ baseline: rateOf(run, share), other: rateOf(twin, share) }] : [];
      });
      return { baseline, other, share, tolerance: compareTolerance(pairs) };
    });
  });
}

function rateOf(run: FinderRecord, share: number): number | undefined {
  return toleranceRate(run.metrics.series('losses'), run.settings, share);
}
