// Asserts what the type checker cannot see about dist/: nothing inline, nothing absolute, no tfjs in what the page
// itself loads, and nothing in the workers that waits for frames, which a hidden tab has none of.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A string that tfjs-core keeps through minification: the address parameter that sets its flags. */
const TFJS_MARK = 'tfjsflags';

/**
 * @param {string} dist
 * @returns {string[]} what is wrong, in sentences; empty when all is well.
 */
export function findBuildFaults(dist) {
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' });
  const faults = files
    .filter((name) => name.endsWith('.html'))
    .flatMap((name) => htmlFaults(name, read(dist, name)));

  const scripts = [...read(dist, 'index.html').matchAll(/<script[^>]*\ssrc="([^"]+)"/gi)];
  const page = reachable(
    dist,
    scripts.map((match) => posix.normalize(match[1] ?? '')),
  );
  for (const name of page) {
    if (read(dist, name).includes(TFJS_MARK)) faults.push(`${name}, which the page loads, contains tfjs`);
  }
  // Otherwise the check above would pass because tfjs had changed, not because the page is free of it.
  if (!files.some((name) => name.endsWith('.js') && read(dist, name).includes(TFJS_MARK))) {
    faults.push(`no script of the build contains '${TFJS_MARK}': is tfjs still in the worker?`);
  }
  const workers = files.filter((name) => /\.worker\b[^/]*\.js$/.test(name));
  if (workers.length === 0) faults.push('the build has no worker');
  for (const name of reachable(dist, workers)) {
    const text = read(dist, name);
    // tfjs has it in `nextFrame`, which nothing of ours calls.
    const calls = text.includes(TFJS_MARK) ? [] : ['requestAnimationFrame', 'nextFrame'];
    for (const call of calls.filter((word) => text.includes(word))) {
      faults.push(`${name}, which a worker loads, uses ${call}`);
    }
  }
  return faults;
}

/** What no page of the build may have. */
const UNWANTED = /** @type {const} */ ([
  [/<script(?![^>]*\ssrc=)[^>]*>/i, 'an inline script'],
  [/<style/i, 'an inline style element'],
  [/<[^>]+\sstyle=/i, 'a style attribute'],
  [/<[^>]+\son[a-z]+=/i, 'an inline event handler'],
  [/\s(?:src|href)="\//i, 'an address that only works at the root of a host'],
  [/\s(?:src|href)="https?:/i, 'an address on another host'],
]);

/**
 * @param {string} name
 * @param {string} html
 * @returns {string[]}
 */
function htmlFaults(name, html) {
  const faults = [];
  if (!html.includes('http-equiv="Content-Security-Policy"')) faults.push(`${name} has no security policy`);
  for (const [pattern, what] of UNWANTED) {
    const match = pattern.exec(html);
    if (match) faults.push(`${name} has ${what}: ${match[0].trim()}`);
  }
  return faults;
}

/**
 * Scripts that the given ones import, statically or dynamically, with themselves. A worker is started, not
 * imported, so it does not count.
 * @param {string} dist
 * @param {readonly string[]} scripts paths in dist.
 */
function reachable(dist, scripts) {
  const seen = new Set(scripts);
  for (const name of seen) {
    for (const match of read(dist, name).matchAll(
      /(?:\bfrom|\bimport)\s*\(?\s*["'`](\.{1,2}\/[^"'`]+\.js)["'`]/g,
    )) {
      seen.add(posix.join(posix.dirname(name), match[1] ?? ''));
    }
  }
  return seen;
}

/**
 * @param {string} dist
 * @param {string} name
 */
function read(dist, name) {
  return readFileSync(join(dist, name), 'utf8');
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const faults = findBuildFaults(resolve(dirname(process.argv[1]), '../dist'));
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exitCode = 1;
  else console.log('dist: nothing inline, nothing absolute, no tfjs in the page, no frames in the workers');
}
