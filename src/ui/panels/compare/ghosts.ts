import type { GhostRow, GhostRun } from '#analysis/question.ts';
import { questionById } from '#analysis/questions.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import { armName } from '#domain/experiment.ts';
import { armStyle } from '#ui/charts/palette.ts';
import type { GhostPoint } from '#ui/charts/PlotLines.tsx';
import { xOfStep } from '#ui/charts/xUnit.ts';
import type { ChartView } from '#ui/panels/train/chartRuns.ts';
import { formatLoss, formatRate } from '#ui/format.ts';

/** What is to be known of the notebook's numbers wherever they are shown. */
export const GHOST_NOTE = 'one run, no seed, other hardware, torch 1.0.';

/** 'notebook BN+WS, batch 64, LR 5e-4: valid 0.505': the last line of a notebook's table. */
export function ghostText(ghost: GhostRun): string {
  const last = ghost.rows.at(-1);
  return last ? `${ghost.label}: valid ${formatLoss(last.validLoss)}` : ghost.label;
}

/** The notebook's runs that the questions behind the drawn runs are about, each once. */
export function ghostRuns(view: ChartView): readonly GhostRun[] {
  const ids = new Set(view.runs.flatMap(({ run }) => run.origin?.question?.id ?? []));
  const ghosts = [...ids].flatMap((id) => questionById(id)?.ghosts ?? []);
  return [...new Map(ghosts.map((ghost) => [ghost.label, ghost])).values()];
}

/** The notebook's run of the same arm, where the question behind a run has one: of several that with its rate. */
export function notebookRun({ experiment, origin }: TrainRecord): GhostRun | undefined {
  const ghosts = (origin?.question && questionById(origin.question.id)?.ghosts) ?? [];
  const twins = ghosts.filter(
    ({ settings: { norm, ws, batchSize } }) =>
      norm === experiment.norm && ws === experiment.ws && batchSize === experiment.batchSize,
  );
  return twins.find(({ settings }) => settings.maxLearningRate === experiment.maxLearningRate) ?? twins[0];
}

/**
 * The notebook's validation losses as hollow marks at the ends of our epochs: it ran on other hardware and, for a
 * quick question, on more images, so an epoch is what the two have in common.
 */
export function ghostPoints(view: ChartView): readonly GhostPoint[] {
  return ghostRuns(view).flatMap((ghost) => {
    // At another rate it is another experiment.
    const twin = view.runs.find(
      ({ run: { experiment, plan } }) =>
        plan !== undefined &&
        experiment.batchSize === ghost.settings.batchSize &&
        experiment.maxLearningRate === ghost.settings.maxLearningRate,
    );
    if (!twin) return [];
    const style = armStyle(ghost.settings);
    return ghost.rows.flatMap((row, index) => {
      const x = ghostX(view, twin.run, ghost.rows, index);
      if (!Number.isFinite(x) || !Number.isFinite(row.validLoss)) return [];
      return [
        {
          x,
          y: row.validLoss,
          colour: style.colour,
          marker: style.marker,
          label: `Notebook, ${armName(ghost.settings)}, LR ${formatRate(ghost.settings.maxLearningRate)}, epoch ${row.epoch}: valid ${formatLoss(row.validLoss)}`,
        },
      ];
    });
  });
}

function ghostX(
  view: ChartView,
  twin: ChartView['runs'][number]['run'],
  rows: readonly GhostRow[],
  index: number,
): number {
  if (view.unit === 'time' || view.unit === 'wall') {
    return rows.slice(0, index + 1).reduce((sum, row) => sum + row.milliseconds, 0) / 1000;
  }
  const steps = (rows[index]!.epoch + 1) * (twin.plan?.stepsPerEpoch ?? Number.NaN);
  return xOfStep(twin, view.unit, steps - 1);
}
