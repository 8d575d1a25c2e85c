import { describe, expect, it } from 'vitest';
import { trainRun } from '#client/runRecord.fixtures.ts';
import type { TrainRecord } from '#client/runRecord.ts';
import type { Experiment } from '#domain/experiment.ts';
import { runNames, shortName } from './runNames.ts';

function run(
  number: number,
  experiment: Partial<Experiment>,
  change: Partial<TrainRecord> = {},
): TrainRecord {
  return trainRun({
    id: `r${number}`,
    number,
    experiment: { ...trainRun().experiment, ...experiment },
    ...change,
  });
}

const names = (runs: readonly TrainRecord[], isOfArms?: boolean): string[] => [
  ...runNames(runs, isOfArms).values(),
];

describe('runNames', () => {
  it('says number and arm alone where nothing else differs', () => {
    expect(names([run(1, {}), run(2, { ws: true })])).toEqual(['#1 BN', '#2 BN+WS']);
    expect(names([])).toEqual([]);
  });

  it('adds what differs, and only that', () => {
    expect(
      names([
        run(1, { batchSize: 2, maxLearningRate: 5e-5, seed: 3, norm: 'gn', ws: true }),
        run(2, { batchSize: 64, maxLearningRate: 1e-2, seed: 3 }),
      ]),
    ).toEqual(['#1 GN+WS · bs 2 · 5e-5', '#2 BN · bs 64 · 0.01']);
    expect(
      names([run(1, { schedule: 'constant', seed: 1 }), run(2, { optimizer: 'sgd', epochs: 1, seed: 2 })]),
    ).toEqual(['#1 BN · AdamW · Constant · 3 epochs · seed 1', '#2 BN · SGD · One-cycle · 1 epoch · seed 2']);
    expect(
      names([run(1, { trainLimit: 0 }), run(2, { trainLimit: 640, augmentation: 'crop-flip' })]),
    ).toEqual(['#1 BN · not augmented · all images', '#2 BN · crop + flip · 640 images']);
    expect(names([run(1, {}), run(2, { gradientClip: 0.5 })])).toEqual([
      '#1 BN · not clipped',
      '#2 BN · clip 0.5',
    ]);
    expect(
      names([run(1, { norm: 'none', ws: true }), run(2, { norm: 'none', ws: true, wsGain: 'scaled' })]),
    ).toEqual(['#1 None+WS', '#2 None+Scaled WS']);
  });

  it('leaves the seed out of the names of arms', () => {
    expect(names([run(1, { seed: 1 }), run(2, { ws: true, seed: 2 })], true)).toEqual(['#1 BN', '#2 BN+WS']);
  });

  it('tells other data, forks and runs of one number apart', () => {
    const other = run(1, {}, { id: 'x', datasetHash: 'ff', datasetTitle: 'CIFAR-10' });
    expect(names([run(1, {}), other])).toEqual(['#1 BN · Built-in', '#1 BN · CIFAR-10']);
    expect(names([run(1, {}), run(2, {}, { forkOf: { runId: 'r1', step: 1200 } })])).toEqual([
      '#1 BN',
      '#2 BN · from step 1,200',
    ]);
    expect(names([run(1, {}), run(1, {}, { id: 'x' })])).toEqual(['#1 BN', '#1 BN (2)']);
  });

  it('keeps a name that was given as it is', () => {
    const named = run(2, { seed: 9 }, { notes: { name: 'wide', tags: [], note: '' } });
    expect(names([run(1, {}), named])).toEqual(['#1 BN · seed 0', '#2 wide']);
  });
});

describe('shortName', () => {
  it('cuts what has no room', () => {
    expect(shortName('#1 BN · seed 0', 9)).toBe('#1 BN ·…');
    expect(shortName('#1 BN', 9)).toBe('#1 BN');
  });
});
