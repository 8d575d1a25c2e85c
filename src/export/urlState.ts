import type { StudyPlan } from '#analysis/question.ts';
import { withNotebookReasons } from '#analysis/questions.ts';
import type { Experiment } from '#domain/experiment.ts';
import { defaultExperiment, parameterNames, settingOf, validateExperiment } from '#domain/parameters.ts';
import type { ParameterName } from '#domain/parameters.ts';
import type { FinderSettings } from '#domain/run.ts';
import type { RunOptions, StopRule } from '#domain/runOptions.ts';
import { splitHash, type StudyBlock } from './urlBlocks.ts';
import { dataText, readData } from './urlData.ts';
import type { SharedData } from './urlData.ts';
import {
  clip,
  MAX_ARMS,
  OPTION_KEYS,
  readActive,
  readFile,
  readImages,
  readNumber,
  readOptions,
  readQuestion,
  readRamp,
  readReason,
  readReasons,
  readSeeds,
  REASON_SEPARATOR,
  STUDY_OPTION_KEYS,
} from './urlFields.ts';

/**
 * The set-up in the address, as people can read it: `#v=1&norm=gn&ws=1&bs=2&lr=5e-5`. Only what differs from the
 * defaults is there. A study adds `study` (its title), `mode`, one `arm` for each arm with what differs from the
 * settings before it (`arm=norm:gn,ws:1`), `seeds`, for finders `ramp=start,end,steps` and `images`, and `q=P1.quick`;
 * each further `study` begins another one. `data` says which data set the runs are meant for, `why` and `whys` where
 * learning rates come from. docs/export.md lists the keys. A link sets the page up and never starts anything.
 */
const VERSION = '1';
/** Of the whole hash, in UTF-16 units. */
export const MAX_HASH_LENGTH = 2 ** 16;
const MAX_TITLE = 200;
const MAX_STUDIES = 100;

/** Short names of the parameters. Links live long: never rename one. */
const KEYS: Readonly<Record<ParameterName, string>> = {
  norm: 'norm',
  ws: 'ws',
  batchSize: 'bs',
  width: 'width',
  stemPadding: 'pad',
  optimizer: 'opt',
  schedule: 'sched',
  maxLearningRate: 'lr',
  weightDecay: 'wd',
  momentum: 'mom',
  epochs: 'epochs',
  seed: 'seed',
  augmentation: 'aug',
  trainLimit: 'train',
  validLimit: 'valid',
  gradientClip: 'clip',
  wsGain: 'gain',
};
const NAMES: ReadonlyMap<string, ParameterName> = new Map(parameterNames.map((name) => [KEYS[name], name]));
/** Of the learning-rate finder in the set-up. */
const FINDER_KEY = 'find';
/** Of the reason for the learning rate in the set-up. */
const REASON_KEY = 'why';

/** The study that is being edited, where it is not the first: its index. */
const ACTIVE_KEY = 'edit';
const DATA_KEY = 'data';
/** A file of runs beside the page. */
const FILE_KEY = 'open';
const OTHER_KEYS: readonly string[] = [
  'v',
  FINDER_KEY,
  REASON_KEY,
  ACTIVE_KEY,
  DATA_KEY,
  FILE_KEY,
  ...Object.values(OPTION_KEYS),
];

/** A study in an address. */
export interface SharedStudy extends StudyPlan {
  /** Images that each finder may use; undefined: as many steps as its ramp has. */
  readonly finderImages?: number | undefined;
}

/** What an address carries. */
export interface SharedSetup {
  readonly experiment: Experiment;
  /** Why its learning rate is what it is. */
  readonly rateReason?: string | undefined;
  /** Ramp of the learning-rate finder; undefined is the default one. */
  readonly finder?: FinderSettings | undefined;
  /** Of runs that are started alone. */
  readonly options?: RunOptions | undefined;
  /** Path of a file of runs, relative to the page, that a link opens. */
  readonly file?: string | undefined;
  /** What is started together; several where a question needs that. */
  readonly studies: readonly SharedStudy[];
  /** Index of the study that is being edited. */
  readonly active: number;
  /** Undefined in links of before, and where no data are loaded. */
  readonly data: SharedData | undefined;
}

