import type { RunRecord } from '#client/runRecord.ts';
import type { Experiment } from '#domain/experiment.ts';
import { resnet18, trainingFlops } from '#domain/resnet.ts';

/** The classifier is less than a thousandth of the network, whatever the number of classes. */
const CLASSES = 10;

/** Floating-point operations of training on one image. */
export function flopsPerImage({ width, stemPadding }: Pick<Experiment, 'width' | 'stemPadding'>): number {
  return trainingFlops(resnet18({ width, stemPadding, classes: CLASSES }));
}

/**
 * Images per second over all training steps of a run, without validation and pauses; undefined where too few
 * steps were recorded.
 */
export function meanImagesPerSecond(run: RunRecord): number | undefined {
  const times = run.metrics.series('elapsedMs');
  const stepsPerEpoch = run.plan?.stepsPerEpoch ?? times.length;
  let steps = 0;
  let milliseconds = 0;
  for (let start = 0; start < times.length; start += stepsPerEpoch) {
    const last = Math.min(start + stepsPerEpoch, times.length) - 1;
    // Steps of one submission arrive at once: what the first ones took lies before the first arrival.
    let first = start;
    while (first < last && times[first + 1] === times[start]) first += 1;
    steps += last - first;
    milliseconds += times[last]! - times[first]!;
  }
  return milliseconds > 0 ? (1000 * run.experiment.batchSize * steps) / milliseconds : undefined;
}
