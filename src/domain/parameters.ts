import type { Augmentation, Experiment, Norm, OptimizerName, ScheduleName, WsGain } from './experiment.ts';

interface ParameterTexts {
  readonly label: string;
  /** One line for the form: what it does. */
  readonly what: string;
  /** Where the default comes from. */
  readonly source: string;
}

export interface NumberParameter extends ParameterTexts {
  readonly kind: 'number';
  readonly unit: string;
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly integer: boolean;
  /** Values that the form offers one click away. */
  readonly quick: readonly number[];
}

export interface ChoiceOption<Value> {
  readonly value: Value;
  readonly label: string;
  readonly what: string;
}

export interface ChoiceParameter<Value> extends ParameterTexts {
  readonly kind: 'choice';
  readonly default: Value;
  readonly options: readonly ChoiceOption<Value>[];
}

export interface SwitchParameter extends ParameterTexts {
  readonly kind: 'switch';
  readonly default: boolean;
}

export type ParameterName = keyof Experiment;

/** Names of the parameters that are typed as numbers. */
export type NumberParameterName = {
  [Name in ParameterName]: ParameterTable[Name] extends NumberParameter ? Name : never;
}[ParameterName];

/** One specification per field of `Experiment`. */
export interface ParameterTable {
  readonly norm: ChoiceParameter<Norm>;
  readonly ws: SwitchParameter;
  readonly batchSize: NumberParameter;
  readonly width: ChoiceParameter<number>;
  readonly stemPadding: ChoiceParameter<number>;
  readonly optimizer: ChoiceParameter<OptimizerName>;
  readonly schedule: ChoiceParameter<ScheduleName>;
  readonly maxLearningRate: NumberParameter;
  readonly weightDecay: NumberParameter;
  readonly momentum: NumberParameter;
  readonly epochs: NumberParameter;
  readonly seed: NumberParameter;
  readonly augmentation: ChoiceParameter<Augmentation>;
  readonly trainLimit: NumberParameter;
  readonly validLimit: NumberParameter;
  readonly gradientClip: NumberParameter;
  readonly wsGain: ChoiceParameter<WsGain>;
}

/**
 * Every hyperparameter of an experiment. Form, validation, defaults, addresses, command line and export all
 * follow from this table; nothing else in the app knows a range or a default.
 */
