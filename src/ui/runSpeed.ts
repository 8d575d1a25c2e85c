import type { RunRecord } from '#client/runRecord.ts';
import type { Experiment } from '#domain/experiment.ts';
import { resnet18, trainingFlops } from '#domain/resnet.ts';
import { StepTimer } from '#domain/stepTime.ts';
import type { StepTime } from '#domain/stepTime.ts';

/** The classifier is less than a thousandth of the network, whatever the number of classes. */
const CLASSES = 10;

/** Floating-point operations of training on one image. */
export function flopsPerImage({ width, stemPadding }: Pick<Experiment, 'width' | 'stemPadding'>): number {
  return trainingFlops(resnet18({ width, stemPadding, classes: CLASSES }));
}

interface Timing {
  readonly timer: StepTimer;
  count: number;
  readonly revision: number;
  readonly stepsPerEpoch: number | undefined;
}

/** Asked for at every redraw of the table; grows with the steps. */
const timings = new WeakMap<RunRecord['metrics'], Timing>();

/** What the training steps of a run took: from its steps, or as it was kept while they are not loaded. */
export function stepTimeOf({ metrics, plan, stepTime }: RunRecord): StepTime | undefined {
  const { count, revision } = metrics;
  if (count === 0) return stepTime;
  const stepsPerEpoch = plan?.stepsPerEpoch;
  let timing = timings.get(metrics);
  const isCurrent =
    timing?.revision === revision && timing.stepsPerEpoch === stepsPerEpoch && timing.count <= count;
  if (!timing || !isCurrent) {
    timing = { timer: new StepTimer(), count: 0, revision, stepsPerEpoch };
    timings.set(metrics, timing);
  }
  if (timing.count < count) {
    timing.timer.add(timing.count, metrics.series('elapsedMs').subarray(timing.count), stepsPerEpoch);
    timing.count = count;
  }
  return timing.timer.time;
}

/**
 * Images per second over all training steps of a run, without validation and pauses; undefined where too few
 * steps were recorded.
 */
export function meanImagesPerSecond(run: RunRecord): number | undefined {
  const time = stepTimeOf(run);
  return time && (1000 * run.experiment.batchSize * time.steps) / time.milliseconds;
}
