import { describe, expect, it } from 'vitest';
import { finderRun, metricsOf, trainRun } from '#client/runRecord.fixtures.ts';
import { chartView } from './chartRuns.ts';

const options = { unit: 'step', smoothing: 99, hidden: [], isNarrow: false } as const;
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

  it('leaves out finders and hidden runs', () => {
    const run = trainRun({ id: 'a' });
    expect(chartView([run, finderRun({ id: 'f' })], options).runs).toHaveLength(1);
    expect(chartView([run], { ...options, hidden: ['a'] }).runs).toHaveLength(0);
  });

  it('tells repeats of an arm apart by mark and tone, and arms by dashes', () => {
    const plain = trainRun({ id: 'a' });
    const repeat = trainRun({ id: 'b' });
    const ws = trainRun({ id: 'c', experiment: { ...plain.experiment, ws: true } });
    const [first, second, third] = chartView([plain, repeat, ws], options).runs.map((entry) => entry.style);
    expect(first!.marker).not.toBe(second!.marker);
    expect(first!.colour).not.toBe(second!.colour);
    expect(third).toEqual({ ...first, dash: '6 3' });
  });
});
