import { describe, expect, it } from 'vitest';
import { trainRun } from '#client/runRecord.fixtures.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import type { Experiment } from '#domain/experiment.ts';
import { batchDifferences, chosenPair, differenceBand, pairKey, racePairs, runPairs } from './pairs.ts';

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
    expect(pairs(runs)).toEqual(['b-a', 'c-a', 'c-b']);
    expect(pairs(runs, 'b')).toEqual(['a-b', 'c-b']);
  });

  it('pairs runs that differ in their networks alone, whatever the first run differs in', () => {
    // As in P4: two rates for BN and BN+WS.
    const runs = [1e-2, 5e-2].flatMap((maxLearningRate) =>
      [false, true].map((ws) => run(`${maxLearningRate}${ws ? ' ws' : ''}`, { ws, maxLearningRate })),
    );
    const all = runPairs(runs, undefined);
    expect(all.map(({ baseline, other }) => `${other.id} − ${baseline.id}`)).toEqual([
      '0.01 ws − 0.01',
      '0.05 − 0.01',
      '0.05 ws − 0.01',
      '0.05 ws − 0.05',
    ]);
    expect(chosenPair(all, undefined)).toBe(all[3]);
    // What differs in one of normalization and WS says more than what differs in both.
    const norms = [run('a'), run('b', { ws: true }), run('c', { norm: 'gn' })];
    expect(chosenPair(runPairs(norms, undefined), undefined)?.other.id).toBe('c');
    expect(chosenPair(runPairs(norms, undefined), undefined)?.baseline.id).toBe('a');
    // Scaled WS is another network, not another setting of one.
    const bare = [
      run('a', { maxLearningRate: 1 }),
      run('b', { norm: 'none', ws: true }),
      run('c', { norm: 'none', ws: true, wsGain: 'scaled' }),
    ];
    expect(chosenPair(runPairs(bare, undefined), undefined)).toMatchObject({
      baseline: { id: 'b' },
      other: { id: 'c' },
    });
    const rates = [run('a'), run('b', { maxLearningRate: 1 })];
    expect(chosenPair(runPairs(rates, undefined), undefined)?.other.id).toBe('b');
  });

  it('leaves out other batches, forks, and runs that have not begun', () => {
    const fork = run('f', {}, { forkOf: { runId: 'a', step: 9 } });
    expect(pairs([run('a'), fork, run('n', {}, { plan: undefined }), run('w', { batchSize: 2 })])).toEqual(
      [],
    );
  });

  it('does not pair a run from given weights with one from the seed, but with one from the same', () => {
    const from = (id: string, initialWeightsHash: string, change: Partial<TrainRecord> = {}): TrainRecord =>
      run(id, {}, { plan: { ...trainRun().plan!, initialWeightsHash }, ...change });
    const given = { givenWeights: 'mine.safetensors' };
    const runs = [from('a', '0123'), from('b', '4567', given), from('c', '0123'), from('d', '4567', given)];
    expect(pairs(runs)).toEqual(['c-a', 'd-b']);
  });
});

describe('chosenPair', () => {
  it('finds each of two pairs whose runs have the same numbers and arms, as after an import', () => {
    const set = (seed: number): TrainRecord[] =>
      [false, true].map((ws, i) => run(`${seed} ${ws}`, { ws, seed }, { number: i + 1 }));
    const pairs = runPairs([...set(0), ...set(1)], undefined);
    expect(pairs).toHaveLength(2);
    for (const pair of pairs) expect(chosenPair(pairs, pairKey(pair))).toBe(pair);
    expect(chosenPair(pairs, undefined)).toBe(pairs[1]);
    expect(chosenPair(pairs, 'gone')).toBe(pairs[1]);
    expect(chosenPair([], undefined)).toBeUndefined();
  });
});

describe('racePairs', () => {
  const origin = (studyId: string, mode: 'race' | 'queue' = 'race'): TrainRecord['origin'] => ({
    studyId,
    studyTitle: '',
    arm: 0,
    mode,
    question: undefined,
  });
  const ids = (runs: readonly TrainRecord[], baseline?: string): string[] =>
    racePairs(runs, baseline).map(({ baseline: a, other: b }) => `${b.id}-${a.id}`);

  it('pairs the runs of the newest race, also before they have a plan', () => {
    const old = [run('a', {}, { origin: origin('s') }), run('b', { ws: true }, { origin: origin('s') })];
    const now = ['c', 'd', 'e'].map((id, i) =>
      run(id, { seed: 1, ws: i > 0 }, { origin: origin('s'), plan: undefined }),
    );
    expect(ids([...old, ...now])).toEqual(['d-c', 'e-c', 'e-d']);
    expect(ids([...old, ...now], 'd')).toEqual(['c-d', 'e-d']);
    expect(ids(old)).toEqual(['b-a']);
  });

  it('pairs nothing after a run alone, of other batches, or of a queue', () => {
    const race = [run('a', {}, { origin: origin('s') }), run('b', { ws: true }, { origin: origin('s') })];
    expect(ids([...race, run('c')])).toEqual([]);
    expect(ids([race[0]!, run('c', { batchSize: 2 }, { origin: origin('s') })])).toEqual([]);
    expect(ids([0, 1].map((i) => run(`q${i}`, {}, { origin: origin('q', 'queue') })))).toEqual([]);
    expect(ids([])).toEqual([]);
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
