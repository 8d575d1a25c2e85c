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

/** Groups of at least two finders with the same ramp and data, in order of start. */
export function finderGroups(runs: readonly FinderRecord[]): readonly FinderGroup[] {
  const recorded = runs.filter((run) => run.metrics.count > 0);
  const ramps = new Map<string, FinderRecord[]>();
  for (const run of recorded) {
    const key = JSON.stringify([run.settings, run.datasetHash]);
    ramps.set(key, [...(ramps.get(key) ?? []), run]);
  }
  const groups = [...ramps.values()].flatMap((same) =>
    groupByArm(same.map((run) => ({ run, experiment: { ...run.experiment, ...UNUSED } })))
      .map((arm) => arm.runs.map(({ run }) => run))
      .filter((members) => members.length > 1),
  );
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

/** Every group against the first of its batch size, seed by seed. */
export function groupComparisons(groups: readonly FinderGroup[]): readonly GroupComparison[] {
  return groups.flatMap((other) => {
    const baseline = groups.find(
      (group) =>
        group.experiment.batchSize === other.experiment.batchSize &&
        JSON.stringify(group.runs[0]!.settings) === JSON.stringify(other.runs[0]!.settings),
    );
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
