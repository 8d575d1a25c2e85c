import type { FinderRecord, RunRecord } from '#client/runRecord.ts';
import { runStyles } from '#ui/charts/palette.ts';
import type { RunStyle } from '#ui/charts/palette.ts';
import { linePoints } from '#ui/charts/series.ts';
import type { Point } from '#ui/charts/series.ts';
import { isFinderRun } from '#ui/state/client.ts';
import { finderLearningRate } from '#optim/schedules.ts';

/** fastai stops when the smoothed loss passes this many times its lowest value. */
const STOP_FACTOR = 4;

/** One finder as the chart draws it. */
export interface FinderCurve {
  readonly run: FinderRecord;
  readonly style: RunStyle;
  readonly raw: readonly Point[];
  readonly smoothed: readonly Point[];
  /** Lowest smoothed loss so far; undefined before the first step. */
  readonly best: number | undefined;
  readonly stopAbove: number | undefined;
}

export function finderCurves(runs: readonly RunRecord[], hidden: readonly string[]): readonly FinderCurve[] {
  const styles = runStyles(runs);
  return runs
    .filter(isFinderRun)
    .filter((run) => !hidden.includes(run.id))
    .map((run) => {
      const { metrics } = run;
      const rates = metrics.series('learningRates');
      const xOf = (step: number): number => rates[step] ?? finderLearningRate(step, run.settings);
      const smoothed = metrics.series('smoothed');
      const lowest = smoothed.reduce(
        (least, value) => (value < least ? value : least),
        Number.POSITIVE_INFINITY,
      );
      const best = Number.isFinite(lowest) ? lowest : undefined;
      return {
        run,
        style: styles.get(run.id)!,
        raw: linePoints(metrics.series('losses'), xOf),
        smoothed: linePoints(smoothed, xOf),
        best,
        stopAbove: best === undefined ? undefined : STOP_FACTOR * best,
      };
    });
}

/** Nearest recorded step to a learning rate; undefined beyond the ends of the curve. */
export function stepAtRate(run: FinderRecord, rate: number): number | undefined {
  const { start, end, steps } = run.settings;
  const step = Math.round((Math.log(rate / start) / Math.log(end / start)) * steps);
  return step >= 0 && step < run.metrics.count ? step : undefined;
}
