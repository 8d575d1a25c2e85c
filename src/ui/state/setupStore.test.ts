import { beforeEach, describe, expect, it } from 'vitest';
import { defaultExperiment } from '#domain/parameters.ts';
import { setupActions, useSetup } from './setupStore.ts';

describe('set-up', () => {
  beforeEach(() => useSetup.setState(useSetup.getInitialState()));

  it('takes what is typed once it is allowed, and keeps the text until the field is left', () => {
    setupActions.type('maxLearningRate', '1e');
    expect(useSetup.getState().errors.maxLearningRate).toContain('from 1e-8 to 10');
    expect(useSetup.getState().experiment).toEqual(defaultExperiment());
    setupActions.type('maxLearningRate', '1e-3');
    expect(useSetup.getState()).toMatchObject({ errors: {}, drafts: { maxLearningRate: '1e-3' } });
    expect(useSetup.getState().experiment.maxLearningRate).toBe(1e-3);
    setupActions.settle('maxLearningRate');
    expect(useSetup.getState().drafts).toEqual({});
  });

  it('knows why its learning rate is what it is until another one is chosen', () => {
    setupActions.setRate(2e-3, 'valley');
    setupActions.set('norm', 'gn');
    expect(useSetup.getState()).toMatchObject({
      experiment: { maxLearningRate: 2e-3 },
      rateReason: 'valley',
    });
    setupActions.type('maxLearningRate', '3e-3');
    expect(useSetup.getState().rateReason).toBeUndefined();
  });

  it('keeps an error when the field is left, and clears it when a value is chosen', () => {
    setupActions.type('batchSize', '900');
    setupActions.settle('batchSize');
    expect(useSetup.getState().drafts.batchSize).toBe('900');
    setupActions.set('batchSize', 2);
    expect(useSetup.getState()).toMatchObject({ errors: {}, drafts: {} });
    expect(useSetup.getState().experiment.batchSize).toBe(2);
  });
});
