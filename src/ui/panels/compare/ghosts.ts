import { notebookMeasure } from '#analysis/notebookRuns.ts';
import { isAtRateOfGhost } from '#analysis/question.ts';
import type { GhostRun } from '#analysis/question.ts';
import { questionById } from '#analysis/questions.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import { armName } from '#domain/experiment.ts';
import { ghostStyle } from '#ui/charts/palette.ts';
import type { ReadoutRow } from '#ui/charts/PlotCursor.tsx';
import type { GhostPoint } from '#ui/charts/PlotLines.tsx';
import { xOfEpoch, xOfStep } from '#ui/charts/xUnit.ts';
import type { XUnit } from '#ui/charts/xUnit.ts';
import type { ChartView } from '#ui/panels/train/chartRuns.ts';
import { formatLoss, formatRate } from '#ui/format.ts';

/** In the readout, of what is no line. */
const GHOST_DASH = '2 3';

/** The notebook's runs whose losses the questions behind the drawn runs are about, each once. */
function ghostRuns({ runs }: Pick<ChartView, 'runs'>): readonly GhostRun[] {
  const ids = new Set(runs.flatMap(({ run }) => run.origin?.question?.id ?? []));
  const ghosts = [...ids].flatMap((id) => {
    const question = questionById(id);
    return question && notebookMeasure(question) === 'loss' ? question.ghosts : [];
  });
  return [...new Map(ghosts.map((ghost) => [ghost.label, ghost])).values()];
}

/**
 * The notebook's validation losses as hollow marks at the ends of our epochs, whatever the axis counts: it ran on
 * other hardware and, for a quick question, on more images, so an epoch is what the two have in common.
 */
export function ghostPoints(view: Pick<ChartView, 'runs' | 'unit'>): readonly GhostPoint[] {
  return ghostRuns(view).flatMap((ghost) => {
    const { settings, rows } = ghost;
    // Either arm tells where its epochs end; at another rate or schedule it is another experiment.
    const twin = view.runs.find(
      ({ run: { experiment, plan } }) =>
        plan !== undefined &&
        experiment.batchSize === settings.batchSize &&
        isAtRateOfGhost(ghost, experiment),
    );
    if (!twin) return [];
    const style = ghostStyle(settings);
    const name = `notebook ${armName(settings)} · ${formatRate(settings.maxLearningRate)}`;
    return rows.flatMap(({ epoch, validLoss }) => {
      const x = endOfEpoch(twin.run, view.unit, epoch);
      if (!Number.isFinite(x) || !Number.isFinite(validLoss)) return [];
      return [{ x, y: validLoss, ...style, name, text: `epoch ${epoch}: valid ${formatLoss(validLoss)}` }];
    });
  });
}

/** Where an epoch of a run ends; NaN where only the run itself will tell, and has not yet. */
function endOfEpoch(run: TrainRecord, unit: XUnit, epoch: number): number {
  const index = run.epochs.findIndex((row) => row.epoch === epoch);
  if (index >= 0) return xOfEpoch(run, unit, index);
  const steps = (epoch + 1) * (run.plan?.stepsPerEpoch ?? Number.NaN);
  return xOfStep(run, unit, steps - 1);
}

/** The newest value of each of the notebook's runs up to a position. */
export function ghostsBefore(ghosts: readonly GhostPoint[], x: number): readonly GhostPoint[] {
  const newest = new Map<string, GhostPoint>();
  for (const ghost of ghosts) if (ghost.x <= x * (1 + 1e-9)) newest.set(ghost.name, ghost);
  return [...newest.values()];
}

/** Rows of a readout: what the notebook had up to a position. */
export function ghostRows(ghosts: readonly GhostPoint[], x: number): readonly ReadoutRow[] {
  return ghostsBefore(ghosts, x).map(({ name, text, colour }) => ({
    id: name,
    name,
    colour,
    dash: GHOST_DASH,
    text,
    at: undefined,
  }));
}
