import type { LayerHistory, LayerMeasure } from '#domain/layerHistory.ts';

/** A measure that far from its recent past has left its range. */
const LIMIT = 6;
/** Entries that the range is taken from, and how few are enough. */
const PAST = 100;
const SHORTEST_PAST = 20;
/** Smallest spread of the logarithm: a hundredth of the value, so that a constant measure has a range too. */
const SMALLEST_SPREAD = 0.01;
/** Stands for zero, whose logarithm is infinite. */
const SMALLEST_VALUE = 1e-30;

const measures: readonly LayerMeasure[] = [
  'gradientNorm',
  'relativeUpdate',
  'largestActivation',
  'smallestDeviation',
];

/** Where a network began to go wrong. */
export interface LayerExit {
  /** Index into the history's samples. */
  readonly sample: number;
  /** 0-based step of that sample. */
  readonly step: number;
  /** Index into the history's layers, and the name there. */
  readonly layerIndex: number;
  readonly layer: string;
  readonly measure: LayerMeasure;
  /** Distance from the mean of the past, in its standard deviations; infinite for a value that is not finite. */
  readonly score: number;
  readonly value: number;
}

/**
 * The first layer that left its range: of all samples the earliest at which the logarithm of some measure lies
 * more than six standard deviations from its mean over the preceding 100 samples; of several at that sample
 * the farthest, and of equally far ones the first in the forward pass.
 *
 * @returns undefined when none did, or the history is too short to tell (fewer than 20 samples before).
 */
export function firstLayerOut(history: LayerHistory): LayerExit | undefined {
  const width = history.layers.length;
  for (let sample = SHORTEST_PAST; sample < history.steps.length; sample++) {
    let farthest: LayerExit | undefined;
    for (let layerIndex = 0; layerIndex < width; layerIndex++) {
      for (const measure of measures) {
        const score = scoreOf(history[measure], sample, layerIndex, width);
        if (!(Math.abs(score) > LIMIT)) continue;
        if (farthest && Math.abs(score) <= Math.abs(farthest.score)) continue;
        farthest = {
          sample,
          step: history.steps[sample]!,
          layerIndex,
          layer: history.layers[layerIndex]!,
          measure,
          score,
          value: history[measure][sample * width + layerIndex]!,
        };
      }
    }
    if (farthest) return farthest;
  }
  return undefined;
}

/** Standard deviations from the mean of the past; NaN where there is nothing to compare. */
function scoreOf(values: Float32Array, sample: number, layer: number, width: number): number {
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (let past = Math.max(0, sample - PAST); past < sample; past++) {
    const value = values[past * width + layer]!;
    if (!Number.isFinite(value)) continue;
    const log = Math.log(Math.max(value, SMALLEST_VALUE));
    count += 1;
    sum += log;
    squares += log * log;
  }
  // A measure that the network does not have is NaN throughout.
  if (count < SHORTEST_PAST) return Number.NaN;
  const value = values[sample * width + layer]!;
  if (!Number.isFinite(value)) return Number.POSITIVE_INFINITY;
  const mean = sum / count;
  const spread = Math.sqrt(Math.max(0, (squares - sum * mean) / (count - 1)));
  return (Math.log(Math.max(value, SMALLEST_VALUE)) - mean) / Math.max(spread, SMALLEST_SPREAD);
}