export const parameters: ParameterTable = {
  norm: {
    kind: 'choice',
    label: 'Normalization',
    what: 'What follows every convolution.',
    source: 'The post this lab re-examines trains BN.',
    default: 'bn',
    options: [
      { value: 'none', label: 'None', what: 'No normalization: the bare network.' },
      {
        value: 'bn',
        label: 'BN',
        what: 'Batch normalization: each channel by the mean and variance of the batch; running averages in evaluation.',
      },
      {
        value: 'gn',
        label: 'GN',
        what: 'Group normalization: each image by itself, channels in up to 32 groups; the same in training and evaluation.',
      },
    ],
  },
  ws: {
    kind: 'switch',
    label: 'Weight Standardization',
    what: 'Every filter is used with its mean removed and its deviation set to one.',
    source: 'Off in the baseline; the method is Qiao et al. 2019, arXiv:1903.10520.',
    default: false,
  },
  batchSize: {
    kind: 'number',
    label: 'Batch size',
    what: 'Images per step, and per BN statistic.',
    unit: 'images',
    source: 'The post ran 64, 2 and 256.',
    default: 64,
    min: 1,
    max: 512,
    integer: true,
    quick: [2, 64, 256],
  },
  width: {
    kind: 'choice',
    label: 'Width',
    what: 'Channels of the first stage; 64 is the real ResNet-18.',
    source: '16 costs a sixteenth of the real network and shows the same effects.',
    default: 16,
    options: [
      { value: 8, label: '8', what: 'About 1/64 of the work of the real ResNet-18.' },
      { value: 16, label: '16', what: 'About 1/16 of the work of the real ResNet-18.' },
      { value: 32, label: '32', what: 'About 1/4 of the work of the real ResNet-18.' },
      { value: 64, label: '64', what: 'The real ResNet-18, as in the post.' },
    ],
  },
  stemPadding: {
    kind: 'choice',
    label: 'Stem padding',
    what: 'Zero border around the image before the first convolution.',
    source: '1 keeps 32×32 maps, as CIFAR ResNets do; the notebook of the post has 0.',
    default: 1,
    options: [
      { value: 1, label: '1', what: 'Maps of 32×32 pixels in the first stage.' },
      { value: 0, label: '0', what: 'As in the notebook: maps of 30×30 pixels in the first stage.' },
    ],
  },
  optimizer: {
    kind: 'choice',
    label: 'Optimizer',
    what: 'How a gradient becomes a step.',
    source: 'AdamW is the default of fastai v1, which the post used.',
    default: 'adamw',
    options: [
      {
        value: 'adamw',
        label: 'AdamW',
        what: 'Adam with decoupled weight decay, β₂ = 0.99, ε = 1e-8, as in fastai v1.',
      },
      { value: 'sgd', label: 'SGD', what: 'Gradient descent with momentum and L2 decay, as in PyTorch.' },
    ],
  },
  schedule: {
    kind: 'choice',
    label: 'Schedule',
    what: 'How learning rate and momentum move over the run.',
    source: 'One-cycle as in fastai v1, which the post used; Smith 2018, arXiv:1803.09820.',
    default: 'one-cycle',
    options: [
      {
        value: 'one-cycle',
        label: 'One-cycle',
        what: 'Up from 1/25 of the maximum over 30 % of the steps, then down to 1/250,000; momentum 0.95 → 0.85 → 0.95.',
      },
      { value: 'constant', label: 'Constant', what: 'The same learning rate and momentum at every step.' },
    ],
  },
  maxLearningRate: {
    kind: 'number',
    label: 'Max learning rate',
    what: 'Peak of the schedule. The finder helps to choose it.',
    unit: '',
    source: '5e-4 is what the post read off its finder at batch size 64.',
    default: 5e-4,
    min: 1e-8,
    max: 10,
    integer: false,
    quick: [],
  },
  weightDecay: {
    kind: 'number',
    label: 'Weight decay',
    what: 'Pull of every weight towards zero at each step.',
    unit: '',
    source: '0.01 is the default of fastai v1, norm scales and shifts included.',
    default: 0.01,
    min: 0,
    max: 1,
    integer: false,
    quick: [],
  },
  momentum: {
    kind: 'number',
    label: 'Momentum',
    what: 'SGD’s momentum or AdamW’s β₁, where the schedule does not cycle it.',
    unit: '',
    source: '0.9 is usual for both and fastai’s default.',
    default: 0.9,
    min: 0,
    max: 0.999,
    integer: false,
    quick: [],
  },
  epochs: {
    kind: 'number',
    label: 'Epochs',
    what: 'Passes over the training images; the last partial batch is dropped.',
    unit: '',
    source: 'The post trained 3 epochs at batch size 64.',
    default: 3,
    min: 1,
    max: 200,
    integer: true,
    quick: [],
  },
  seed: {
    kind: 'number',
    label: 'Seed',
    what: 'Decides initial weights, batch order and augmentation: runs of one seed start alike and see the same batches.',
    unit: '',
    source: '0 by convention; the post set none.',
    default: 0,
    min: 0,
    max: 0xffffffff,
    integer: true,
    quick: [],
  },
  augmentation: {
    kind: 'choice',
    label: 'Augmentation',
    what: 'Random changes to each training image.',
    source: 'None, as in the post.',
    default: 'none',
    options: [
      { value: 'none', label: 'None', what: 'Images as they are.' },
      {
        value: 'crop-flip',
        label: 'Crop + flip',
        what: 'Padded by 4 pixels, cropped at random, mirrored at random.',
      },
    ],
  },
  trainLimit: {
    kind: 'number',
    label: 'Training images',
    what: 'Use only the first so many; 0 means all.',
    unit: 'images',
    source: 'The whole set, as in the post.',
    default: 0,
    min: 0,
    max: 1_000_000,
    integer: true,
    quick: [],
  },
  validLimit: {
    kind: 'number',
    label: 'Validation images',
    what: 'Use only the first so many; 0 means all.',
    unit: 'images',
    source: 'The whole set, as in the post.',
    default: 0,
    min: 0,
    max: 1_000_000,
    integer: true,
    quick: [],
  },
  gradientClip: {
    kind: 'number',
    label: 'Gradient clip',
    what: 'Largest norm of all gradients together; a larger one is scaled down to it. 0 means off.',
    unit: '',
    source: 'Off, as in the post; 1 is usual where gradients explode.',
    default: 0,
    min: 0,
    max: 1_000_000,
    integer: false,
    quick: [],
  },
  wsGain: {
    kind: 'choice',
    label: 'WS gain',
    what: 'Deviation of standardized filters, where there is Weight Standardization.',
    source: 'One, as in Qiao et al. 2019; Scaled WS is of Brock et al. 2021, arXiv:2101.08692.',
    default: 'unit',
    options: [
      { value: 'unit', label: '1', what: 'Filters have a deviation of one, whatever their fan-in.' },
      {
        value: 'scaled',
        label: 'Scaled',
        what: 'Filters have a deviation of 1.71 / √fan-in, so that a convolution behind a ReLU leaves the size of activations as it is.',
      },
    ],
  },
};

