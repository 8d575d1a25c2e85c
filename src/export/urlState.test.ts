import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StudyPlan } from '#analysis/question.ts';
import { questions } from '#analysis/questions.ts';
import type { Experiment } from '#domain/experiment.ts';
import { experimentHash } from '#domain/experimentHash.ts';
import { defaultExperiment, parameterNames, parameters, validateExperiment } from '#domain/parameters.ts';
import { decodeHash, encodeHash, MAX_HASH_LENGTH } from './urlState.ts';

/** Any value that the table allows. */
const anyExperiment: fc.Arbitrary<Experiment> = fc
  .record(
    Object.fromEntries(
      parameterNames.map((name) => {
        const parameter = parameters[name];
        if (parameter.kind === 'switch') return [name, fc.boolean()];
        if (parameter.kind === 'choice') {
          return [name, fc.constantFrom<unknown>(...parameter.options.map(({ value }) => value))];
        }
        const { min, max } = parameter;
        return [
          name,
          parameter.integer
            ? fc.integer({ min, max })
            : fc.double({ min, max, noNaN: true, noDefaultInfinity: true }),
        ];
      }),
    ),
  )
  .map((record) => ({ ...record, trainLimit: 0 }) as unknown as Experiment)
  .filter((experiment) => validateExperiment(experiment).ok);

const anyStudy: fc.Arbitrary<StudyPlan> = fc
  .record({
    title: fc.string({ unit: 'grapheme', maxLength: 30 }),
    mode: fc.constantFrom('queue' as const, 'race' as const),
    arms: fc.uniqueArray(anyExperiment, { minLength: 1, maxLength: 6, selector: experimentHash }),
    seeds: fc.uniqueArray(fc.nat(0xffffffff), { minLength: 1, maxLength: 5 }),
    finder: fc.option(
      fc.record({ start: fc.constant(1e-7), end: fc.constant(10), steps: fc.integer({ min: 2, max: 1e5 }) }),
      { nil: undefined },
    ),
    question: fc.option(
      fc.record({
        id: fc.constantFrom('P1', 'P14'),
        size: fc.constantFrom('full' as const, 'quick' as const),
      }),
      { nil: undefined },
    ),
  })
  .map((study) => ({ ...study, kind: study.finder ? ('finder' as const) : ('train' as const) }));

const errorsOf = (hash: string): Record<string, string> => {
  const result = decodeHash(hash);
  return result.kind === 'invalid' ? Object.fromEntries(result.errors) : {};
};

describe('encodeHash and decodeHash', () => {
  it('return any set-up, with the same configuration hash', () => {
    fc.assert(
      fc.property(anyExperiment, fc.option(anyStudy, { nil: undefined }), (experiment, study) => {
        const result = decodeHash(encodeHash({ experiment, study }));
        expect(result).toEqual({ kind: 'setup', setup: { experiment, study } });
        if (result.kind === 'setup') {
          expect(experimentHash(result.setup.experiment)).toBe(experimentHash(experiment));
        }
      }),
    );
  });

  it('return why learning rates are what they are', () => {
    const experiment = defaultExperiment();
    const study: StudyPlan = {
      title: 'Rates',
      kind: 'train',
      mode: 'queue',
      arms: [experiment, { ...experiment, norm: 'gn' }],
      seeds: [0],
      finder: undefined,
      question: undefined,
      rateReasons: ['', 'valley, median of 3'],
    };
    const setup = { experiment, rateReason: 'by hand', study };
    expect(decodeHash(encodeHash(setup))).toEqual({ kind: 'setup', setup });
    expect(errorsOf(`#v=1&why=${'x'.repeat(101)}`)).toHaveProperty('why');
    expect(errorsOf(`#v=1&study=s&mode=queue&arm=&seeds=0&whys=${'x'.repeat(101)}`)).toHaveProperty('whys');
    expect(errorsOf('#v=1&whys=a')).toHaveProperty('whys');
  });

  it('return every study of the catalogue', () => {
    const experiment = defaultExperiment();
    for (const { sizes } of questions) {
      for (const study of [...sizes.full.studies, ...sizes.quick.studies]) {
        const hash = encodeHash({ experiment, study });
        expect(decodeHash(hash)).toEqual({ kind: 'setup', setup: { experiment, study } });
        expect(hash.length).toBeLessThan(1500);
      }
    }
  });

  it('write what differs from the defaults, for people to read', () => {
    const experiment: Experiment = {
      ...defaultExperiment(),
      norm: 'gn',
      ws: true,
      batchSize: 2,
      maxLearningRate: 5e-5,
    };
    expect(encodeHash({ experiment: defaultExperiment(), study: undefined })).toBe('#v=1');
    expect(encodeHash({ experiment, study: undefined })).toBe('#v=1&norm=gn&ws=1&bs=2&lr=5e-5');
    const study: StudyPlan = {
      title: 'GN & BN',
      kind: 'train',
      mode: 'race',
      arms: [experiment, { ...experiment, norm: 'bn', ws: false }],
      seeds: [0, 1],
      finder: undefined,
      question: { id: 'P8', size: 'quick' },
    };
    expect(encodeHash({ experiment, study })).toBe(
      '#v=1&norm=gn&ws=1&bs=2&lr=5e-5&study=GN%20%26%20BN&mode=race&arm=&arm=norm:bn,ws:0&seeds=0,1&q=P8.quick',
    );
  });
});

