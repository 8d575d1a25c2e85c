import { describe, expect, it } from 'vitest';
import { defaultExperiment, parameterNames, settingOf } from '#domain/parameters.ts';
import { helpText } from './help.ts';
import { finderSettings, optionName, otherOptions, parseCommand } from './options.ts';
import { UsageError } from './usageError.ts';

const NEEDED = ['--data', 'built-in', '--out', 'folder'];

function parse(...words: readonly string[]) {
  return parseCommand([...words, ...NEEDED]);
}

function refusal(...words: readonly string[]): string {
  try {
    parseCommand(words);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).message;
  }
  throw new Error(`${words.join(' ')} was accepted`);
}

describe('the command line', () => {
  it('makes the experiment of the issue', () => {
    const words =
      'train --norm bn --ws --batch-size 16 --width 8 --epochs 1 --max-lr 5e-4 --schedule one-cycle --seed 0 --data DIR --out OUT';
    expect(parseCommand(words.split(' '))).toEqual({
      name: 'train',
      experiment: {
        ...defaultExperiment(),
        norm: 'bn',
        ws: true,
        batchSize: 16,
        width: 8,
        epochs: 1,
        maxLearningRate: 5e-4,
        schedule: 'one-cycle',
        seed: 0,
      },
      data: 'DIR',
      out: 'OUT',
      runtime: 'browser',
      overwrite: false,
      json: false,
      init: undefined,
      maxSteps: undefined,
      pytorch: false,
    });
  });

  it.each([
    ['--max-lr=0,05', { maxLearningRate: 0.05 }],
    ['--max-learning-rate 1e-3', { maxLearningRate: 1e-3 }],
    ['--limit-train 640 --limit-valid 100', { trainLimit: 640, validLimit: 100 }],
    ['--train-limit 640', { trainLimit: 640 }],
    ['--ws --no-ws', { ws: false }],
    ['--gradient-clip 1 --ws --ws-gain scaled', { gradientClip: 1, ws: true, wsGain: 'scaled' }],
    [
      '--augmentation crop-flip --optimizer sgd --stem-padding 0',
      { augmentation: 'crop-flip', optimizer: 'sgd', stemPadding: 0 },
    ],
  ])('reads %s', (words, expected) => {
    expect(parse('train', ...words.split(' '))).toMatchObject({
      experiment: { ...defaultExperiment(), ...expected },
    });
  });

  it('takes every setting of the parameter table', () => {
    for (const name of parameterNames) {
      const value = settingOf(defaultExperiment(), name);
      const option = `--${optionName(name)}`;
      const words = typeof value === 'boolean' ? [option] : [option, String(value)];
      const expected = typeof value === 'boolean' ? true : value;
      const command = parse('train', ...words);
      expect(command.name === 'train' && settingOf(command.experiment, name)).toBe(expected);
    }
  });

  it('reads the ramp of a finder, also as a number of images', () => {
    expect(parse('lr-find')).toMatchObject({ finder: { start: 1e-7, end: 10, steps: 100 } });
    expect(parse('lr-find', '--start', '1e-6', '--end', '1', '--steps', '50')).toMatchObject({
      finder: { start: 1e-6, end: 1, steps: 50 },
    });
    expect(parse('lr-find', '--images', '700', '--batch-size', '64')).toMatchObject({
      finder: { steps: 10 },
    });
    expect(() => finderSettings({ start: 1, end: 2, steps: undefined, images: 100 }, 64)).toThrow(
      'at least 2 batches of 64',
    );
  });

  it('continues a run in its own folder unless told otherwise', () => {
    const words = ['train', '--resume', 'old', '--data', 'built-in'];
    expect(parseCommand(words)).toMatchObject({ name: 'resume', from: 'old', out: 'old' });
    expect(parseCommand([...words, '--out', 'new'])).toMatchObject({ from: 'old', out: 'new' });
  });

  it('keeps what the command line says of all arms of a sweep', () => {
    expect(parse('sweep', 'arms.json', '--width', '8', '--max-steps', '5')).toMatchObject({
      name: 'sweep',
      file: 'arms.json',
      base: { width: 8 },
      maxSteps: 5,
    });
  });

  it.each([
    ['frobnicate', 'frobnicate: there is no such command; choose train, lr-find or sweep, or --help'],
    ['train --out x', '--data is missing: a folder with the files of CIFAR-10, or built-in'],
    ['train --data built-in', '--out is missing: the folder for the files of the run'],
    ['train --batch-size 0', '--batch-size 0: expected a whole number from 1 to 512'],
    ['train --batch-size many', '--batch-size many: expected a whole number from 1 to 512'],
    ['train --seed -1', '--seed -1: expected a whole number from 0 to 4,294,967,295'],
    ['train --norm batch', '--norm batch: expected none, bn or gn'],
    ['train --width 12', '--width 12: expected 8, 16, 32 or 64'],
    ['train --max-lr', '--max-lr needs a value'],
    ['train --ws=1', '--ws takes no value'],
    ['train --no-norm', '--no-norm needs a value'],
    ['train --batchsize 16', '--batchsize is no option; did you mean --batch-size?'],
    ['train --frobnicate 1', '--frobnicate is no option; --help lists them'],
    ['train --steps 10', '--steps is no option of train'],
    ['train more', 'more: train takes no such word; options begin with --'],
    ['train --runtime deno --data built-in --out x', '--runtime deno: expected browser or node'],
    ['train --max-steps 0 --data built-in --out x', '--max-steps 0: expected a whole number from 1 on'],
    ['train --data= --out x', '--data is empty'],
    [
      'train --limit-train 8 --batch-size 16 --data built-in --out x',
      'Training images must be 0 (all) or at least one batch of 16.',
    ],
    ['train --resume x --epochs 2', '--resume continues a run with its own settings: leave out --epochs'],
    ['train --resume x --init y', '--resume continues with the weights of the checkpoint: leave out --init'],
    ['lr-find --start 1 --end 0.1 --data built-in --out x', '--start 1: must be below --end 0.1'],
    [
      'lr-find --steps 5 --images 900 --data built-in --out x',
      '--steps and --images both set the length of the ramp: leave out one',
    ],
    ['sweep --data built-in --out x', 'sweep: name the JSON file of its arms, as in: sweep arms.json'],
  ])('refuses “%s” in one line', (words, sentence) => {
    expect(refusal(...words.split(' '))).toBe(sentence);
    expect(sentence).not.toContain('\n');
  });

  it.each([[], ['--help'], ['train', '--help'], ['help'], ['lr-find', '-h']])(
    'asks for help by %j',
    (...words) => {
      expect(parseCommand(words)).toEqual({ name: 'help' });
    },
  );
});

describe('the help', () => {
  it('names every setting, its default and every other option, in lines that fit', () => {
    const text = helpText();
    for (const name of parameterNames) expect(text).toContain(`--${optionName(name)}`);
    for (const { name } of otherOptions) expect(text).toContain(`--${name}`);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });
});
