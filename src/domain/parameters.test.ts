import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import {
  allowedValues,
  defaultExperiment,
  parameterError,
  parameterNames,
  parameters,
  parseNumber,
  settingOf,
  settingsOf,
  validateExperiment,
  withSettings,
} from './parameters.ts';

function errorsOf(change: Record<string, unknown>): Readonly<Record<string, string>> {
  const check = validateExperiment({ ...defaultExperiment(), ...change });
  return check.ok ? {} : check.errors;
}

describe('parameters', () => {
  it('has defaults that pass their own check', () => {
    expect(validateExperiment(defaultExperiment())).toEqual({ ok: true, experiment: defaultExperiment() });
    const left = new Set(Object.keys(defaultExperiment()));
    expect(parameterNames.filter((name) => !left.has(name))).toEqual(['gradientClip', 'wsGain']);
  });

  it('offers only values that are allowed', () => {
    for (const name of parameterNames) {
      const parameter = parameters[name];
      const offered: readonly (string | number)[] =
        parameter.kind === 'number'
          ? parameter.quick
          : parameter.kind === 'choice'
            ? parameter.options.map((option) => option.value)
            : [];
      for (const value of offered) expect(parameterError(name, value), `${name} ${value}`).toBeUndefined();
    }
  });

  it.each([
    ['batchSize', 0, 'Batch size must be a whole number from 1 to 512.'],
    ['batchSize', 513, 'Batch size must be a whole number from 1 to 512.'],
    ['batchSize', 2.5, 'Batch size must be a whole number from 1 to 512.'],
    ['batchSize', '64', 'Batch size must be a whole number from 1 to 512.'],
    ['maxLearningRate', 0, 'Max learning rate must be a number from 1e-8 to 10.'],
    ['maxLearningRate', Number.NaN, 'Max learning rate must be a number from 1e-8 to 10.'],
    ['maxLearningRate', Infinity, 'Max learning rate must be a number from 1e-8 to 10.'],
    ['width', 12, 'Width must be 8, 16, 32 or 64.'],
    ['norm', 'layer', 'Normalization must be none, bn or gn.'],
    ['ws', 1, 'Weight Standardization must be true or false.'],
    ['gradientClip', -1, 'Gradient clip must be a number from 0 to 1,000,000.'],
    ['gradientClip', null, 'Gradient clip must be a number from 0 to 1,000,000.'],
    ['wsGain', 'large', 'WS gain must be unit or scaled.'],
    ['seed', -1, 'Seed must be a whole number from 0 to 4,294,967,295.'],
  ])('refuses %s = %s and says what is allowed', (name, value, sentence) => {
    expect(errorsOf({ [name]: value })).toEqual({ [name]: sentence });
  });

  it('names a missing field and an unknown one', () => {
    const { epochs: _, ...rest } = defaultExperiment();
    const check = validateExperiment({ ...rest, dropout: 0.5 });
    expect(check).toEqual({
      ok: false,
      errors: {
        epochs: `Epochs must be ${allowedValues('epochs')}.`,
        dropout: '“dropout” is not a setting.',
      },
    });
  });

  it('refuses fewer training images than one batch', () => {
    expect(errorsOf({ trainLimit: 63 })['trainLimit']).toContain('at least one batch of 64');
    expect(errorsOf({ trainLimit: 64 })).toEqual({});
  });

  it('leaves out what came later where it has its default, and tells of it where anybody uses it', () => {
    const plain = defaultExperiment();
    const off = validateExperiment({ ...plain, gradientClip: 0 });
    expect(off).toStrictEqual({ ok: true, experiment: plain });
    const clipped = withSettings(plain, { gradientClip: 1 });
    expect(validateExperiment(clipped)).toEqual({ ok: true, experiment: { ...plain, gradientClip: 1 } });
    expect(withSettings(clipped, { gradientClip: 0 })).toStrictEqual(plain);
    expect([settingOf(plain, 'gradientClip'), settingOf(clipped, 'gradientClip')]).toEqual([0, 1]);
    expect(settingsOf([plain])).toEqual(Object.keys(plain));
    expect(settingsOf([plain, clipped])).toEqual([...Object.keys(plain), 'gradientClip']);
  });

  it('has a gain of Weight Standardization only with it', () => {
    const scaled = { ...defaultExperiment(), ws: true, wsGain: 'scaled' } as const;
    expect(validateExperiment(scaled)).toEqual({ ok: true, experiment: scaled });
    const plain = withSettings(scaled, { ws: false });
    expect(plain).toStrictEqual(defaultExperiment());
    expect(validateExperiment({ ...scaled, ws: false })).toStrictEqual({ ok: true, experiment: plain });
    expect(withSettings(scaled, { wsGain: 'unit' })).toStrictEqual({ ...plain, ws: true });
  });

  it('refuses what is no object, and copies rather than keeps what it is given', () => {
    for (const value of [null, undefined, 1, 'x', []]) expect(validateExperiment(value).ok).toBe(false);
    const given = defaultExperiment();
    const check = validateExperiment(given);
    expect(check.ok && check.experiment).not.toBe(given);
  });

  it('leaves prototypes alone whatever the input', () => {
    const check = validateExperiment(JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 1}'));
    expect(check.ok).toBe(false);
    expect(Object.hasOwn(check.ok ? {} : check.errors, '__proto__')).toBe(true);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('never throws and never accepts what a field check refuses', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...parameterNames), fc.anything()), (change) => {
        const refused = Object.entries(change).some(
          // Only what may be left out may be undefined, and then no check is made.
          ([name, value]) =>
            value !== undefined && parameterError(name as (typeof parameterNames)[number], value),
        );
        if (refused) expect(validateExperiment({ ...defaultExperiment(), ...change }).ok).toBe(false);
      }),
    );
  });
});

describe('parseNumber', () => {
  it.each([
    ['5e-4', 5e-4],
    [' .01 ', 0.01],
    ['0,01', 0.01],
    ['50 000', 50_000],
    ['1E-3', 1e-3],
    ['64.', 64],
  ])('reads %j', (text, value) => expect(parseNumber(text)).toBe(value));

  it.each(['', 'abc', '1e', '1,2,3', '0x10', 'Infinity', '1 2', 'NaN'])('refuses %j', (text) =>
    expect(parseNumber(text)).toBeNaN(),
  );
});
