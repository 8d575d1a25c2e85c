import { describe, expect, it } from 'vitest';
import { finderRun, trainRun } from '#client/runRecord.fixtures.ts';
import { continueText } from './ContinueRun.tsx';

describe('continueText', () => {
  it('says what is computed again', () => {
    const run = trainRun({
      status: 'interrupted',
      stepCount: 230,
      checkpointStep: 200,
      stepsLoaded: 'loaded',
    });
    expect(continueText(run)).toBe('Goes on after step 200; 30 later steps are computed again.');
    expect(continueText({ ...run, stepCount: 200 })).toBe('Goes on after step 200; nothing is lost.');
    expect(continueText({ ...run, checkpointStep: undefined })).toContain('its 230 recorded steps are lost');
  });

  it('offers to take over what goes on elsewhere, and nothing of a run that is done or goes on here', () => {
    const run = trainRun({ status: 'running' });
    expect(continueText({ ...run, stepsLoaded: 'loaded' })).toContain('another tab');
    expect(continueText({ ...run, stepsLoaded: 'live' })).toBeUndefined();
    expect(continueText({ ...run, status: 'finished', stepsLoaded: 'loaded' })).toBeUndefined();
    expect(continueText(finderRun({ status: 'interrupted' }))).toBeUndefined();
  });
});
