import { describe, expect, it } from 'vitest';
import { experimentHash } from './experimentHash.ts';
import { defaultExperiment, withSettings } from './parameters.ts';

describe('experimentHash', () => {
  it('depends on the settings, not on the order of their fields', () => {
    const experiment = defaultExperiment();
    const hash = experimentHash(experiment);
    expect(hash).toMatch(/^[0-9a-f]{8}$/);
    const turned = Object.fromEntries(Object.entries(experiment).toReversed()) as typeof experiment;
    expect(experimentHash(turned)).toBe(hash);
    expect(experimentHash({ ...experiment, seed: 1 })).not.toBe(hash);
    expect(experimentHash({ ...experiment, ws: true })).not.toBe(hash);
  });

  it('is what it was before experiments could have further settings', () => {
    const experiment = defaultExperiment();
    expect(experimentHash(experiment)).toBe('ece611dd');
    expect(experimentHash({ ...experiment, norm: 'gn', ws: true, batchSize: 2, seed: 7 })).toBe('039ed914');
    expect(experimentHash(withSettings(experiment, { gradientClip: 0, wsGain: 'unit' }))).toBe('ece611dd');
    const changed = [
      experiment,
      { ...experiment, ws: true },
      { ...experiment, gradientClip: 1 },
      { ...experiment, ws: true, wsGain: 'scaled' } as const,
    ];
    expect(new Set(changed.map(experimentHash)).size).toBe(4);
  });
});
