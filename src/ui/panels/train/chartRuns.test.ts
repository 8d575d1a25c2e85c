import { describe, expect, it } from 'vitest';
import { finderRun, metricsOf, trainRun } from '#client/runRecord.fixtures.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import { chartView, groupNotes, partOfView } from './chartRuns.ts';

const options = {
  group: 'train',
  unit: 'step',
  smoothing: 99,
  smoothingUnit: 'steps',
  range: undefined,
  isXLog: false,
  hidden: [],
  isNarrow: false,
  isGrouped: true,
  baseline: undefined,
  limit: 12,
} as const;
const losses = (count: number): number[] => Array.from({ length: count }, (_, i) => 2 - i / 1000);

describe('chartView', () => {
  it('shares one axis that reaches to the longest run and grows ahead of one that is going', () => {
    const done = trainRun({ id: 'a', status: 'stopped', metrics: metricsOf(losses(120)) });
    const going = trainRun({ id: 'b', metrics: metricsOf(losses(130)) });
    expect(chartView([done], options).xAxis.domain).toEqual([0, 120]);
    expect(chartView([done, going], options).xAxis.domain).toEqual([0, 200]);
  });

  it('gives the step of every run at a cursor, and nothing of a run that ended before it', () => {
    const short = trainRun({ id: 'a', status: 'stopped', metrics: metricsOf(losses(50)) });
    const long = trainRun({ id: 'b', metrics: metricsOf(losses(200)) });
    const view = chartView([short, long], options);
    expect(view.atCursor(20).map(({ run, step }) => [run.id, step])).toEqual([
      ['a', 19],
      ['b', 19],
    ]);
    expect(view.atCursor(150).map(({ run }) => run.id)).toEqual(['b']);
  });

  it('keeps a zoom that begins at zero when the axis becomes logarithmic', () => {
    const run = trainRun({ id: 'a', status: 'stopped', metrics: metricsOf(losses(120)) });
    const view = chartView([run], { ...options, range: [0, 60], isXLog: true });
    expect(view.xAxis.domain).toEqual([1, 60]);
    expect(view.xAxis.ticks).toContain(10);
  });

  it('has an axis for runs whose times are no finite numbers', () => {
    const elapsedMs = losses(120).map(() => Number.POSITIVE_INFINITY);
    const run = trainRun({ id: 'a', status: 'stopped', metrics: metricsOf(losses(120), { elapsedMs }) });
    for (const isXLog of [false, true]) {
      expect(chartView([run], { ...options, unit: 'time', isXLog }).xAxis.domain[1]).toBe(100);
    }
  });

  it('leaves out finders and hidden runs', () => {
    const run = trainRun({ id: 'a' });
    expect(chartView([run, finderRun({ id: 'f' })], options).runs).toHaveLength(1);
    expect(chartView([run], { ...options, hidden: ['a'] }).runs).toHaveLength(0);
  });

  it('draws the newest runs where there are too many to tell apart, always the baseline, and says how many more', () => {
    const runs = Array.from({ length: 20 }, (_, i) => trainRun({ id: `r${i}` }));
    const view = chartView(runs, { ...options, baseline: 'r2', hidden: ['r19'] });
    expect(view.runs.map(({ run }) => run.id)).toEqual(['r2', ...runs.slice(7, 19).map((run) => run.id)]);
    expect(view.moreCount).toBe(6);
    expect(view.baseline?.run.id).toBe('r2');
  });

  it('draws seeds of one arm as mean and range of the steps that all have', () => {
    const seeds = [1, 3].map((loss, seed) =>
      trainRun({
        id: `s${seed}`,
        status: 'finished',
        experiment: { ...trainRun().experiment, seed },
        metrics: metricsOf([loss, loss, loss]),
      }),
    );
    const begun = trainRun({
      id: 'new',
      experiment: { ...seeds[0]!.experiment, seed: 9 },
      metrics: metricsOf([9]),
    });
    const { groups } = chartView([...seeds, begun], options);
    expect(groups).toHaveLength(1);
    expect(groups[0]!.band?.mean).toEqual([1, 2, 3].map((x) => ({ x, y: 2 })));
    expect(groups[0]!.band?.band[0]).toEqual({ x: 1, low: 1, high: 3 });
    expect(chartView(seeds, { ...options, isGrouped: false }).groups.map(({ band }) => band)).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('names groups by what differs among them, with the runs that a mean rests on', () => {
    const run = (id: string, number: number, experiment: object, count: number, change: object = {}) =>
      trainRun({
        id,
        number,
        status: 'finished',
        experiment: { ...trainRun().experiment, ...experiment },
        metrics: metricsOf(losses(count)),
        ...change,
      });
    const runs = [
      run('a', 1, { seed: 1 }, 20),
      run('b', 2, { seed: 2 }, 20),
      run('c', 3, { seed: 3 }, 5, { status: 'running' }),
      run('d', 4, { seed: 1, ws: true, batchSize: 2 }, 20),
    ];
    const view = chartView(runs, options);
    expect(view.groups.map(({ name }) => name)).toEqual(['#1 BN · bs 64 × 2 of 3', '#4 BN+WS · bs 2']);
    expect(view.names.get('d')).toBe('#4 BN+WS · bs 2 · seed 1');
    expect(partOfView(view, view.groups.slice(0, 1)).groups[0]!.name).toBe('#1 BN × 2 of 3');
    expect(groupNotes(view.groups)).toEqual([
      'The mean of #1 BN · bs 64 × 2 of 3 leaves out what is not over: seed 3 (#3).',
    ]);
  });

  it('counts a seed that was run again once, says which run, and has no mean of one seed alone', () => {
    const run = (number: number, seed: number, change: Partial<TrainRecord> = {}) =>
      trainRun({
        id: `r${number}`,
        number,
        status: 'finished',
        experiment: { ...trainRun().experiment, seed },
        metrics: metricsOf(losses(20)),
        ...change,
      });
    const { groups } = chartView([run(1, 0), run(2, 1), run(3, 0)], options);
    expect(groups.map(({ name }) => name)).toEqual(['#1 BN × 2 of 3']);
    expect(groups[0]!.band!.members.map(({ id }) => id)).toEqual(['r3', 'r2']);
    expect(groupNotes(groups)).toEqual([
      'The mean of #1 BN × 2 of 3 counts each seed once: seed 0 (#3), not #1.',
    ]);
    const twins = chartView([run(1, 0), run(2, 0)], options).groups;
    expect(twins.map(({ name, band }) => [name, band])).toEqual([
      ['#1 BN', undefined],
      ['#2 BN', undefined],
    ]);
  });

  it('takes no run from given weights for a repeat of one from its seed', () => {
    const run = (number: number, change: Partial<TrainRecord> = {}) =>
      trainRun({
        id: `r${number}`,
        number,
        experiment: { ...trainRun().experiment, seed: number },
        ...change,
      });
    const given = { givenWeights: 'mine.safetensors' };
    const { groups } = chartView([run(1), run(2), run(3, given), run(4, given)], options);
    expect(groups.map(({ name, runs }) => [name, runs.length])).toEqual([
      ['#1 BN × 2', 2],
      ['#3 BN · from mine.safetensors × 2', 2],
    ]);
  });

  it('says where a mean ends before its runs, and why', () => {
    const seeds = [1, 2, 3].map((seed) =>
      trainRun({
        id: `s${seed}`,
        number: seed,
        status: seed === 3 ? 'diverged' : 'finished',
        experiment: { ...trainRun().experiment, seed },
        metrics: metricsOf(seed === 3 ? [2, 2, Number.NaN] : losses(9)),
        divergence:
          seed === 3 ? { step: 2, loss: Number.NaN, learningRate: 1, reason: 'not-finite' } : undefined,
      }),
    );
    const { groups } = chartView(seeds, options);
    expect(groupNotes(groups)).toEqual(['The mean of #1 BN × 3 ends at step 2: seed 3 (#3) diverged there.']);
    // It ends there: nothing after it is missing.
    expect(groups[0]!.band!.mean.map(({ x }) => x)).toEqual([1, 2]);
    expect(groupNotes(chartView(seeds.slice(0, 2), options).groups)).toEqual([]);
  });

  it('shows a part of the axis, and knows all of it', () => {
    const run = trainRun({ status: 'stopped', metrics: metricsOf(losses(120)) });
    const view = chartView([run], { ...options, range: [20, 40] });
    expect(view.xAxis.domain).toEqual([20, 40]);
    expect(view.xExtent).toEqual([0, 120]);
    expect(chartView([run], { ...options, isXLog: true }).xAxis.domain).toEqual([1, 120]);
  });

  it('tells repeats of an arm apart by tone, and arms by dashes', () => {
    const plain = trainRun({ id: 'a' });
    const repeat = trainRun({ id: 'b' });
    const ws = trainRun({ id: 'c', experiment: { ...plain.experiment, ws: true } });
    const [first, second, third] = chartView([plain, repeat, ws], options).runs.map((entry) => entry.style);
    expect(first!.marker).toBe(second!.marker);
    expect(first!.colour).not.toBe(second!.colour);
    expect(third).toEqual({ ...first, dash: '6 3' });
  });
});