export const parameterNames: readonly ParameterName[] = Object.freeze(
  Object.keys(parameters) as ParameterName[], // exactly the keys of `ParameterTable`
);

/**
 * Settings that came after the first kept runs. An experiment leaves them out where they have their default, so that
 * what was kept, shared and named before is what it was.
 */
const optionalNames = ['gradientClip', 'wsGain'] as const satisfies readonly ParameterName[];

function isOptional(name: ParameterName): boolean {
  return optionalNames.some((optional) => optional === name);
}

/** What an experiment has of a setting, also where it leaves it out. */
export function settingOf<Name extends ParameterName>(
  experiment: Experiment,
  name: Name,
): NonNullable<Experiment[Name]> {
  // The default of a parameter is of the type of its field.
  return (experiment[name] ?? parameters[name].default) as NonNullable<Experiment[Name]>;
}

/** What a value of a choice is called; undefined for what is no choice or none of its values. */
export function choiceLabel(name: ParameterName, value: unknown): string | undefined {
  const parameter = parameters[name];
  if (parameter.kind !== 'choice') return undefined;
  const options: readonly ChoiceOption<unknown>[] = parameter.options;
  return options.find((option) => option.value === value)?.label;
}

/** An experiment with changes, without what it may leave out: defaults, and a gain where nothing is standardized. */
export function withSettings(experiment: Experiment, changes: Partial<Experiment>): Experiment {
  const changed = { ...experiment, ...changes };
  for (const name of optionalNames) {
    if (settingOf(changed, name) === parameters[name].default) delete changed[name];
  }
  if (!changed.ws) delete changed.wsGain;
  return changed;
}

/** The settings that are told of experiments: all but those that every one of them leaves out. */
export function settingsOf(experiments: readonly Experiment[]): readonly ParameterName[] {
  return parameterNames.filter(
    (name) => !isOptional(name) || experiments.some((experiment) => experiment[name] !== undefined),
  );
}

