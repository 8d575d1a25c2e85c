import { describe, expect, it } from 'vitest';
import { experimentHash } from './experimentHash.ts';
import { defaultExperiment } from './parameters.ts';

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
});
