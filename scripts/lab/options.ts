import { parseArgs } from 'node:util';
import type { Experiment } from '#domain/experiment.ts';
import {
  allowedValues,
  defaultExperiment,
  parameterError,
  parameterNames,
  parameters,
  parseNumber,
  validateExperiment,
  type ParameterName,
} from '#domain/parameters.ts';
import { defaultFinderSettings, type FinderSettings } from '#domain/run.ts';
import { UsageError } from './usageError.ts';

export type RuntimeName = 'browser' | 'node';
export type CommandName = 'train' | 'lr-find' | 'sweep';

/** What every command takes besides the settings of the run. */
export interface CommonOptions {
  /** 'built-in', or a path as the user typed it. */
  readonly data: string;
  readonly out: string;
  readonly overwrite: boolean;
  readonly json: boolean;
  readonly runtime: RuntimeName;
  /** Path of a file of start weights. */
  readonly init: string | undefined;
  readonly maxSteps: number | undefined;
  /** Whether a bundle for PyTorch is wanted. */
  readonly pytorch: boolean;
}

export type LabCommand =
  | { readonly name: 'help' }
  | ({ readonly name: 'train'; readonly experiment: Experiment } & CommonOptions)
  | ({ readonly name: 'resume'; readonly from: string } & CommonOptions)
  | ({
      readonly name: 'lr-find';
      readonly experiment: Experiment;
      readonly finder: FinderSettings;
    } & CommonOptions)
  | ({
      readonly name: 'sweep';
      readonly file: string;
      /** What the command line sets for every arm; an arm's own settings win. */
      readonly base: Partial<Experiment>;
      /** For a sweep of finders. */
      readonly ramp: Ramp;
    } & CommonOptions);

/** A ramp whose length may be given in images, and then depends on the batch size. */
export interface Ramp {
  readonly start: number;
  readonly end: number;
  readonly steps: number | undefined;
  readonly images: number | undefined;
}

/** Options that are not settings of the experiment, with what `--help` says of them. */
export interface OtherOption {
  readonly name: string;
  /** Placeholder of the value; undefined for a switch. */
  readonly value: string | undefined;
  readonly what: string;
  /** The commands that take it. */
  readonly of: readonly CommandName[];
}

const ALL: readonly CommandName[] = ['train', 'lr-find', 'sweep'];

export const otherOptions: readonly OtherOption[] = [
  {
    name: 'data',
    value: 'DIR',
    what: 'Folder with the binary files of CIFAR-10 or its archive, such a file itself, or built-in (needs no files).',
    of: ALL,
  },
  { name: 'out', value: 'DIR', what: 'Folder for the files of the run; created.', of: ALL },
  {
    name: 'overwrite',
    value: undefined,
    what: 'Replace a run that --out holds already.',
    of: ALL,
  },
  {
    name: 'init',
    value: 'FILE',
    what: 'Start weights: safetensors under the names of torchvision, such as init.safetensors of another run.',
    of: ALL,
  },
  {
    name: 'resume',
    value: 'DIR',
    what: 'Continue the run in this folder from its checkpoint.bin, with its settings; --out may be left out.',
    of: ['train'],
  },
  {
    name: 'max-steps',
    value: 'N',
    what: 'Stop after step N, with a checkpoint; the schedule stays that of the whole run.',
    of: ['train', 'sweep'],
  },
  {
    name: 'pytorch',
    value: undefined,
    what: 'Write pytorch.zip too: train.py, which continues in PyTorch, with its settings and weights.',
    of: ['train', 'sweep'],
  },
  {
    name: 'start',
    value: 'RATE',
    what: `First learning rate of the ramp. Default ${defaultFinderSettings.start}.`,
    of: ['lr-find', 'sweep'],
  },
  {
    name: 'end',
    value: 'RATE',
    what: `Last learning rate of the ramp. Default ${defaultFinderSettings.end}.`,
    of: ['lr-find', 'sweep'],
  },
  {
    name: 'steps',
    value: 'N',
    what: `Steps of the ramp. Default ${defaultFinderSettings.steps}.`,
    of: ['lr-find', 'sweep'],
  },
  {
    name: 'images',
    value: 'N',
    what: 'Steps of the ramp as a number of images: as many whole batches as that makes.',
    of: ['lr-find', 'sweep'],
  },
  {
    name: 'runtime',
    value: 'browser|node',
    what: 'Where it computes: headless Chromium (the default), or this Node process over Dawn.',
    of: ALL,
  },
  {
    name: 'json',
    value: undefined,
    what: 'Write what happens as JSON to stdout, one event per line; no progress bar, no tables.',
    of: ALL,
  },
  { name: 'help', value: undefined, what: 'Say all this.', of: ALL },
];

