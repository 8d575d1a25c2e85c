import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@playwright/test';
import { unzipSync } from 'fflate';
import { lab } from './commandLine.ts';

/** Of a Python that has PyTorch; Debian's package serves its own Python alone. */
const python = ['python3', '/usr/bin/python3', 'python'].find(
  (name) => spawnSync(name, ['-c', 'import torch, numpy']).status === 0,
);

const arms = [
  { name: 'none', norm: 'none' },
  { name: 'bn', norm: 'bn' },
  { name: 'gn', norm: 'gn', optimizer: 'sgd' },
  { name: 'bn+ws', norm: 'bn', ws: true },
  { name: 'gn+ws', norm: 'gn', ws: true },
  { name: 'clipped', norm: 'gn', ws: true, wsGain: 'scaled', gradientClip: 0.5 },
];

test('the first ten losses are those of train.py, for every normalization', async () => {
  test.skip(python === undefined, 'there is no python3 with PyTorch here');
  const out = test.info().outputPath('sweep');
  mkdirSync(out, { recursive: true });
  writeFileSync(resolve(out, 'arms.json'), JSON.stringify(arms));
  const settings =
    '--batch-size 8 --width 8 --epochs 1 --limit-train 1600 --limit-valid 4 --max-lr 5e-4 --max-steps 10';
  await lab(`sweep ${resolve(out, 'arms.json')} ${settings} --pytorch --out ${out}`);
  for (const { name } of arms) {
    const folder = resolve(out, name, 'pytorch');
    mkdirSync(folder);
    const bundle = unzipSync(readFileSync(resolve(out, name, 'pytorch.zip')));
    for (const [file, content] of Object.entries(bundle)) writeFileSync(resolve(folder, file), content);
    // Status 1 when one of them differs by more than 1e-3.
    const { stdout } = await promisify(execFile)(python!, [resolve(folder, 'train.py'), '--check']);
    expect(stdout.match(/^ +\d+ +\d\.\d+ +\d\.\d+ +/gm)).toHaveLength(10);
    expect(stdout).toContain('Largest relative difference');
    await test.info().attach(`${name}.txt`, { body: stdout });
  }
});
