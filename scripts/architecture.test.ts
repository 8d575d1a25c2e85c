import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const src = join(root, 'src');

interface Override {
  readonly files: readonly string[];
  readonly rules: {
    readonly 'no-restricted-imports'?:
      | 'off'
      | readonly [string, { patterns: readonly { group: readonly string[] }[] }];
  };
}

/** Folder to the folders that it may import, itself left out, in order of the alphabet. */
type Layers = Record<string, string[]>;

/** The rows of docs/architecture.md: `| \`folder\` | runs in | what it is | may import |`. */
function documentedLayers(): Layers {
  const text = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `(\w+)` \|.*\| ([^|]+) \|$/gm)];
  return Object.fromEntries(
    rows.map(([, folder = '', imports = '']) => [
      folder,
      [...imports.matchAll(/`(\w+)`/g)].map((match) => match[1] ?? '').toSorted(),
    ]),
  );
}

/** The overrides of .oxlintrc.jsonc for `src/folder/**`: everything is refused but the names after `!`. */
function lintedLayers(): Layers {
  const text = readFileSync(join(root, '.oxlintrc.jsonc'), 'utf8').replaceAll(/^\s*\/\/.*$/gm, '');
  const { overrides } = JSON.parse(text) as { overrides: readonly Override[] };
  const layers: Layers = {};
  for (const { files, rules } of overrides) {
    const folder = /^src\/(\w+)\/\*\*$/.exec(files[0] ?? '')?.[1];
    const rule = rules['no-restricted-imports'];
    if (!folder || !Array.isArray(rule)) continue;
    const group: readonly string[] = rule[1].patterns[0].group;
    expect(group[0]).toBe('#*/**');
    const allowed = group.flatMap((pattern) => /^!#(\w+)\/\*\*$/.exec(pattern)?.[1] ?? []);
    layers[folder] = allowed.filter((name) => name !== folder).toSorted();
  }
  return layers;
}

/** What ships: the linter lets tests import anything. */
function sourceFiles(): string[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => /\.tsx?$/.test(name) && !name.includes('.test.'));
}

describe('the layer rule', () => {
  it('is the same in the document and in the linter', () => {
    expect(documentedLayers()).toEqual(lintedLayers());
  });

  it('names every folder of src', () => {
    const folders = readdirSync(src, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(Object.keys(lintedLayers())).toEqual(expect.arrayContaining(folders.map((entry) => entry.name)));
  });

  it('has no cycle', () => {
    const layers = lintedLayers();
    const visit = (folder: string, path: readonly string[]): void => {
      expect(path, `${folder} imports itself`).not.toContain(folder);
      for (const next of layers[folder] ?? []) visit(next, [...path, folder]);
    };
    for (const folder of Object.keys(layers)) visit(folder, []);
  });

  // The linter matches `#folder/` only, so a relative import must not leave its folder. (A worker is started by
  // its address, which is no import.)
  it('is not passed by with relative imports', () => {
    const leaving = sourceFiles().flatMap((name) => {
      const text = readFileSync(join(src, name), 'utf8');
      const imports = text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.{1,2}\/[^']+)'/g);
      return [...imports]
        .map((match) => posix.join(posix.dirname(name), match[1] ?? ''))
        .filter((target) => name.includes('/') && target.split('/')[0] !== name.split('/')[0])
        .map((target) => `${name} imports ${target}`);
    });
    expect(leaving).toEqual([]);
  });
});
