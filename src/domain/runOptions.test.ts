import { describe, expect, it } from 'vitest';
import * as v from 'valibot';
import { enderOfOld, reachedText, stepsOfRule, stopText, stopValueProblem } from './runOptions.ts';
import { runOptionsSchema } from './runSchema.ts';

describe('stop rules', () => {
  it('are said in plain words', () => {
    expect(stopText({ kind: 'images', value: 25_000 })).toBe('at 25,000 images');
    expect(stopText({ kind: 'minutes', value: 2.5 })).toBe('at 2.5 min of compute time');
    expect(reachedText({ kind: 'train-loss', value: 0.6 }, 1200)).toBe(
      'Reached a smoothed training loss of 0.6 at step 1,200.',
    );
    expect(reachedText({ kind: 'valid-loss', value: 0.6 }, 1200, 1000)).toBe(
      'Reached a validation loss of 0.6 over the first 1,000 images at step 1,200.',
    );
  });

  it('have ended runs of before that say so', () => {
    const text = reachedText({ kind: 'images', value: 100 }, 7);
    expect(enderOfOld('stopped', text)).toBe('rule');
    expect(enderOfOld('stopped', `${text} Resumed on different hardware.`)).toBe('rule');
    expect(enderOfOld('stopped', undefined)).toBeUndefined();
    expect(enderOfOld('interrupted', text)).toBeUndefined();
  });

  it('of images end with the step that reaches them', () => {
    expect(stepsOfRule({ kind: 'images', value: 100 }, 16)).toBe(7);
    expect(stepsOfRule({ kind: 'minutes', value: 100 }, 16)).toBeUndefined();
    expect(stepsOfRule(undefined, 16)).toBeUndefined();
  });

  it('refuse values that cannot be', () => {
    expect(stopValueProblem('images', 1.5)).toBe('It must be a whole number from 1 to 1,000,000,000.');
    expect(stopValueProblem('train-loss', 0)).toBe('It must be a number above 0 and up to 1,000.');
    expect(stopValueProblem('minutes', Number.NaN)).toBeDefined();
    expect(stopValueProblem('minutes', 0.5)).toBeUndefined();
  });

  it('are read strictly', () => {
    const read = (value: unknown): boolean => v.safeParse(runOptionsSchema, value).success;
    expect(read({})).toBe(true);
    expect(read({ stopRule: { kind: 'valid-loss', value: 0.9 }, probes: 'none' })).toBe(true);
    for (const stopRule of [
      { kind: 'hours', value: 1 },
      { kind: 'images', value: 0.5 },
      { kind: 'images', value: 5, more: 1 },
      { kind: 'minutes' },
    ]) {
      expect(read({ stopRule })).toBe(false);
    }
  });
});
