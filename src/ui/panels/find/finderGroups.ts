import { finderBand, ruleRanges } from '#analysis/finderBands.ts';
import type { FinderBand, FinderCurve, RuleRange } from '#analysis/finderBands.ts';
import { compareTolerance, toleranceRate, TOLERANCES } from '#analysis/finderTolerance.ts';
import type { RateReading, ToleranceComparison } from '#analysis/finderTolerance.ts';
import { groupByArm, onePerSeed, weightsKey } from '#analysis/repeats.ts';
import type { FinderRecord } from '#client/runRecord.ts';
import { armNames, finderArm } from '#domain/arms.ts';
import type { Experiment } from '#domain/experiment.ts';
import { parameterError } from '#domain/parameters.ts';
import type { FinderRule } from '#domain/run.ts';
import { armStyles } from '#ui/charts/palette.ts';
import type { RunStyle } from '#ui/charts/palette.ts';
import { formatCount } from '#ui/format.ts';
import { givenText, ruleTexts } from '#ui/runText.ts';

/** Finders that differ in nothing but the seed, one of each; one where an arm ran once. */
export interface FinderGroup {
  readonly name: string;
  /** Settings of its first run. */
  readonly experiment: Experiment;
  readonly runs: readonly FinderRecord[];
  /** Finders of seeds that `runs` has another one of. */
  readonly again: readonly FinderRecord[];
  /** No two groups of a set look alike. */
  readonly style: RunStyle;
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

function curveOf(run: FinderRecord): FinderCurve {
  return { losses: run.metrics.series('losses'), result: run.result };
}

/** What a rule gives to every arm of a set. */
export interface ArmRates {
  readonly rates: readonly {
    readonly group: FinderGroup;
    readonly range: RuleRange;
    readonly rate: number;
  }[];
  /** Names of arms that it has no suggestion for. */
  readonly without: readonly string[];
  /** Names of arms that its suggestions spread over more than a factor of ten for. */
  readonly unreliable: readonly string[];
}

/** The median over seeds of a rule's suggestions for each arm, in two digits, where that is allowed. */
export function armRates(groups: readonly FinderGroup[], rule: FinderRule): ArmRates {
  const rates = groups.flatMap((group) => {
    const range = group.ranges.find((one) => one.rule === rule);
    const rate = range && Number(range.median.toPrecision(2));
    return range && rate !== undefined && !parameterError('maxLearningRate', rate)
      ? [{ group, range, rate }]
      : [];
  });
  return {
    rates,
    without: groups.filter((one) => !rates.some(({ group }) => group === one)).map(({ name }) => name),
    unreliable: rates.filter(({ range }) => range.isUnreliable).map(({ group }) => group.name),
  };
}

/** 'valley, median of 3' */
export function reasonOf({ rule, count }: RuleRange): string {
  const { name } = ruleTexts[rule];
  return count > 1 ? `${name}, median of ${count}` : name;
}

/** Groups that can be compared with each other. */
export interface FinderSet {
  readonly key: string;
  /** What they have in common: '100 steps on CIFAR-10'. */
  readonly title: string;
  /** At least one. */
  readonly groups: readonly FinderGroup[];
}

/**
 * Groups of finders where there are at least two, in order of start, apart by ramp, data and given weights: those of one
 * set share an axis.
 */
export function finderSets(runs: readonly FinderRecord[]): readonly FinderSet[] {
  const ramps = new Map<string, FinderRecord[]>();
  for (const run of runs) {
    if (run.metrics.count === 0) continue;
    const key = JSON.stringify([run.settings, run.datasetHash, weightsKey(run)]);
    ramps.set(key, [...(ramps.get(key) ?? []), run]);
  }
  return [...ramps].flatMap(([key, same]): readonly FinderSet[] => {
    const { settings, datasetTitle } = same[0]!;
    const given = givenText(same[0]!);
    const from = given === undefined ? '' : `, from ${given}`;
    const title = `${formatCount(settings.steps)} steps on ${datasetTitle}${from}`;
    const groups = groupsOf(same);
    return groups.flatMap(({ runs: members }) => members).length > 1 ? [{ key, title, groups }] : [];
  });
}

function groupsOf(same: readonly FinderRecord[]): readonly FinderGroup[] {
  const arms = same.map((run) => ({ run, experiment: finderArm(run.experiment) }));
  const groups = groupByArm(arms).map((arm) => arm.runs.map(({ run }) => run));
  const names = armNames(groups.map((members) => finderArm(members[0]!.experiment)));
  const styles = armStyles(groups.map((members) => members[0]!.experiment));
  return groups.map((all, i) => {
    const members = onePerSeed(all);
    const curves = members.map(curveOf);
    return {
      name: names[i]!,
      experiment: members[0]!.experiment,
      runs: members,
      again: all.filter((run) => !members.includes(run)),
      style: styles[i]!,
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

function rateOf(run: FinderRecord, share: number): RateReading | undefined {
  return toleranceRate(curveOf(run), run.settings, share);
}
