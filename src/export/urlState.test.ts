import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { questions } from '#analysis/questions.ts';
import type { Experiment } from '#domain/experiment.ts';
import { experimentHash } from '#domain/experimentHash.ts';
import {
  defaultExperiment,
  parameterNames,
  parameters,
  validateExperiment,
  withSettings,
} from '#domain/parameters.ts';
import { isSharedData } from './urlData.ts';
import type { SharedData } from './urlData.ts';
import { decodeHash, encodeHash, MAX_HASH_LENGTH } from './urlState.ts';
import type { SharedSetup, SharedStudy } from './urlState.ts';

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
  .map((record) => withSettings(record as unknown as Experiment, { trainLimit: 0 }))
  .filter((experiment) => validateExperiment(experiment).ok);

const anyStudy: fc.Arbitrary<SharedStudy> = fc
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
  .chain((study) =>
    fc.record({
      ...Object.fromEntries(Object.entries(study).map(([key, value]) => [key, fc.constant(value)])),
      kind: fc.constant(study.finder ? 'finder' : 'train'),
      finderImages: study.finder
        ? fc.option(fc.integer({ min: 1, max: 9_999_999 }), { nil: undefined })
        : fc.constant(undefined),
    }),
  )
  .map((study) => study as unknown as SharedStudy);

const hexDigits = (count: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: count, maxLength: count });

const anyData: fc.Arbitrary<SharedData> = fc.record({
  title: fc.string({ unit: 'grapheme', maxLength: 30 }),
  hash: hexDigits(64),
});

const anySetup: fc.Arbitrary<SharedSetup> = fc
  .record({
    experiment: anyExperiment,
    finder: fc.constantFrom(undefined, { start: 1e-6, end: 1, steps: 400 }),
    studies: fc.array(anyStudy, { maxLength: 3 }),
    active: fc.nat(2),
    data: fc.option(anyData, { nil: undefined }),
  })
  .map((setup) => ({ ...setup, active: setup.studies.length > setup.active ? setup.active : 0 }));

/** What one link carries of a set-up without data. */
const setup = (experiment: Experiment, ...studies: SharedStudy[]): SharedSetup => ({
  experiment,
  studies,
  active: 0,
  data: undefined,
});

const errorsOf = (hash: string): Record<string, string> => {
  const result = decodeHash(hash);
  return result.kind === 'invalid' ? Object.fromEntries(result.errors) : {};
};

