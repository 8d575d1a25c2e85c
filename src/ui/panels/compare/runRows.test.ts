import { describe, expect, it } from 'vitest';
import { epochRow, metricsOf, trainRun } from '#client/runRecord.fixtures.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import { filterWord, matchesFilter, runRows, sortRows } from './runRows.ts';

function run(id: string, number: number, change: Partial<TrainRecord> = {}): TrainRecord {
  return trainRun({ id, number, status: 'finished', ...change });
}

const elapsed = (perStep: number): number[] => Array.from({ length: 100 }, (_, i) => (i + 1) * perStep);

describe('runRows', () => {
  it('measures a WS run against its twin without WS, on the same device only', () => {
    const { experiment } = trainRun();
    const losses = elapsed(0);
    const plain = run('a', 1, { metrics: metricsOf(losses, { elapsedMs: elapsed(10) }) });
    const ws = run('b', 2, {
      experiment: { ...experiment, ws: true },
      metrics: metricsOf(losses, { elapsedMs: elapsed(12) }),
    });
    const [first, second] = runRows([plain, ws], [plain, ws]);
    expect(first!.overhead).toBeUndefined();
    expect(second!.overhead).toBeCloseTo(1.2, 5);
    const elsewhere = { ...plain, deviceTitle: 'another' };
    expect(runRows([{ ...ws }], [elsewhere, ws])[0]!.overhead).toBeUndefined();
  });

  it('gives best and final validation, and where it diverged counted from 1', () => {
    const epochs = [
      epochRow(0, { validLoss: 0.5, accuracy: 0.8 }),
      epochRow(1, { validLoss: 0.7, accuracy: 0.7 }),
    ];
    const divergence = { step: 412, loss: Number.NaN, learningRate: 1, reason: 'not-finite' } as const;
    expect(runRows([run('a', 1, { epochs, divergence })], [])[0]).toMatchObject({
      bestLoss: 0.5,
      lastLoss: 0.7,
      bestAccuracy: 0.8,
      lastAccuracy: 0.7,
      time: 6_000,
      divergedAt: 413,
    });
  });
});

describe('differences to the baseline', () => {
  const runs = [
    run('a', 1, { epochs: [epochRow(0, { validLoss: 0.5, accuracy: 0.75 })] }),
    run('b', 2, { epochs: [epochRow(0, { validLoss: 0.75, accuracy: 0.5 })] }),
    run('c', 3),
  ];
  const deltas = (baseline?: string) =>
    runRows(runs, runs, baseline).map(({ lossDelta, accuracyDelta }) => [lossDelta, accuracyDelta]);

  it('are there while one is pinned that has a result', () => {
    expect(deltas('a')).toEqual([
      [0, 0],
      [0.25, -0.25],
      [undefined, undefined],
    ]);
    const none = [undefined, undefined];
    expect(deltas()).toEqual([none, none, none]);
    expect(deltas('c')).toEqual([none, none, none]);
  });

  it('sort the table', () => {
    const rows = sortRows(runRows(runs, runs, 'a'), { column: 'lossDelta', isDescending: true });
    expect(rows.map((row) => row.run.id)).toEqual(['b', 'a', 'c']);
  });
});

describe('sortRows', () => {
  const rows = runRows(
    [
      run('a', 1, { epochs: [epochRow(0, { validLoss: 0.9 })] }),
      run('b', 2),
      run('c', 3, { epochs: [epochRow(0, { validLoss: 0.4 })] }),
      run('d', 4, { epochs: [epochRow(0, { validLoss: 0.9 })] }),
    ],
    [],
  );
  const order = (column: 'lastLoss' | 'number', isDescending: boolean): string =>
    sortRows(rows, { column, isDescending })
      .map((row) => row.run.id)
      .join('');

  it('sorts unknown figures last in both directions, equal ones in order of start', () => {
    expect(order('lastLoss', false)).toBe('cadb');
    expect(order('lastLoss', true)).toBe('adcb');
    expect(order('number', true)).toBe('dcba');
  });
});

describe('filterWord', () => {
  it('finds what it was made from, whatever its text', () => {
    for (const text of ['keep it', 'a "quoted" one', 'BN+WS, batch 2']) {
      const tagged = run('a', 1, { notes: { name: '', tags: [text], note: '' } });
      expect(matchesFilter(tagged, filterWord('tag', text)), text).toBe(true);
      expect(matchesFilter(run('b', 2, {}), filterWord('tag', text)), text).toBe(false);
    }
  });
});

describe('matchesFilter', () => {
  const tagged = run('a', 7, {
    experiment: { ...trainRun().experiment, ws: true, batchSize: 2 },
    notes: { name: 'Wide try', tags: ['good', 'keep it'], note: '' },
    origin: { studyId: 's', studyTitle: 'Batch 2 as run', arm: 0, mode: 'race', question: undefined },
  });

  it.each([
    ['', true],
    ['bn+ws', true],
    ['WIDE batch', true],
    ['gn', false],
    ['tag:good', true],
    ['tag:goo', false],
    ['"tag:keep it"', true],
    ['tag:"keep it"', true],
    ['study:batch', true],
    ['study:"batch 2 as run"', true],
    ['study:"batch 2"', false],
    ['study:"batch 64"', false],
    ['#7', true],
  ])('%s: %s', (filter, isMatch) => {
    expect(matchesFilter(tagged, filter)).toBe(isMatch);
  });
});
