import { BLOCK_STEPS, PAIR_WINDOW } from '#analysis/pairedDifference.ts';
import { blockEstimate } from '#analysis/statistics.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import { differingSettings, namedByArm } from '#domain/arms.ts';
import type { ParameterName } from '#domain/parameters.ts';
import type { BandPoint } from '#ui/charts/series.ts';

/** Two runs that saw the same batches from the same start. */
export interface RunPair {
  readonly baseline: TrainRecord;
  readonly other: TrainRecord;
}

/** Names a pair for as long as its runs are there: their numbers and names may be those of others too. */
export function pairKey({ baseline, other }: RunPair): string {
  return `${baseline.id} ${other.id}`;
}

/** The pair that was chosen; or the last that differs in normalization or WS alone, then in both, then in more. */
export function chosenPair(pairs: readonly RunPair[], key: string | undefined): RunPair | undefined {
  return (
    pairs.find((pair) => pairKey(pair) === key) ??
    pairs.findLast((pair) => isOfNetworks(pair) && differences(pair).length === 1) ??
    pairs.findLast(isOfNetworks) ??
    pairs.at(-1)
  );
}

function differences({ baseline, other }: RunPair): readonly ParameterName[] {
  return differingSettings([baseline.experiment, other.experiment]);
}

/** Whether two runs differ in their networks alone: what their difference shows is the normalization's doing. */
function isOfNetworks(pair: RunPair): boolean {
  return differences(pair).every((name) => namedByArm.has(name));
}

/** What the start follows from: all arms take it from one draw of the seed. */
function startKey({ datasetHash, experiment }: TrainRecord): string {
  const { batchSize, augmentation, seed, width, stemPadding } = experiment;
  return [datasetHash, batchSize, augmentation, seed, width, stemPadding].join(' ');
}

/**
 * Text that is equal for runs of the same start and the same batches; undefined before that is known. Weights that
 * were given are another start than those of the seed.
 */
function pairingKey(run: TrainRecord): string | undefined {
  if (!run.plan || run.forkOf) return undefined;
  return `${run.plan.orderHash} ${run.plan.initialWeightsHash} ${startKey(run)}`;
}

/**
 * Pairs that can be compared batch by batch: of each set of runs with one start and one order every run with the
 * pinned baseline; or with the set's first, and the others that differ in their networks alone.
 */
export function runPairs(runs: readonly TrainRecord[], baselineId: string | undefined): readonly RunPair[] {
  const sets = new Map<string, TrainRecord[]>();
  for (const run of runs) {
    const key = pairingKey(run);
    if (key !== undefined) sets.set(key, [...(sets.get(key) ?? []), run]);
  }
  return [...sets.values()].flatMap((set) => pairsOf(set, baselineId));
}

function pairsOf(set: readonly TrainRecord[], baselineId: string | undefined): readonly RunPair[] {
  const pinned = set.find(({ id }) => id === baselineId);
  if (pinned) return set.filter((run) => run !== pinned).map((other) => ({ baseline: pinned, other }));
  return set.flatMap((baseline, i) =>
    set
      .slice(i + 1)
      .map((other) => ({ baseline, other }))
      .filter((pair) => i === 0 || isOfNetworks(pair)),
  );
}

/**
 * Pairs of the race that the newest run belongs to; none where that run is in no race. The runs of a race take the
 * same batches, which is known before the first of them has a plan.
 */
export function racePairs(runs: readonly TrainRecord[], baselineId: string | undefined): readonly RunPair[] {
  const newest = runs.at(-1);
  if (newest?.origin?.mode !== 'race') return [];
  const key = (run: TrainRecord): string =>
    `${run.origin?.studyId} ${run.forkOf?.runId} ${run.experiment.trainLimit} ${startKey(run)}`;
  return pairsOf(
    runs.filter((run) => key(run) === key(newest)),
    baselineId,
  );
}

/** Loss of the second run minus that of the first, over the steps that both have done. */
export function batchDifferences(baseline: Float32Array, other: Float32Array): Float32Array {
  const difference = new Float32Array(Math.min(baseline.length, other.length));
  for (let step = 0; step < difference.length; step++) difference[step] = other[step]! - baseline[step]!;
  return difference;
}

/**
 * Interval of the mean difference over the last `PAIR_WINDOW` steps, at the end of every block of it.
 * @param difference one value a step. @param xOf position of a step.
 */
export function differenceBand(
  difference: Float32Array,
  xOf: (step: number) => number,
): readonly BandPoint[] {
  const points: BandPoint[] = [];
  for (let end = 2 * BLOCK_STEPS; end <= difference.length; end += BLOCK_STEPS) {
    const part = difference.subarray(Math.max(0, end - PAIR_WINDOW), end);
    const { mean, halfWidth } = blockEstimate(part, BLOCK_STEPS);
    if (Number.isFinite(mean) && Number.isFinite(halfWidth)) {
      points.push({ x: xOf(end - 1), low: mean - halfWidth, high: mean + halfWidth });
    }
  }
  return points;
}