describe('encodeHash and decodeHash', () => {
  it('return any set-up with all its studies, its data and the same configuration hash', () => {
    fc.assert(
      fc.property(anySetup, (shared) => {
        const result = decodeHash(encodeHash(shared));
        const { data } = shared;
        expect(result).toEqual({
          kind: 'setup',
          setup: { ...shared, data: data && { ...data, hash: data.hash.slice(0, 16) } },
        });
        if (result.kind !== 'setup') return;
        expect(experimentHash(result.setup.experiment)).toBe(experimentHash(shared.experiment));
        expect(result.setup.studies.map(({ arms }) => arms.map(experimentHash))).toEqual(
          shared.studies.map(({ arms }) => arms.map(experimentHash)),
        );
        if (data) expect(isSharedData(result.setup.data!, data)).toBe(true);
      }),
    );
  });

  it('carry settings that came later, and arms that leave them out again', () => {
    const plain = defaultExperiment();
    expect(encodeHash(setup(plain))).toBe('#v=1');
    const base = withSettings(plain, { norm: 'none', ws: true, wsGain: 'scaled', gradientClip: 1 });
    const study: SharedStudy = {
      title: 'x',
      kind: 'train',
      mode: 'queue',
      arms: [
        base,
        withSettings(base, { ws: false }),
        withSettings(base, { gradientClip: 0, wsGain: 'unit' }),
      ],
      seeds: [0],
      finder: undefined,
      question: undefined,
    };
    const hash = encodeHash(setup(base, study));
    expect(hash).toBe(
      '#v=1&norm=none&ws=1&clip=1&gain=scaled&study=x&mode=queue&arm=&arm=ws:0,gain:unit&arm=clip:0,gain:unit&seeds=0',
    );
    expect(decodeHash(hash)).toEqual({ kind: 'setup', setup: setup(base, study) });
    expect(errorsOf('#v=1&clip=-1&gain=2')).toEqual({
      clip: 'Gradient clip must be a number from 0 to 1,000,000.',
      gain: 'WS gain must be unit or scaled.',
    });
  });

  it('return why learning rates are what they are', () => {
    const experiment = defaultExperiment();
    const study: SharedStudy = {
      title: 'Rates',
      kind: 'train',
      mode: 'queue',
      arms: [experiment, { ...experiment, norm: 'gn' }],
      seeds: [0],
      finder: undefined,
      question: undefined,
      rateReasons: ['', 'valley, median of 3'],
    };
    const shared: SharedSetup = {
      experiment,
      rateReason: 'by hand',
      studies: [study],
      active: 0,
      data: undefined,
    };
    expect(decodeHash(encodeHash(shared))).toEqual({ kind: 'setup', setup: shared });
    expect(errorsOf(`#v=1&why=${'x'.repeat(101)}`)).toHaveProperty('why');
    expect(errorsOf(`#v=1&study=s&mode=queue&arm=&seeds=0&whys=${'x'.repeat(101)}`)).toHaveProperty('whys');
    expect(errorsOf('#v=1&whys=a')).toHaveProperty('whys');
  });

  it('return every study of the catalogue', () => {
    const experiment = defaultExperiment();
    for (const { sizes } of questions) {
      for (const study of [...sizes.full.studies, ...sizes.quick.studies]) {
        const hash = encodeHash(setup(experiment, study));
        expect(decodeHash(hash)).toEqual({ kind: 'setup', setup: setup(experiment, study) });
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
    expect(encodeHash(setup(defaultExperiment()))).toBe('#v=1');
    expect(encodeHash(setup(experiment))).toBe('#v=1&norm=gn&ws=1&bs=2&lr=5e-5');
    const study: SharedStudy = {
      title: 'GN & BN',
      kind: 'train',
      mode: 'race',
      arms: [experiment, { ...experiment, norm: 'bn', ws: false }],
      seeds: [0, 1],
      finder: undefined,
      question: { id: 'P8', size: 'quick' },
    };
    expect(encodeHash(setup(experiment, study))).toBe(
      '#v=1&norm=gn&ws=1&bs=2&lr=5e-5&study=GN%20%26%20BN&mode=race&arm=&arm=norm:bn,ws:0&seeds=0,1&q=P8.quick',
    );
  });
});

describe('the finder', () => {
  it('travels with its ramp and its budget of images', () => {
    const experiment = defaultExperiment();
    const finder = { start: 1e-6, end: 1, steps: 400 };
    const study: SharedStudy = {
      title: 'S',
      kind: 'finder',
      mode: 'queue',
      arms: [experiment],
      seeds: [0],
      finder,
      finderImages: 6400,
      question: undefined,
    };
    const shared = { ...setup(experiment, study), finder };
    const hash = encodeHash(shared);
    expect(hash).toBe('#v=1&find=1e-6,1,400&study=S&mode=queue&arm=&seeds=0&ramp=1e-6,1,400&images=6400');
    expect(decodeHash(hash)).toEqual({ kind: 'setup', setup: shared });
  });
});

describe('several studies and the data', () => {
  it('travel as people can read them', () => {
    const experiment = defaultExperiment();
    const [first, second] = questions.find(({ id }) => id === 'P3')!.sizes.quick.studies;
    const shared = {
      ...setup(experiment, { ...first!, seeds: [0, 5] }, second!),
      active: 1,
      data: { title: 'CIFAR-10', hash: '0123456789abcdef' },
    };
    const hash = encodeHash(shared);
    expect(hash).toContain('#v=1&data=0123456789abcdef.CIFAR-10&edit=1&study=Batch%202');
    expect(hash).toMatch(/&seeds=0,5&q=P3.quick&study=.*&seeds=0,1&q=P3.quick$/);
    expect(decodeHash(hash)).toEqual({ kind: 'setup', setup: shared });
  });

  it('are refused by name where they are wrong', () => {
    const study = 'study=S&mode=queue&arm=&seeds=0';
    expect(errorsOf(`#v=1&${study}&${study}&seeds=1`)).toEqual({
      'study[1].seeds': '“seeds” is there twice.',
    });
    expect(errorsOf(`#v=1&${study}&study=T&mode=fast&arm=bs:-1&seeds=0`)).toEqual({
      'study[1].mode': 'The mode must be queue or race.',
      'study[1].arm[0].bs': 'Batch size must be a whole number from 1 to 512.',
    });
    expect(errorsOf(`#v=1&edit=1&${study}`)).toHaveProperty('edit');
    for (const data of ['', 'CIFAR-10', 'xyz.CIFAR-10', '0123.CIFAR-10', '0123456789abcdef']) {
      expect(errorsOf(`#v=1&data=${data}`), data).toHaveProperty('data');
    }
    expect(errorsOf(`#v=1${`&${study}`.repeat(101)}`)).toHaveProperty('study');
  });

  it('open from links of before, which have one study and no data', () => {
    expect(decodeHash('#v=1&bs=2&study=A&mode=race&arm=&arm=ws:1&seeds=0,1&q=P3.quick')).toMatchObject({
      kind: 'setup',
      setup: { studies: [{ title: 'A', seeds: [0, 1] }], active: 0, data: undefined },
    });
    // Nor did the order of keys matter.
    expect(decodeHash('#v=1&seeds=3&arm=&mode=queue&study=A')).toMatchObject({
      setup: { studies: [{ seeds: [3] }] },
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
    // Twins: equal arms show what the device adds.
    expect(errorsOf(`${study}&arm=ws:1&arm=ws:1`)).toEqual({});
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

describe('a file of runs', () => {
  it('is opened by a link where it lies beside the page', () => {
    const result = decodeHash('#v=1&open=results/runs-1.json');
    expect(result.kind === 'setup' && result.setup.file).toBe('results/runs-1.json');
  });

  it.each([
    'https://a.example/runs.json',
    '//a.example/runs.json',
    '/runs.json',
    '../runs.json',
    'runs.html',
  ])('is refused at %s', (path) => {
    const result = decodeHash(`#v=1&open=${encodeURIComponent(path)}`);
    expect(result.kind === 'invalid' && [...result.errors.keys()]).toEqual(['open']);
  });
});

describe('what ends runs early', () => {
  const experiment = defaultExperiment();
  const study: SharedStudy = {
    title: 'S',
    kind: 'train',
    mode: 'queue',
    arms: [experiment],
    seeds: [0],
    finder: undefined,
    question: undefined,
    options: { stopRule: { kind: 'valid-loss', value: 0.9 }, probes: 'none' },
  };

  it('travels with the set-up and with the study, and changes no hash of an experiment', () => {
    const options = { stopRule: { kind: 'images', value: 25_000 }, probes: 'none' } as const;
    const shared = { experiment, options, studies: [study], active: 0, data: undefined };
    const hash = encodeHash(shared);
    expect(hash).toBe(
      '#v=1&stop=images:25000&probes=0&study=S&mode=queue&arm=&seeds=0&ends=valid-loss:0.9&probing=0',
    );
    const result = decodeHash(hash);
    expect(result).toEqual({ kind: 'setup', setup: shared });
  });

  it.each([
    ['stop=hours:3', 'stop'],
    ['stop=images:1.5', 'stop'],
    ['stop=minutes:0', 'stop'],
    ['stop=train-loss', 'stop'],
    ['stop=constructor:3', 'stop'],
    ['probes=1', 'probes'],
    ['ends=images:100', 'ends'],
    ['probing=0', 'probing'],
    ['study=S&mode=queue&arm=&seeds=0&probing=1', 'probing'],
  ])('refuses %s', (text, key) => {
    const result = decodeHash(`#v=1&${text}`);
    expect(result.kind === 'invalid' && [...result.errors.keys()]).toEqual([key]);
  });
});
