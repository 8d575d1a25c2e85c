import { expect, test } from 'vitest';
import type { Experiment } from '#domain/experiment.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { costTables } from './costTable.ts';
import type { CostedRun } from './costTable.ts';

function run(changes: Partial<Experiment>, milliseconds: number, steps = 10, deviceTitle = 'GPU'): CostedRun {
  const experiment = { ...defaultExperiment(), ...changes };
  return {
    experiment,
    deviceTitle,
    time: steps > 0 ? { milliseconds: steps * milliseconds, steps } : undefined,
  };
}

test('gives BN and GN over None and WS over plain, at each batch size', () => {
  const [table, ...others] = costTables([
    run({ norm: 'none', batchSize: 64 }, 10),
    run({ norm: 'bn', batchSize: 64 }, 12),
    // Of several runs of an arm, all steps count alike.
    run({ norm: 'bn', batchSize: 64, seed: 1 }, 18, 5),
    run({ norm: 'bn', ws: true, batchSize: 64 }, 21),
    run({ norm: 'gn', ws: true, batchSize: 2 }, 9),
    run({ norm: 'none', batchSize: 2 }, 4),
    run({ norm: 'gn', batchSize: 2 }, 5, 0),
  ]);
  expect(others).toEqual([]);
  expect(table!.arms).toEqual(['None', 'BN', 'BN+WS', 'GN+WS']);
  expect(table!.rows.map(({ batchSize }) => batchSize)).toEqual([2, 64]);
  const [small, large] = table!.rows.map(({ cells }) => cells);
  // Its own twin without WS was not timed.
  expect(small).toEqual([
    { milliseconds: 4, runs: 1, over: undefined },
    undefined,
    undefined,
    { milliseconds: 9, runs: 1, over: undefined },
  ]);
  expect(large!.map((cell) => cell?.over)).toEqual([
    undefined,
    { name: 'None', ratio: 1.4 },
    { name: 'BN', ratio: 1.5 },
    undefined,
  ]);
  expect(large![1]).toMatchObject({ milliseconds: 14, runs: 2 });
});

test('keeps devices and networks apart, and needs two arms of one batch size', () => {
  expect(
    costTables([
      run({ norm: 'none' }, 10),
      run({ norm: 'bn' }, 11, 10, 'another'),
      run({ norm: 'gn', width: 32 }, 12),
      run({ norm: 'gn', optimizer: 'sgd' }, 12),
      run({ norm: 'gn', batchSize: 2 }, 12),
    ]),
  ).toEqual([]);
  const tables = costTables([
    run({ norm: 'none' }, 10),
    run({ norm: 'bn' }, 11),
    run({ norm: 'none', width: 32 }, 20),
    run({ norm: 'gn', width: 32 }, 30),
  ]);
  expect(tables.map(({ experiment, arms }) => [experiment.width, arms.join()])).toEqual([
    [32, 'None,GN'],
    [16, 'None,BN'],
  ]);
});

test('tells scaled WS from WS, and runs that clip their gradients from those that do not', () => {
  const tables = costTables([
    run({ norm: 'bn' }, 10),
    run({ norm: 'bn', ws: true }, 12),
    run({ norm: 'bn', ws: true, wsGain: 'scaled' }, 13),
    run({ norm: 'bn', gradientClip: 1 }, 20),
  ]);
  expect(tables).toHaveLength(1);
  expect(tables[0]!.arms).toEqual(['BN', 'BN+WS', 'BN+Scaled WS']);
  expect(tables[0]!.rows[0]!.cells.map((cell) => cell?.over?.ratio)).toEqual([undefined, 1.2, 1.3]);
});
