import { expect, test } from 'vitest';
import { metricsOf, trainRun } from '#client/runRecord.fixtures.ts';
import type { Experiment } from '#domain/experiment.ts';
import { chartView } from '#ui/panels/train/chartRuns.ts';
import type { ChartView } from '#ui/panels/train/chartRuns.ts';
import { panelsOf, splitsOf } from './lossPanels.ts';

function viewOf(...changes: readonly Partial<Experiment>[]): ChartView {
  const runs = changes.map((change, i) =>
    trainRun({
      id: `r${i}`,
      number: i + 1,
      metrics: metricsOf([2, 1]),
      experiment: { ...trainRun().experiment, ...change },
    }),
  );
  return chartView(runs, {
    group: 'compare',
    unit: 'step',
    smoothing: 1,
    smoothingUnit: 'steps',
    range: undefined,
    isXLog: false,
    hidden: [],
    isNarrow: false,
    isGrouped: true,
    baseline: undefined,
    limit: 100,
  });
}

test('splits runs by what differs among them', () => {
  expect(splitsOf(viewOf({ ws: true }, {}))).toEqual(['none']);
  expect(splitsOf(viewOf({ batchSize: 2 }, {}))).toEqual(['none', 'batch']);
  expect(splitsOf(viewOf({ batchSize: 2 }, { norm: 'gn' }))).toEqual(['none', 'batch', 'norm']);
});

test('orders panels, and leaves the oldest arms out where there are too many', () => {
  const view = viewOf(
    { norm: 'gn' },
    { norm: 'none' },
    { norm: 'gn', ws: true },
    { norm: 'gn', batchSize: 2 },
  );
  const shape = (split: 'batch' | 'norm', limit: number) =>
    panelsOf(view, split, limit).map(({ title, panel, moreCount }) => [
      title,
      panel.runs.map(({ run }) => run.number).join(),
      moreCount,
    ]);
  expect(shape('norm', 6)).toEqual([
    ['Loss of None', '2', 0],
    ['Loss of GN', '1,3,4', 0],
  ]);
  expect(shape('batch', 2)).toEqual([
    ['Loss at batch 2', '4', 0],
    ['Loss at batch 64', '2,3', 1],
  ]);
});