/** Shorter names of settings; the long ones are understood too. */
const SHORT_NAMES: Partial<Record<ParameterName, string>> = {
  maxLearningRate: 'max-lr',
  trainLimit: 'limit-train',
  validLimit: 'limit-valid',
};

/** The option of a setting as `--help` shows it, without dashes: 'batch-size', 'max-lr'. */
export function optionName(name: ParameterName): string {
  return SHORT_NAMES[name] ?? kebabCase(name);
}

function kebabCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

const settingOf: ReadonlyMap<string, ParameterName> = new Map(
  parameterNames.flatMap((name) => [
    [kebabCase(name), name],
    [optionName(name), name],
  ]),
);

type Values = Readonly<Record<string, string | boolean | undefined>>;

/**
 * Reads the words after `npm run lab --`.
 * @throws {UsageError} naming the option and what it may be.
 */
export function parseCommand(words: readonly string[]): LabCommand {
  if (words.length === 0 || words[0] === 'help' || words.some((word) => word === '--help' || word === '-h')) {
    return { name: 'help' };
  }
  const [name, ...rest] = words;
  if (name !== 'train' && name !== 'lr-find' && name !== 'sweep') {
    throw new UsageError(`${name}: there is no such command; choose train, lr-find or sweep, or --help`);
  }
  const { values, file } = split(name, rest);
  const settings = readSettings(values);
  if (name === 'train' && typeof values['resume'] === 'string') {
    return resumeCommand(values['resume'], settings, values);
  }
  const common = commonOptions(values, text(values, 'out'));
  if (name === 'sweep') {
    if (file === undefined)
      throw new UsageError('sweep: name the JSON file of its arms, as in: sweep arms.json');
    return { name, file, base: settings, ramp: readRamp(values), ...common };
  }
  const experiment = completeExperiment(settings);
  return name === 'train'
    ? { name, experiment, ...common }
    : { name, experiment, finder: finderSettings(readRamp(values), experiment.batchSize), ...common };
}

/**
 * Fills in the defaults of the parameter table and checks the whole.
 * @param where put before the sentence: which arm of which file.
 * @throws {UsageError}
 */
export function completeExperiment(settings: Readonly<Record<string, unknown>>, where = ''): Experiment {
  const checked = validateExperiment({ ...defaultExperiment(), ...settings });
  if (checked.ok) return checked.experiment;
  throw new UsageError(`${where}${Object.values(checked.errors).join(' ')}`);
}

