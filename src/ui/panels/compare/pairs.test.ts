import { describe, expect, it } from 'vitest';
import { trainRun } from '#client/runRecord.fixtures.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import type { Experiment } from '#domain/experiment.ts';
import { batchDifferences, differenceBand, runPairs } from './pairs.ts';

function run(
  id: string,
  experiment: Partial<Experiment> = {},
  change: Partial<TrainRecord> = {},
): TrainRecord {
  return trainRun({ id, experiment: { ...trainRun().experiment, ...experiment }, ...change });
}

describe('runPairs', () => {
  const pairs = (runs: readonly TrainRecord[], baseline?: string): string[] =>
    runPairs(runs, baseline).map(({ baseline: a, other: b }) => `${b.id}-${a.id}`);

  it('pairs runs of one start and one order with the first of them, or with the pinned one', () => {
    const runs = [run('a'), run('b', { ws: true }), run('c', { norm: 'gn' }), run('d', { seed: 5 })];
    expect(pairs(runs)).toEqual(['b-a', 'c-a']);
    expect(pairs(runs, 'b')).toEqual(['a-b', 'c-b']);
  });

  it('leaves out other batches, forks, and runs that have not begun', () => {
    const fork = run('f', {}, { forkOf: { runId: 'a', step: 9 } });
    expect(pairs([run('a'), fork, run('n', {}, { plan: undefined }), run('w', { batchSize: 2 })])).toEqual(
      [],
    );
  });
});

describe('batchDifferences', () => {
  it('compares the steps that both have done', () => {
    expect(Array.from(batchDifferences(Float32Array.of(1, 2, 3), Float32Array.of(1.5, 1)))).toEqual([
      0.5, -1,
    ]);
  });
});

describe('differenceBand', () => {
  it('is as wide as the blocks of the last 500 steps say', () => {
    // Blocks of 50 alternate between 0 and 2: mean 1, deviation of ten such blocks √(10/9).
    const difference = Float32Array.from({ length: 1000 }, (_, step) => (Math.floor(step / 50) % 2) * 2);
    const points = differenceBand(difference, (step) => step + 1);
    expect(points[0]!.x).toBe(100);
    const { low, high } = points.at(-1)!;
    expect((low + high) / 2).toBeCloseTo(1, 6);
    expect((high - low) / 2).toBeCloseTo((1.96 * Math.sqrt(10 / 9)) / Math.sqrt(10), 3);
  });

  it('has no width where two runs are identical, and no point before two blocks', () => {
    expect(differenceBand(new Float32Array(120), (step) => step)).toEqual([{ x: 99, low: 0, high: 0 }]);
    expect(differenceBand(new Float32Array(99), (step) => step)).toEqual([]);
  });
});
