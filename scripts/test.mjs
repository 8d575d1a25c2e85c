// npm test: every check of the project, one stage after another, with a sum at the end.
//   npm test -- [--only STAGE[,STAGE…]]
// The last line is always 'N passed, N failed'. A stage that is no test run counts as one.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBrowser } from './browser.mjs';
import { countPlaywright, countVitest } from './testReports.mjs';

/** @typedef {import('./testReports.mjs').Counts} Counts */

/**
 * @typedef {object} Stage
 * @property {string} name
 * @property {readonly (readonly string[])[]} commands run in order until one fails.
 * @property {number} minutes after which the stage is ended; a hung browser must not hang the run.
 * @property {string} [replaces] removed first, so that what an earlier run left cannot pass for this one's.
 * @property {Readonly<Record<string, string>>} [env]
 * @property {boolean} [needsBrowser]
 * @property {boolean} [isAside] runs beside the stages after it, up to the next that needs a browser alone. Its output
 *   follows when it is done.
 * @property {boolean} [refusesSkips] here a skipped test would hide that nothing was checked.
 * @property {{ file: string, count: (file: string) => Counts }} [report] of a stage that runs tests.
 */

const root = resolve(import.meta.dirname, '..');
const reports = resolve(root, '.cache/test');

/**
 * @param {string} project
 * @param {{ name?: string, which?: readonly string[] }} [part] of its files, as arguments of Vitest.
 */