describe('the finder', () => {
  it('travels with its ramp and its budget of images', () => {
    const experiment = defaultExperiment();
    const finder = { start: 1e-6, end: 1, steps: 400 };
    const study: StudyPlan = {
      title: 'S',
      kind: 'finder',
      mode: 'queue',
      arms: [experiment],
      seeds: [0],
      finder,
      question: undefined,
    };
    const hash = encodeHash({ experiment, finder, study, finderImages: 6400 });
    expect(hash).toBe('#v=1&find=1e-6,1,400&study=S&mode=queue&arm=&seeds=0&ramp=1e-6,1,400&images=6400');
    expect(decodeHash(hash)).toEqual({
      kind: 'setup',
      setup: { experiment, finder, study, finderImages: 6400 },
    });
  });
});

describe('decodeHash', () => {
  it('knows an address without a set-up', () => {
    expect(decodeHash('')).toEqual({ kind: 'none' });
    expect(decodeHash('#')).toEqual({ kind: 'none' });
  });

  it('refuses what is wrong, by field', () => {
    expect(errorsOf('#v=1&bs=-1')).toEqual({ bs: 'Batch size must be a whole number from 1 to 512.' });
    expect(Object.keys(errorsOf('#v=1&lr=1e999&epochs=1e12&ws=yes&norm=xy'))).toEqual([
      'norm',
      'ws',
      'lr',
      'epochs',
    ]);
    expect(errorsOf('#v=1&colour=red')).toEqual({ colour: '“colour” is not a setting.' });
    expect(errorsOf('#v=1&bs=2&bs=3')).toEqual({ bs: '“bs” is there twice.' });
    expect(errorsOf('#v=1&lr=%E0%A4%A')).toHaveProperty('lr');
    expect(errorsOf('#v=1&lr=0x10')).toHaveProperty('lr');
    expect(errorsOf('#v=1&lr=')).toHaveProperty('lr');
  });

  it('refuses wrong versions and foreign hashes', () => {
    expect(errorsOf('#v=2&bs=2')).toEqual({
      v: 'The link is of version 2, and this NormLab reads version 1.',
    });
    expect(errorsOf('#section')).toEqual({ v: 'This is no link of NormLab: it must start with v=1.' });
  });

  it('refuses wrong studies, arm by arm', () => {
    const study = '#v=1&study=S&mode=queue&seeds=0';
    expect(errorsOf(`${study}&arm=bs:-1&arm=norm:gn,colour:red`)).toEqual({
      'arm[0].bs': 'Batch size must be a whole number from 1 to 512.',
      'arm[1].colour': '“colour” is not a setting.',
    });
    expect(errorsOf(`${study}&arm=ws:1&arm=ws:1`)).toEqual({ 'arm[1]': 'It is the same as arm[0].' });
    expect(errorsOf(study)).toHaveProperty('arm');
    // Seven arms cannot race, which the builder says; the link is not refused for it.
    const seven = [1, 2, 3, 4, 5, 6, 7].map((batch) => `&arm=bs:${batch}`).join('');
    expect(errorsOf(`${study.replace('queue', 'race')}${seven}`)).toEqual({});
    for (const images of ['0', '-1', '1.5', 'many', '']) {
      expect(errorsOf(`${study}&arm=&ramp=1e-7,10,100&images=${images}`), images).toHaveProperty('images');
    }
    expect(errorsOf('#v=1&find=10,1,100')).toHaveProperty('find');
    expect(errorsOf('#v=1&study=S&mode=fast&arm=&seeds=0')).toHaveProperty('mode');
    for (const seeds of ['', '0,0', '-1', '1.5', '4294967296', '1,']) {
      expect(errorsOf(`#v=1&study=S&mode=queue&arm=&seeds=${seeds}`), seeds).toHaveProperty('seeds');
    }
    for (const ramp of ['1', '1e-7,10,1', '10,1,100', '1e-7,10,100,5', '1e-7,1e999,100', '']) {
      expect(errorsOf(`${study}&arm=&ramp=${ramp}`), ramp).toHaveProperty('ramp');
    }
    expect(errorsOf(`${study}&arm=&q=P1.huge`)).toHaveProperty('q');
    expect(errorsOf('#v=1&seeds=0&arm=')).toEqual({
      seeds: '“seeds” belongs to a study, and there is none.',
      arm: '“arm” belongs to a study, and there is none.',
    });
  });

  it('takes no part of a hash of a megabyte', () => {
    expect(errorsOf(`#v=1&study=${'x'.repeat(2 ** 20)}`)).toHaveProperty('link');
    expect(
      errorsOf(`#v=1&study=${'x'.repeat(MAX_HASH_LENGTH - 100)}&mode=queue&arm=&seeds=0`),
    ).toHaveProperty('study');
  });

  it('leaves prototypes alone', () => {
    expect(errorsOf('#v=1&__proto__=1&constructor=2')).toHaveProperty('constructor');
    expect(decodeHash('#v=1&study=S&mode=queue&seeds=0&arm=__proto__:1').kind).toBe('invalid');
    expect('polluted' in {}).toBe(false);
    expect(decodeHash('#v=1&__proto__=1').kind).toBe('invalid');
  });

  it('answers whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(['none', 'setup', 'invalid']).toContain(decodeHash(`#v=1&${text}`).kind);
      }),
    );
  });
});
