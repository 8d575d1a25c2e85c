import { afterEach, expect, it } from 'vitest';
import { finderRun, trainRun } from '#client/runRecord.fixtures.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { loadSetupOf } from './setupOfRun.ts';
import { setupActions, useSetup } from './setupStore.ts';

const initial = useSetup.getState();
const weights = { name: 'other.safetensors', bytes: new Uint8Array(), tensors: new Map() };

afterEach(() => useSetup.setState(initial, true));

it('takes everything that a run was started with, and keeps nothing of the form before', () => {
  const before = { stopRule: { kind: 'images', value: 25_000 }, probes: 'none' } as const;
  setupActions.setOptions(before);
  setupActions.setWeights(weights);
  const experiment = { ...defaultExperiment(), seed: 7 };
  expect(loadSetupOf(trainRun({ experiment, rateReason: 'valley' }))).toBe('The set-up is that of the run.');
  expect(useSetup.getState()).toMatchObject({ experiment, rateReason: 'valley', weights: undefined });
  expect(useSetup.getState().options).toEqual({});
  loadSetupOf(trainRun({ options: before }));
  expect(useSetup.getState().options).toEqual(before);
});

it('takes the ramp of a finder, and names start weights that do not come along', () => {
  const settings = { start: 1e-6, end: 1, steps: 40 };
  expect(loadSetupOf(finderRun({ settings, givenWeights: 'mine.safetensors' }))).toContain(
    'choose mine.safetensors again',
  );
  expect(useSetup.getState().finder).toEqual(settings);
});