function vitest(project, { name = project, which = [] } = {}) {
  const file = resolve(reports, `${name}.json`);
  return {
    // Two servers at a time must not write one cache.
    env: { NORMLAB_VITE_CACHE: `node_modules/.vite-${name}` },
    commands: [
      [
        'vitest',
        'run',
        '--project',
        project,
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${file}`,
        ...which,
      ],
    ],
    replaces: file,
    report: { file, count: countVitest },
  };
}

/** Their tests in the browser take half of the time of all of these. */
const ENGINE_FOLDERS = ['src/engine/replay', 'src/train', 'src/worker'];

const besides = { minutes: 30, needsBrowser: true, isAside: true, refusesSkips: true };

/**
 * @param {string[]} which tests, as arguments of Playwright.
 * @returns {Pick<Stage, 'commands' | 'minutes' | 'needsBrowser' | 'replaces' | 'report'>}
 */
function playwright(...which) {
  // Counted before the next stage writes it.
  const file = resolve(reports, 'e2e.json');
  return {
    commands: [['playwright', 'test', ...which]],
    minutes: 30,
    needsBrowser: true,
    replaces: file,
    report: { file, count: countPlaywright },
  };
}

/** @type {readonly Stage[]} */
const stages = [
  // In two browsers at a time: a software adapter compiles on one core alone, whatever there is beside it.
  {
    name: 'browser',
    ...vitest('browser', { which: ENGINE_FOLDERS.flatMap((folder) => ['--exclude', `${folder}/**`]) }),
    ...besides,
  },
  {
    name: 'engine',
    ...vitest('browser', { name: 'engine', which: ENGINE_FOLDERS.map((folder) => `${folder}/`) }),
    ...besides,
  },
  { name: 'format', commands: [['oxfmt', '--check']], minutes: 2 },
  { name: 'lint', commands: [['oxlint', '--deny-warnings']], minutes: 5 },
  { name: 'types', commands: [['tsc', '--build', '--pretty']], minutes: 5 },
  { name: 'unit', ...vitest('unit'), minutes: 10 },
  { name: 'knip', commands: [['knip']], minutes: 2 },
  {
    name: 'build',
    commands: [
      ['vite', 'build'],
      ['node', 'scripts/checkBuild.mjs'],
    ],
    replaces: resolve(root, 'dist'),
    minutes: 5,
  },
  // Two browsers, for the same reason.
  { name: 'e2e', ...playwright('--grep-invert', '@alone', '--workers', '2') },
  { name: 'e2e-alone', ...playwright('--grep', '@alone') },
];

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const wanted = values.only?.split(',');
const unknown = wanted?.filter((name) => stages.every((stage) => stage.name !== name)) ?? [];
if (unknown.length > 0) {
  console.error(
    `--only ${unknown.join(',')}: the stages are ${stages.map((stage) => stage.name).join(', ')}`,
  );
  process.exit(2);
}

/** @type {string | undefined} */
let browser;
/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.on(signal, () => {
    for (const child of running) end(child);
    console.log('interrupted');
    process.exit(130);
  });
}

mkdirSync(reports, { recursive: true });
/** @type {Counts} */
const total = { passed: 0, failed: 0, skipped: [] };
/** @type {string[]} */
const summary = [];
const chosen = stages.filter(({ name }) => !wanted || wanted.includes(name));
/** @type {Promise<void>[]} */
const aside = [];
for (const stage of chosen) {
  if (stage.isAside && chosen.length > 1) {
    aside.push(takeStage(stage));
    continue;
  }
  if (stage.needsBrowser) await Promise.all(aside);
  await takeStage({ ...stage, isAside: false });
}
await Promise.all(aside);
console.log(`\n${summary.join('\n')}\n\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;

/** @param {Stage} stage */
async function takeStage(stage) {
  const heading = `\n── ${stage.name} ${'─'.repeat(60 - stage.name.length)}`;
  console.log(stage.isAside ? `${heading}\nbeside what follows` : heading);
  const start = performance.now();
  const { counts, output } = await runStage(stage);
  if (output !== '') console.log(`${heading}\n${output}`);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  total.passed += counts.passed;
  total.failed += counts.failed;
  const skipped = counts.skipped.length > 0 ? `, ${counts.skipped.length} skipped` : '';
  const outcome = stage.report
    ? `${counts.passed} passed, ${counts.failed} failed${skipped}`
    : counts.failed > 0
      ? 'failed'
      : 'passed';
  summary.push(
    `${counts.failed > 0 ? '✗' : '✓'} ${stage.name.padEnd(9)} ${seconds.padStart(7)} s  ${outcome}`,
  );
  summary.push(...counts.skipped.map((title) => `    skipped: ${title}`));
}

/**
 * @param {Stage} stage
 * @returns {Promise<{ counts: Counts, output: string }>} what a stage that runs aside has written; else it was shown.
 */
async function runStage(stage) {
  /** @type {string[]} */
  const written = [];
  const log = stage.isAside ? (/** @type {string} */ text) => void written.push(text) : undefined;
  const counts = await countsOf(stage, log);
  return { counts, output: written.join('').trim() };
}

/**
 * @param {Stage} stage
 * @param {((text: string) => void) | undefined} log takes what the commands write; else it is shown at once.
 * @returns {Promise<Counts>}
 */
async function countsOf(stage, log) {
  if (stage.needsBrowser) {
    try {
      browser ??= ensureBrowser((line) => console.log(line));
    } catch (error) {
      console.log(error instanceof Error ? error.message : String(error));
      return { passed: 0, failed: 1, skipped: [] };
    }
  }
  if (stage.replaces) rmSync(stage.replaces, { recursive: true, force: true });

  let ok = true;
  for (const command of stage.commands) {
    ok &&= await runCommand(command, stage, log);
  }
  if (!stage.report) return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: [] };

  const counts = stage.report.count(stage.report.file);
  if (stage.refusesSkips && counts.skipped.length > 0) {
    console.log(`${stage.name}: ${counts.skipped.length} tests were skipped, and none may be`);
    counts.failed += counts.skipped.length;
  }
  if (counts.passed + counts.failed === 0) {
    console.log(`${stage.name}: no test ran`);
    counts.failed = 1;
  } else if (!ok && counts.failed === 0) {
    console.log(`${stage.name}: ended with an error outside its tests`);
    counts.failed = 1;
  }
  return counts;
}

/**
 * @param {readonly string[]} words
 * @param {Pick<Stage, 'minutes' | 'env'>} stage
 * @param {((text: string) => void) | undefined} log
 * @returns {Promise<boolean>} whether it ended well and in time.
 */
function runCommand(words, { minutes, env }, log) {
  const [command = '', ...args] = words;
  const bin = resolve(root, 'node_modules/.bin');
  return new Promise((settle) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', log ? 'pipe' : 'inherit', log ? 'pipe' : 'inherit'],
      // A group of its own, so that its browsers end with it. On Windows npm's commands need a shell.
      detached: process.platform !== 'win32',
      shell: process.platform === 'win32',
      env: {
        ...process.env,
        ...env,
        PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
        ...(browser === undefined ? {} : { NORMLAB_BROWSER: browser }),
      },
    });
    running.add(child);
    if (log) {
      for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', log);
    }
    const timer = setTimeout(() => {
      console.log(`${words.join(' ')}: not done after ${minutes} minutes, ended`);
      end(child);
    }, minutes * 60_000);
    /** @param {boolean} ok */
    const done = (ok) => {
      clearTimeout(timer);
      running.delete(child);
      settle(ok);
    };
    child.on('error', (error) => {
      console.log(`${command}: ${error.message}`);
      done(false);
    });
    // What it wrote may come a little later; a browser that outlives it must not keep the pipe open for good.
    child.on('exit', (status) => setTimeout(() => done(status === 0), log ? 500 : 0));
  });
}

/**
 * Ends a process with everything that it started.
 * @param {import('node:child_process').ChildProcess} child
 */
function end(child) {
  if (child.pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}
