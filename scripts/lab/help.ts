import { parameterNames, parameters, type ParameterName } from '#domain/parameters.ts';
import { optionName, otherOptions } from './options.ts';

const WIDTH = 100;
const INDENT = 30;

/** Everything that `--help` says. */
export function helpText(): string {
  return [
    'npm run lab: trains from the command line, with the engine of the page.',
    '',
    '  npm run lab -- train   --data DIR --out DIR [settings]   trains',
    '  npm run lab -- train   --resume DIR --data DIR           continues a run from its checkpoint',
    '  npm run lab -- lr-find --data DIR --out DIR [settings]   a learning-rate finder',
    '  npm run lab -- sweep FILE.json --data DIR --out DIR      several runs, in folders of --out',
    '',
    'Settings, the same as on the page:',
    ...parameterNames.flatMap((name) => entry(settingHead(name), settingText(name))),
    '',
    'Options:',
    ...otherOptions.flatMap(({ name, value, what, of }) =>
      entry(`--${name}${value ? ` ${value}` : ''}`, of.length === 3 ? what : `${what} (${of.join(', ')})`),
    ),
    '',
    ...paragraph(
      'The file of a sweep is a list of arms, such as [{ "norm": "bn" }, { "norm": "gn", "ws": true, "name": "ours" }], or { "command": "train" or "lr-find", "seeds": [0, 1, 2], "arms": [...] }. An arm has settings under the names that run.json has; what it leaves out comes from the command line, then from the defaults.',
    ),
    '',
    'Files in --out:',
    ...entry(
      'run.json',
      'The run in the export format of the page, which imports it: configuration, device, every step, epochs.',
    ),
    ...entry('metrics.csv', 'One line per step.'),
    ...entry('init.safetensors', 'The weights that it started from, under the names of torchvision.'),
    ...entry('model.safetensors', 'The weights and running statistics at its end.'),
    ...entry('checkpoint.bin', 'What --resume continues from; written while training, too.'),
    ...entry('pytorch.zip', 'With --pytorch.'),
    '',
    'Exit status:',
    ...entry('0', 'The run ended as it should, or diverged, which is a result: its status is in run.json.'),
    ...entry('1', 'The run failed.'),
    ...entry('2', 'Wrong arguments, missing data or no browser; one line on stderr says which.'),
    ...entry('130', 'Interrupted (Ctrl+C); the checkpoint is written. A second Ctrl+C ends it at once.'),
    '',
    ...paragraph(
      'Environment: NORMLAB_BROWSER, path of a Chrome or Chromium; NORMLAB_GPU=hardware, the graphics card instead of the software adapter.',
    ),
  ].join('\n');
}

function settingHead(name: ParameterName): string {
  const parameter = parameters[name];
  if (parameter.kind === 'switch') return `--${optionName(name)}, --no-${optionName(name)}`;
  if (parameter.kind === 'choice') {
    return `--${optionName(name)} ${parameter.options.map(({ value }) => String(value)).join('|')}`;
  }
  return `--${optionName(name)} ${parameter.integer ? 'N' : 'X'}`;
}

function settingText(name: ParameterName): string {
  const parameter = parameters[name];
  if (parameter.kind === 'switch') return `${parameter.what} Default ${parameter.default ? 'on' : 'off'}.`;
  if (parameter.kind === 'choice') return `${parameter.what} Default ${String(parameter.default)}.`;
  return `${parameter.what} From ${parameter.min} to ${parameter.max}. Default ${parameter.default}.`;
}

/** A head in the left column and its text in the right one. */
function entry(head: string, text: string): string[] {
  const lines = wrap(text, WIDTH - INDENT);
  const left = `  ${head}`;
  const [first = ''] = lines;
  const start = left.length < INDENT - 1 ? [left.padEnd(INDENT) + first] : [left, ' '.repeat(INDENT) + first];
  return [...start, ...lines.slice(1).map((line) => ' '.repeat(INDENT) + line)];
}

function paragraph(text: string): string[] {
  return wrap(text, WIDTH);
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return line ? [...lines, line] : lines;
}
