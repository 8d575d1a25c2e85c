import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const script = resolve(import.meta.dirname, '../lab.mjs');
const folder = mkdtempSync(join(tmpdir(), 'normlab-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

function lab(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...words], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
}

describe('npm run lab', () => {
  it('says everything with --help, on stdout', () => {
    const { status, stdout, stderr } = lab(['--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^npm run lab: trains from the command line/);
  });

  writeFileSync(join(folder, 'arms.json'), '[{"norm": "in"}]');
  const run = ['--data', 'built-in', '--out', 'out'];
  it.each([
    { words: ['train', '--norm', 'in', ...run], line: '--norm in: expected none, bn or gn' },
    {
      words: ['train', '--data', 'nowhere', '--out', 'out'],
      line: '--data nowhere: there is no such folder or file',
    },
    {
      words: ['sweep', 'arms.json', ...run],
      line: 'arms.json: arm 1: Normalization must be none, bn or gn.',
    },
    {
      words: ['train', ...run],
      env: { NORMLAB_BROWSER: '/nowhere/chrome' },
      line: 'NORMLAB_BROWSER names /nowhere/chrome, which does not exist',
    },
  ])('ends with status 2 and the line “$line”', ({ words, line, env = {} }) => {
    expect(lab(words, env)).toEqual({ status: 2, stdout: '', stderr: `${line}\n` });
  });
});