export type SetupFromHash =
  | { readonly kind: 'none' }
  | { readonly kind: 'setup'; readonly setup: SharedSetup }
  /** By field ('lr', 'arm[1].bs'): a sentence that says what is wrong. */
  | { readonly kind: 'invalid'; readonly errors: ReadonlyMap<string, string> };

/** The hash of a set-up, with its `#`. */
export function encodeHash({
  experiment,
  rateReason,
  finder,
  options = {},
  studies,
  active,
  data,
}: SharedSetup): string {
  const parts = [
    `v=${VERSION}`,
    ...differences(experiment, defaultExperiment()).map((pair) => pair.join('=')),
  ];
  if (rateReason) parts.push(`${REASON_KEY}=${encodeURIComponent(rateReason)}`);
  if (finder) parts.push(`${FINDER_KEY}=${rampText(finder)}`);
  if (options.stopRule) parts.push(`stop=${ruleText(options.stopRule)}`);
  if (options.probes) parts.push('probes=0');
  if (data) parts.push(`${DATA_KEY}=${dataText(data)}`);
  if (active > 0) parts.push(`${ACTIVE_KEY}=${active}`);
  return `#${[...parts, ...studies.flatMap((study) => studyParts(study, experiment))].join('&')}`;
}

function studyParts(study: SharedStudy, experiment: Experiment): string[] {
  const { title, mode, arms, seeds, finder, finderImages, question, rateReasons, options } = study;
  const parts = [`study=${encodeURIComponent(title)}`, `mode=${mode}`];
  for (const arm of arms) {
    parts.push(
      `arm=${differences(arm, experiment)
        .map((pair) => pair.join(':'))
        .join(',')}`,
    );
  }
  // Those of a question follow from it.
  const { rateReasons: _, ...bare } = study;
  const given = withNotebookReasons<StudyPlan>(bare).rateReasons;
  const isGiven = rateReasons?.every((reason, i) => reason === (given?.[i] ?? ''));
  if (rateReasons && !isGiven) parts.push(`whys=${encodeURIComponent(reasonsText(rateReasons))}`);
  parts.push(`seeds=${seeds.join(',')}`);
  if (finder) parts.push(`ramp=${rampText(finder)}`);
  if (finder && finderImages !== undefined) parts.push(`images=${finderImages}`);
  if (options?.stopRule) parts.push(`ends=${ruleText(options.stopRule)}`);
  if (options?.probes) parts.push('probing=0');
  if (question) parts.push(`q=${question.id}.${question.size}`);
  return parts;
}

function reasonsText(reasons: readonly string[]): string {
  return reasons.map((reason) => reason.replaceAll(REASON_SEPARATOR, ' ')).join(REASON_SEPARATOR);
}

function ruleText({ kind, value }: StopRule): string {
  return `${kind}:${showNumber(value)}`;
}

function rampText({ start, end, steps }: FinderSettings): string {
  return [start, end, steps].map(showNumber).join(',');
}

function differences(experiment: Experiment, from: Experiment): [key: string, value: string][] {
  return parameterNames
    .filter((name) => experiment[name] !== from[name])
    .map((name) => [KEYS[name], showValue(settingOf(experiment, name))]);
}

function showValue(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  return typeof value === 'number' ? showNumber(value) : value;
}

/** The shorter of 0.0005 and 5e-4; both read back as the same number. */
function showNumber(value: number): string {
  const [plain, scientific] = [String(value), value.toExponential().replace('e+', 'e')];
  return scientific.length < plain.length ? scientific : plain;
}

