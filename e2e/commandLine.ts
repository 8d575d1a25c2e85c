import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const root = resolve(import.meta.dirname, '..');
const sample = resolve(root, '../shared/data/cifar10');

/** Arguments for Node that run `npm run lab` on the CIFAR-10 sample, or on the built-in set where there is none. */
export function commandLine(words: string): string[] {
  const data = existsSync(sample) ? sample : 'built-in';
  return [resolve(root, 'scripts/lab.mjs'), ...words.split(' '), '--data', data];
}

/** Runs `npm run lab` and returns what it wrote to stdout. */
export async function lab(words: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, commandLine(words));
  return stdout;
}