/** The experiment that the page opens with. */
export function defaultExperiment(): Experiment {
  return {
    norm: parameters.norm.default,
    ws: parameters.ws.default,
    batchSize: parameters.batchSize.default,
    width: parameters.width.default,
    stemPadding: parameters.stemPadding.default,
    optimizer: parameters.optimizer.default,
    schedule: parameters.schedule.default,
    maxLearningRate: parameters.maxLearningRate.default,
    weightDecay: parameters.weightDecay.default,
    momentum: parameters.momentum.default,
    epochs: parameters.epochs.default,
    seed: parameters.seed.default,
    augmentation: parameters.augmentation.default,
    trainLimit: parameters.trainLimit.default,
    validLimit: parameters.validLimit.default,
  };
}

function spec(name: ParameterName): NumberParameter | SwitchParameter | ChoiceParameter<string | number> {
  return parameters[name];
}

/** What a parameter may be, as the end of a sentence: 'a whole number from 1 to 512'. */
export function allowedValues(name: ParameterName): string {
  const parameter = spec(name);
  if (parameter.kind === 'switch') return 'true or false';
  if (parameter.kind === 'choice') {
    const values = parameter.options.map((option) => String(option.value));
    return `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
  }
  const range = `from ${showNumber(parameter.min)} to ${showNumber(parameter.max)}`;
  return parameter.integer ? `a whole number ${range}` : `a number ${range}`;
}

function showNumber(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en-US');
  return Math.abs(value) < 1e-3 ? value.toExponential() : String(value);
}

/** A sentence that says what is allowed, or undefined when `value` is. */
export function parameterError(name: ParameterName, value: unknown): string | undefined {
  const parameter = spec(name);
  const isAllowed =
    parameter.kind === 'switch'
      ? typeof value === 'boolean'
      : parameter.kind === 'choice'
        ? parameter.options.some((option) => option.value === value)
        : typeof value === 'number' &&
          value >= parameter.min &&
          value <= parameter.max &&
          (!parameter.integer || Number.isInteger(value));
  return isAllowed ? undefined : `${parameter.label} must be ${allowedValues(name)}.`;
}

/** Reads a number as people type it: '5e-4', '0,01', '50 000'. NaN when it is none. */
export function parseNumber(text: string): number {
  const plain = text
    .trim()
    .replaceAll(/(?<=\d)[\s\u00a0_](?=\d{3})/g, '')
    .replace(/^([+-]?\d*),(\d+)$/, '$1.$2');
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : Number.NaN;
}

export type ExperimentCheck =
  | { readonly ok: true; readonly experiment: Experiment }
  | {
      readonly ok: false;
      /** By field: a sentence that says what is allowed. Unknown fields are named too. */
      readonly errors: Readonly<Record<string, string>>;
    };

/** Checks a value from outside (form, address, file, message) and copies the known fields of it. */
export function validateExperiment(value: unknown): ExperimentCheck {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ok: false, errors: { experiment: 'An experiment must be an object of settings.' } };
  }
  const fields = new Map<string, unknown>(Object.entries(value));
  const errors: [string, string][] = [];
  for (const name of parameterNames) {
    if (isOptional(name) && fields.get(name) === undefined) continue;
    const error = parameterError(name, fields.get(name));
    if (error) errors.push([name, error]);
  }
  for (const name of fields.keys()) {
    if (!Object.hasOwn(parameters, name)) errors.push([name, `“${name.slice(0, 40)}” is not a setting.`]);
  }
  const limit = fields.get('trainLimit');
  const batchSize = fields.get('batchSize');
  if (typeof limit === 'number' && typeof batchSize === 'number' && limit > 0 && limit < batchSize) {
    errors.push(['trainLimit', `Training images must be 0 (all) or at least one batch of ${batchSize}.`]);
  }
  if (errors.length > 0) return { ok: false, errors: Object.fromEntries(errors) };
  const known = parameterNames.map((name) => [name, fields.get(name)]);
  // Every field was checked against the table, which has exactly the fields of `Experiment`.
  return { ok: true, experiment: withSettings(Object.fromEntries(known) as Experiment, {}) };
}