/** Reads a hash, with or without its `#`. Nothing of it is used when anything is wrong. */
export function decodeHash(hash: string): SetupFromHash {
  const text = hash.replace(/^#/, '');
  if (text === '') return { kind: 'none' };
  const errors = new Map<string, string>();
  if (text.length > MAX_HASH_LENGTH) {
    errors.set(
      'link',
      `The link is ${text.length.toLocaleString('en-US')} characters long; links of NormLab are shorter.`,
    );
    return { kind: 'invalid', errors };
  }
  const { fields, studies: blocks } = splitHash(
    text,
    (key) => OTHER_KEYS.includes(key) || NAMES.has(key),
    errors,
  );
  const version = fields.get('v');
  if (version !== VERSION) {
    return { kind: 'invalid', errors: new Map([['v', versionError(version)]]) };
  }
  const experiment = readExperiment(settingsOf(fields), defaultExperiment(), '', errors);
  const finder = readRamp(FINDER_KEY, fields.get(FINDER_KEY), errors);
  const rateReason = readReason(REASON_KEY, fields.get(REASON_KEY), errors);
  if (blocks.length > MAX_STUDIES) {
    errors.set('study', `A link has at most ${MAX_STUDIES} studies, not ${blocks.length}.`);
  }
  const studies = blocks.slice(0, MAX_STUDIES).map((block, index) => {
    const found = new Map<string, string>();
    const study = readStudy(block, experiment, found);
    for (const [key, message] of found) errors.set(index > 0 ? `study[${index}].${key}` : key, message);
    return study;
  });
  const active = readActive(fields.get(ACTIVE_KEY), studies.length, errors);
  const data = readData(fields.get(DATA_KEY), errors);
  const options = readOptions(OPTION_KEYS, fields, errors);
  const file = readFile(fields.get(FILE_KEY), errors);
  const more = { ...(options && { options }), ...(file !== undefined && { file }) };
  return errors.size > 0
    ? { kind: 'invalid', errors }
    : { kind: 'setup', setup: { experiment, rateReason, finder, studies, active, data, ...more } };
}

function versionError(version: string | undefined): string {
  return version === undefined
    ? 'This is no link of NormLab: it must start with v=1.'
    : `The link is of version ${clip(version)}, and this NormLab reads version ${VERSION}.`;
}

function settingsOf(fields: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  return [...fields].filter(([key]) => NAMES.has(key));
}

/** `base` with the changes; `base` itself where one is wrong. */
function readExperiment(
  changes: readonly (readonly [key: string, value: string])[],
  base: Experiment,
  path: string,
  errors: Map<string, string>,
): Experiment {
  const values: [string, unknown][] = [];
  for (const [key, text] of changes) {
    const name = NAMES.get(key);
    if (name === undefined) errors.set(path + clip(key), `“${clip(key)}” is not a setting.`);
    else values.push([name, readValue(text, settingOf(base, name))]);
  }
  const check = validateExperiment({ ...base, ...Object.fromEntries(values) });
  if (check.ok) return check.experiment;
  for (const [name, message] of Object.entries(check.errors)) {
    errors.set(path + KEYS[name as ParameterName], message); // names of parameters: `values` has no others
  }
  return base;
}

/** As the type that the setting has; what does not fit stays text, which the check refuses. */
function readValue(text: string, like: string | number | boolean): unknown {
  if (typeof like === 'boolean') return text === '1' ? true : text === '0' ? false : text;
  return typeof like === 'number' ? (readNumber(text) ?? text) : text;
}

function readStudy({ fields, arms }: StudyBlock, base: Experiment, errors: Map<string, string>): SharedStudy {
  const title = fields.get('study') ?? '';
  if (title.length > MAX_TITLE) errors.set('study', `The title must have at most ${MAX_TITLE} characters.`);
  const mode = fields.get('mode');
  if (mode !== 'queue' && mode !== 'race') errors.set('mode', 'The mode must be queue or race.');
  const finder = readRamp('ramp', fields.get('ramp'), errors);
  const rateReasons = readReasons(fields.get('whys'), errors);
  const options = readOptions(STUDY_OPTION_KEYS, fields, errors);
  return {
    title,
    kind: finder ? 'finder' : 'train',
    mode: mode === 'race' ? 'race' : 'queue',
    arms: readArms(arms, base, errors),
    seeds: readSeeds(fields.get('seeds') ?? '', errors),
    finder,
    finderImages: readImages(fields.get('images'), errors),
    question: readQuestion(fields.get('q'), errors),
    ...(rateReasons && { rateReasons }),
    ...(options && { options }),
  };
}

function readArms(
  texts: readonly string[],
  base: Experiment,
  errors: Map<string, string>,
): readonly Experiment[] {
  // More than can race are no error of the link: the builder holds them and says what is wrong.
  if (texts.length === 0 || texts.length > MAX_ARMS) {
    errors.set('arm', `A study has 1 to ${MAX_ARMS.toLocaleString('en-US')} arms, not ${texts.length}.`);
    return [];
  }
  return texts.map((text, index) => {
    const pairs = text === '' ? [] : text.split(',').map((pair) => pair.split(':'));
    return readExperiment(
      pairs.map(([key = '', ...value]) => [key, value.join(':')]),
      base,
      `arm[${index}].`,
      errors,
    );
  });
}
