import { describe, expect, it } from 'vitest';
import {
  areEqualArms,
  armNames,
  forkText,
  gridArms,
  networks,
  raceProblem,
  raceWarning,
  studyArmNames,
} from './arms.ts';
import { armName } from './experiment.ts';
import { defaultExperiment } from './parameters.ts';

const bn = defaultExperiment();
const gnWs = { ...bn, norm: 'gn', ws: true } as const;

describe('arms', () => {
  it('are every combination of a grid, with the other settings of the base', () => {
    const arms = gridArms(
      { ...bn, width: 8 },
      { networks: [bn, gnWs], batchSizes: [2, 64], rates: [1e-3, 1e-2], schedules: ['constant'] },
    );
    expect(arms).toHaveLength(8);
    expect(arms[1]).toMatchObject({ norm: 'gn', ws: true, batchSize: 2, schedule: 'constant', width: 8 });
    const all = gridArms(
      { ...bn, ws: true, wsGain: 'scaled' },
      {
        networks,
        batchSizes: [64],
        rates: [1e-3],
        schedules: ['constant'],
      },
    );
    expect(all.map(armName)).toEqual(['None', 'BN', 'GN', 'None+WS', 'BN+WS', 'GN+WS', 'None+Scaled WS']);
    expect(all[4]).not.toHaveProperty('wsGain');
  });

  it('are named by what differs', () => {
    expect(armNames([bn, gnWs])).toEqual(['BN', 'GN+WS']);
    expect(armNames([gnWs, { ...gnWs, norm: 'none', wsGain: 'scaled' }])).toEqual([
      'GN+WS',
      'None+Scaled WS',
    ]);
    expect(armNames([bn, { ...bn, batchSize: 2, schedule: 'constant' }])).toEqual([
      'BN · batch 64 · One-cycle',
      'BN · batch 2 · Constant',
    ]);
    expect(armNames([bn, { ...bn, width: 8 }])[1]).toBe('BN · width 8');
    expect(armNames([bn, { ...bn, gradientClip: 1 }])).toEqual(['BN · not clipped', 'BN · clip 1']);
  });

  it('say what a fork continues', () => {
    const lower = { ...bn, maxLearningRate: 1e-4 };
    const forks = [{ arm: 1, of: { runId: 'a', step: 1200, number: 3 } }];
    expect(studyArmNames({ arms: [bn, lower], forks })).toEqual([
      'BN · LR 5e-4',
      'BN · LR 1e-4, fork of run 3 at step 1,200',
    ]);
    expect(studyArmNames({ arms: [bn, gnWs] })).toEqual(['BN', 'GN+WS']);
    expect(forkText({ runId: 'a', step: 5 })).toBe('fork at step 5');
  });

  it('are equal whatever their seeds', () => {
    expect(areEqualArms(bn, { ...bn, seed: 9 })).toBe(true);
    expect(areEqualArms(bn, { ...bn, ws: true })).toBe(false);
  });

  it('race only where they see the same batches, two to six of them', () => {
    expect(raceProblem([bn, gnWs])).toBeUndefined();
    expect(raceProblem([bn, { ...bn, maxLearningRate: 1e-2 }])).toBeUndefined();
    expect(raceProblem([bn])).toContain('2 to 6');
    expect(raceProblem([bn, { ...bn, batchSize: 2, epochs: 1 }])).toContain('batch size, epochs');
  });

  it('warn of what differs besides the network', () => {
    expect(raceWarning([bn, gnWs])).toBeUndefined();
    expect(raceWarning([gnWs, { ...gnWs, wsGain: 'scaled' }])).toBeUndefined();
    expect(raceWarning([bn, { ...bn, gradientClip: 1 }])).toContain('gradient clip (off, 1)');
    expect(raceWarning([bn, { ...bn, ws: true, maxLearningRate: 0.01 }])).toContain(
      'max learning rate (5e-4, 0.01)',
    );
  });
});
