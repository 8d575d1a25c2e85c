import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'vite';

/** What the built site is made of. */
const SOURCES = [
  'src',
  'public',
  'index.html',
  'bench.html',
  'lab.html',
  'vite.config.ts',
  'package-lock.json',
];
/** Builds of other sources that were used within this time may still serve another run. */
const KEPT_MS = 24 * 3600_000;

/**
 * The built site of the sources as they are now, in a folder of its own: a build for the page may replace
 * `dist` while a run goes on.
 * @returns path of the folder.
 */
export async function builtSite(root: string, log: (line: string) => void): Promise<string> {
  const cache = resolve(root, '.cache/lab');
  const site = join(cache, `site-${fingerprint(root)}`);
  if (existsSync(site)) return site;
  log('building …');
  mkdirSync(cache, { recursive: true });
  removeOld(cache);
  const unfinished = `${site}.${process.pid}`;
  try {
    await build({ root, logLevel: 'error', build: { outDir: unfinished, emptyOutDir: true } });
    renameSync(unfinished, site);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Another process may have built the same in the meantime.
    if (!existsSync(site)) throw error;
  }
  return site;
}

/** Changes when a source does. */
function fingerprint(root: string): string {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    const path = join(root, source);
    const files = statSync(path).isDirectory()
      ? readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name))
      : [path];
    for (const file of files.filter((name) => !name.includes('.test.')).toSorted()) {
      const { mtimeMs, size } = statSync(file);
      hash.update(`${file} ${mtimeMs} ${size}\n`);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

function removeOld(cache: string): void {
  for (const name of readdirSync(cache)) {
    const path = join(cache, name);
    if (!name.startsWith('site-') || Date.now() - statSync(path).mtimeMs < KEPT_MS) continue;
    rmSync(path, { recursive: true, force: true });
  }
}
