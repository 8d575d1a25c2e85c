import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findBuildFaults } from './checkBuild.mjs';

let folder = '';
afterEach(() => rmSync(folder, { recursive: true }));

const POLICY = '<meta http-equiv="Content-Security-Policy" content="…">';
const SOUND = {
  'index.html': `${POLICY}<script type="module" src="./assets/page.js"></script>`,
  'assets/page.js':
    'import"./shared.js";new Worker(new URL("train.worker.js",import.meta.url));const d=()=>import("./later.js")',
  'assets/shared.js': 'export{}',
  'assets/later.js': 'export{}',
  'assets/train.worker.js': 'import"./tf.js";import"./loop.js"',
  'assets/loop.js': 'export{}',
  'assets/tf.js': 'const flags="tfjsflags",nextFrame=()=>requestAnimationFrame',
};

function faultsOf(files: Record<string, string>): string[] {
  folder = mkdtempSync(join(tmpdir(), 'normlab-dist-'));
  for (const [name, content] of Object.entries({ ...SOUND, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return findBuildFaults(folder);
}

describe('findBuildFaults', () => {
  it('finds nothing in a sound build', () => {
    expect(faultsOf({})).toEqual([]);
  });

  it.each(['assets/page.js', 'assets/shared.js', 'assets/later.js'])('finds tfjs in %s', (name) => {
    expect(faultsOf({ [name]: `${SOUND[name as keyof typeof SOUND]};"tfjsflags"` })).toEqual([
      `${name}, which the page loads, contains tfjs`,
    ]);
  });

  it('does not pass because tfjs is nowhere', () => {
    expect(faultsOf({ 'assets/tf.js': '' })).toEqual([expect.stringContaining('tfjsflags')]);
  });

  it.each(['requestAnimationFrame', 'nextFrame'])('finds %s in what a worker loads', (call) => {
    expect(faultsOf({ 'assets/loop.js': `${call}(step)` })).toEqual([
      `assets/loop.js, which a worker loads, uses ${call}`,
    ]);
  });

  it.each([
    ['<script>alert(1)</script>', 'an inline script'],
    ['<style>p{}</style>', 'an inline style element'],
    ['<p style="color:red">', 'a style attribute'],
    ['<img onerror="f()">', 'an inline event handler'],
    ['<script src="/assets/page.js"></script>', 'only works at the root'],
    ['<link href="https://cdn.example/x.css">', 'another host'],
  ])('finds %s', (html, fault) => {
    expect(faultsOf({ 'index.html': `${POLICY}${html}`, '/assets/page.js': '' })).toEqual([
      expect.stringContaining(fault),
    ]);
  });

  it('finds a page without a policy', () => {
    expect(faultsOf({ 'index.html': '<script src="./assets/page.js"></script>' })).toEqual([
      'index.html has no security policy',
    ]);
  });
});
