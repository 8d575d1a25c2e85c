import { describe, expect, it } from 'vitest';
import { metricsOf, trainRun } from '#client/runRecord.fixtures.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import { questionById } from '#analysis/questions.ts';
import { chartView } from '#ui/panels/train/chartRuns.ts';
import type { ChartView } from '#ui/panels/train/chartRuns.ts';
import { ghostPoints, ghostRuns } from './ghosts.ts';

/** The first arm of one study of a question, as a run. */
function runOf(id: 'P1' | 'P3' | 'P5', study: number): TrainRecord {
  const { arms, title } = questionById(id)!.sizes.quick.studies[study]!;
  return trainRun({
    id: `${id} ${study}`,
    status: 'stopped',
    experiment: arms[0]!,
    origin: {
      studyId: 's',
      studyTitle: title,
      arm: 0,
      mode: 'race',
      question: { id, size: 'quick' },
    },
    metrics: metricsOf([2, 1]),
  });
}

function viewOf(...runs: readonly TrainRecord[]): ChartView {
  return chartView(runs, {
    group: 'compare',
    unit: 'epoch',
    smoothing: 99,
    smoothingUnit: 'steps',
    range: undefined,
    isXLog: false,
    hidden: [],
    isNarrow: false,
    isGrouped: true,
    baseline: undefined,
    limit: 12,
  });
}

describe('ghostRuns', () => {
  it('has every run of the notebook behind the questions, each once', () => {
    // Batch 64; batch 2 at two rates, which P3 and P5 share in part; batch 256.
    const ghosts = ghostRuns(viewOf(runOf('P1', 0), runOf('P3', 0), runOf('P5', 0)));
    expect(ghosts).toHaveLength(8);
    expect(new Set(ghosts.map(({ settings }) => settings.batchSize))).toEqual(new Set([2, 64, 256]));
  });
});

describe('ghostPoints', () => {
  it('shows the notebook at the rate of the runs, at the ends of their epochs', () => {
    const slow = ghostPoints(viewOf(runOf('P3', 0)));
    expect(slow.map(({ x, y }) => [x, y])).toEqual([
      [1, 1.246792],
      [2, 0.802182],
      [3, 0.695172],
      [1, 1.201807],
      [2, 0.793317],
      [3, 0.670581],
    ]);
    expect(slow[0]!.label).toBe('Notebook, BN, LR 5e-5, epoch 0: valid 1.247');
    expect(ghostPoints(viewOf(runOf('P3', 0), runOf('P3', 1)))).toHaveLength(10);
  });

  it('shows nothing beside runs that only take times', () => {
    expect(ghostPoints(viewOf(runOf('P5', 0)))).toEqual([]);
  });
});