/** Options and, for a sweep, the file; everything else is refused. */
function split(
  command: CommandName,
  words: readonly string[],
): { readonly values: Values; readonly file: string | undefined } {
  const settings = [...settingOf].map(
    ([option, name]) => [option, parameters[name].kind === 'switch'] as const,
  );
  const others = otherOptions
    .filter(({ of }) => of.includes(command))
    .map(({ name, value }) => [name, value === undefined] as const);
  const isSwitch = new Map([...settings, ...others]);
  const parsed = parseArgs({
    args: joinNegative(words),
    options: Object.fromEntries(
      [...isSwitch].map(([option, flag]) => [option, { type: flag ? 'boolean' : 'string' } as const]),
    ),
    allowNegative: true,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const files: string[] = [];
  for (const token of parsed.tokens) {
    if (token.kind === 'positional') files.push(token.value);
    if (token.kind !== 'option') continue;
    const option = token.rawName.startsWith('--no-') ? token.name.replace(/^no-/, '') : token.name;
    const flag = isSwitch.get(option);
    if (flag === undefined) throw new UsageError(unknownOption(command, token.rawName, [...isSwitch.keys()]));
    if (flag && token.inlineValue) throw new UsageError(`${token.rawName} takes no value`);
    if (!flag && (token.value === undefined || token.rawName.startsWith('--no-'))) {
      throw new UsageError(`${token.rawName} needs a value`);
    }
  }
  const expected = command === 'sweep' ? 1 : 0;
  const surplus = files[expected];
  if (surplus !== undefined)
    throw new UsageError(`${surplus}: ${command} takes no such word; options begin with --`);
  return { values: parsed.values, file: files[0] };
}

/** A value such as -1 looks like an option: `--seed -1` becomes `--seed=-1`, so that its range is what is wrong. */
function joinNegative(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const last = joined.at(-1);
    if (/^-\.?\d/.test(word) && last?.startsWith('--') && !last.includes('=')) {
      joined[joined.length - 1] = `${last}=${word}`;
    } else joined.push(word);
  }
  return joined;
}

function unknownOption(command: CommandName, option: string, known: readonly string[]): string {
  const bare = option.replace(/^-+/, '');
  if (otherOptions.some(({ name }) => name === bare)) return `${option} is no option of ${command}`;
  const near = known.find(
    (name) =>
      name.startsWith(bare) ||
      bare.startsWith(name) ||
      name.replaceAll('-', '') === bare.replaceAll(/[-_]/g, '').toLowerCase(),
  );
  return `${option} is no option${near ? `; did you mean --${near}?` : '; --help lists them'}`;
}

/** The settings that the command line names, each checked by itself. */
function readSettings(values: Values): Partial<Experiment> {
  const settings: Record<string, unknown> = {};
  for (const [option, name] of settingOf) {
    const given = values[option];
    if (given === undefined) continue;
    const value = typeof given === 'boolean' ? given : settingValue(name, given);
    if (parameterError(name, value)) {
      throw new UsageError(`--${option} ${String(given)}: expected ${allowedValues(name)}`);
    }
    settings[name] = value;
  }
  return settings;
}

function settingValue(name: ParameterName, given: string): unknown {
  const parameter = parameters[name];
  if (parameter.kind === 'number') return parseNumber(given);
  if (parameter.kind === 'switch') return given;
  // A number among the choices stays a number: --width 8.
  return typeof parameter.default === 'number' ? parseNumber(given) : given;
}

function resumeCommand(from: string, settings: Partial<Experiment>, values: Values): LabCommand {
  const [changed] = Object.keys(settings) as ParameterName[];
  if (changed !== undefined) {
    throw new UsageError(
      `--resume continues a run with its own settings: leave out --${optionName(changed)}`,
    );
  }
  if (values['init'] !== undefined) {
    throw new UsageError('--resume continues with the weights of the checkpoint: leave out --init');
  }
  return { name: 'resume', from, ...commonOptions(values, text(values, 'out') ?? from) };
}

function commonOptions(values: Values, out: string | undefined): CommonOptions {
  const data = text(values, 'data');
  if (data === undefined) {
    throw new UsageError('--data is missing: a folder with the files of CIFAR-10, or built-in');
  }
  if (out === undefined) throw new UsageError('--out is missing: the folder for the files of the run');
  const runtime = text(values, 'runtime') ?? 'browser';
  if (runtime !== 'browser' && runtime !== 'node') {
    throw new UsageError(`--runtime ${runtime}: expected browser or node`);
  }
  return {
    data,
    out,
    runtime,
    overwrite: values['overwrite'] === true,
    json: values['json'] === true,
    init: text(values, 'init'),
    pytorch: values['pytorch'] === true,
    maxSteps: wholeNumber(values, 'max-steps', 1),
  };
}

function readRamp(values: Values): Ramp {
  const start = rate(values, 'start') ?? defaultFinderSettings.start;
  const end = rate(values, 'end') ?? defaultFinderSettings.end;
  if (start >= end) throw new UsageError(`--start ${start}: must be below --end ${end}`);
  const steps = wholeNumber(values, 'steps', 2);
  const images = wholeNumber(values, 'images', 2);
  if (steps !== undefined && images !== undefined) {
    throw new UsageError('--steps and --images both set the length of the ramp: leave out one');
  }
  return { start, end, steps, images };
}

/**
 * The ramp for one batch size.
 * @throws {UsageError} when its images make less than two batches.
 */
export function finderSettings({ start, end, steps, images }: Ramp, batchSize: number): FinderSettings {
  if (images === undefined) return { start, end, steps: steps ?? defaultFinderSettings.steps };
  const batches = Math.floor(images / batchSize);
  if (batches < 2)
    throw new UsageError(`--images ${images}: the ramp needs at least 2 batches of ${batchSize}`);
  return { start, end, steps: batches };
}

function text(values: Values, option: string): string | undefined {
  const value = values[option];
  if (value === '') throw new UsageError(`--${option} is empty`);
  return typeof value === 'string' ? value : undefined;
}

function rate(values: Values, option: string): number | undefined {
  const given = text(values, option);
  if (given === undefined) return undefined;
  const value = parseNumber(given);
  if (!(value > 0 && value <= 1000)) {
    throw new UsageError(`--${option} ${given}: expected a learning rate above 0, at most 1000`);
  }
  return value;
}

function wholeNumber(values: Values, option: string, min: number): number | undefined {
  const given = text(values, option);
  if (given === undefined) return undefined;
  const value = parseNumber(given);
  if (!(Number.isSafeInteger(value) && value >= min)) {
    throw new UsageError(`--${option} ${given}: expected a whole number from ${min} on`);
  }
  return value;
}
