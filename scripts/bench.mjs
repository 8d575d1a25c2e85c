// npm run bench: times a training step of NormLab and of stock TensorFlow.js, same network, same numbers.
//   npm run bench -- [--cases w16b16,w16b2] [--norms bn,bn+ws] [--steps 20] [--budget 20] [--limit 300]
//                    [--no-stock] [--runtime browser|node] [--out bench-results/latest.json]
// A case is width and batch size. 'in a row': milliseconds per step where several are submitted at once, as training
// does with short ones; images/s and GFLOP/s are by that time. The budget, in seconds, bounds the timed steps of a system in a case once every
// arm has two. What would take longer than the limit, in seconds, even so is left out and named: cases by the
// fastest GFLOP/s before, and stock tfjs arm by arm. The adapter is SwiftShader unless NORMLAB_GPU=hardware.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'vite';
import { openSite } from './openSite.mjs';

/** @typedef {import('../src/bench/compare.ts').BenchRow} BenchRow */
/** @typedef {import('../src/bench/compare.ts').Comparison} Comparison */
/** @typedef {import('../src/domain/benchmark.ts').BenchmarkArm} BenchmarkArm */
/** @typedef {import('../src/bench/compare.ts').CompareOptions} CompareOptions */

/** From small to large, so that what is too long for the adapter is known from what came before. */
const ALL_CASES = 'w16b2,w16b16,w64b2,w16b64,w64b16,w16b256,w64b64,w64b256';
/** The first step and the fewest that a median is taken over. */
const FEWEST_STEPS = 3;

const root = resolve(import.meta.dirname, '..');
const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: ALL_CASES },
    norms: { type: 'string', default: 'none,bn,gn,bn+ws,gn+ws' },
    steps: { type: 'string', default: '20' },
    budget: { type: 'string', default: '60' },
    limit: { type: 'string', default: '300' },
    'no-stock': { type: 'boolean', default: false },
    runtime: { type: 'string', default: 'browser' },
    out: { type: 'string', default: 'bench-results/latest.json' },
  },
});

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}

async function main() {
  const arms = values.norms.split(',').map(parseArm);
  const cases = values.cases.split(',').map(parseCase);
  const bench = await openRuntime();
  /** @type {BenchRow[]} */
  const rows = [];
  /** @type {string[]} */
  const leftOut = [];
  /** @type {Record<string, number>} */
  const tuningMs = {};
  let adapter = '';
  try {
    for (const { width, batch } of cases) {
      const name = `w${width}b${batch}`;
      const needed = secondsNeeded(rows, 'NormLab', { width, batch }) * arms.length;
      if (needed > positive('limit', values.limit)) {
        leftOut.push(`${name}: ${FEWEST_STEPS} steps of ${arms.length} arms would take ${inMinutes(needed)}`);
        continue;
      }
      const stockArms = values['no-stock'] ? [] : stockArmsWithin(rows, arms, { width, batch });
      const missing = arms.filter((arm) => !stockArms.includes(arm)).map(armTitle);
      if (missing.length > 0 && !values['no-stock']) {
        leftOut.push(`${name}: stock tfjs, ${missing.join(', ')}`);
      }
      console.error(`width ${width}, batch ${batch} …`);
      const common = {
        width,
        batch,
        steps: positive('steps', values.steps),
        budgetMs: positive('budget', values.budget) * 1000,
      };
      // Apart, so that what one of the systems cannot do leaves the figures of the other.
      for (const part of [
        { arms, stockArms: [] },
        { arms: [], stockArms },
      ]) {
        if (part.arms.length + part.stockArms.length === 0) continue;
        try {
          const result = await bench.compare({ ...common, ...part });
          adapter = result.adapter;
          rows.push(...result.rows);
          if (result.tuningMs !== undefined) tuningMs[name] = result.tuningMs;
        } catch (error) {
          const system = part.arms.length > 0 ? 'NormLab' : 'stock tfjs';
          const reason = (error instanceof Error ? error.message : String(error)).split('\n')[0];
          leftOut.push(`${name}: ${system} failed: ${reason}`);
          process.exitCode = 1;
        }
      }
      write(rows, leftOut, tuningMs, adapter, bench.runtime);
    }
  } finally {
    await bench.close();
  }
  if (rows.length === 0) throw new Error(`Nothing was measured. ${leftOut.join('. ')}`);
  write(rows, leftOut, tuningMs, adapter, bench.runtime);
  print(rows, adapter, bench.runtime);
  for (const [name, ms] of Object.entries(tuningMs)) {
    if (ms >= 1)
      console.log(
        `tiles and tunings of ${name} chosen in ${(ms / 1000).toFixed(1)} s, before its first step`,
      );
  }
  for (const line of leftOut) console.log(`left out: ${line}`);
  console.log(`\nwritten to ${values.out}`);
}

/**
 * @param {BenchRow[]} rows
 * @param {string[]} leftOut
 * @param {Record<string, number>} tuningMs by case
 * @param {string} adapter
 * @param {string} runtime
 */
function write(rows, leftOut, tuningMs, adapter, runtime) {
  const out = resolve(root, values.out);
  mkdirSync(dirname(out), { recursive: true });
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
  const at = new Date().toISOString();
  const withRatios = rows.map((row) => ({ ...row, overStock: overStock(row, rows) }));
  const content = { schema: 1, at, machine, runtime, adapter, leftOut, tuningMs, rows: withRatios };
  writeFileSync(out, JSON.stringify(content, null, 1));
}

/**
 * How many times as fast as stock tfjs's the row's step is; undefined where that was not measured.
 * @param {BenchRow} row
 * @param {BenchRow[]} rows
 */
function overStock(row, rows) {
  const stock = rows.find(
    ({ system, width, batch, norm, ws }) =>
      system !== row.system &&
      system === 'stock tfjs' &&
      width === row.width &&
      batch === row.batch &&
      norm === row.norm &&
      ws === row.ws,
  );
  return stock && stock.ms / row.ms;
}

/**
 * What the fewest steps of one arm will take by the best rate measured so far, in seconds; 0 before anything was.
 * @param {BenchRow[]} rows
 * @param {BenchRow['system']} system
 * @param {{ width: number, batch: number }} wanted
 */
function secondsNeeded(rows, system, { width, batch }) {
  const work = (/** @type {{ width: number, batch: number }} */ one) => one.width ** 2 * one.batch;
  const rates = rows.filter((row) => row.system === system).map((row) => work(row) / row.ms);
  return rates.length === 0 ? 0 : (FEWEST_STEPS * work({ width, batch })) / Math.max(...rates) / 1000;
}

/**
 * The arms of stock tfjs that fit the limit: BN and BN+WS first, which the ratio and the overhead are of.
 * @param {BenchRow[]} rows
 * @param {BenchmarkArm[]} arms
 * @param {{ width: number, batch: number }} wanted
 */
function stockArmsWithin(rows, arms, wanted) {
  const isFirst = (/** @type {BenchmarkArm} */ { norm }) => Number(norm === 'bn');
  const each = secondsNeeded(rows, 'stock tfjs', wanted);
  const room = each === 0 ? arms.length : Math.floor(positive('limit', values.limit) / each);
  return arms.toSorted((a, b) => isFirst(b) - isFirst(a)).slice(0, room);
}

/** @param {number} seconds */
function inMinutes(seconds) {
  return `${Math.round(seconds / 60)} min`;
}

/** @returns {Promise<{ compare(options: CompareOptions): Promise<Comparison>, close(): Promise<void>, runtime: string }>} */
async function openRuntime() {
  if (values.runtime === 'node') return openNode();
  if (values.runtime !== 'browser') throw new Error(`--runtime ${values.runtime}: expected browser or node`);
  const { browser, url, close } = await openSite();
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(error.message));
  await page.goto(new URL('bench.html', url).href);
  await page.waitForFunction('globalThis.compare');
  page.setDefaultTimeout(0);
  return {
    runtime: `Chromium ${browser.version()}`,
    compare: (options) => page.evaluate((given) => /** @type {any} */ (globalThis).compare(given), options),
    close,
  };
}

/** Dawn in this process, over whatever Vulkan, Metal or D3D driver there is. */
async function openNode() {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const gpu = create([]);
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  // tfjs asks whether it runs in a worker before it uses WebGPU.
  Object.assign(globalThis, { self: globalThis, WorkerGlobalScope: function WorkerGlobalScope() {} });
  const outDir = resolve(root, '.cache/bench-node');
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    build: { ssr: resolve(root, 'src/bench/node.ts'), outDir, emptyOutDir: true, target: 'node20' },
    ssr: { noExternal: true },
  });
  const { compareInNode } = await import(`file://${outDir}/node.js`);
  return { runtime: `Dawn in Node ${process.version}`, compare: compareInNode, close: async () => {} };
}

/**
 * @param {BenchRow[]} rows
 * @param {string} adapter
 * @param {string} runtime
 */
function print(rows, adapter, runtime) {
  console.log(`\n${runtime}, ${adapter || 'unnamed adapter'}\n`);
  const heads = [
    'case',
    'arm',
    'system',
    'ms/step',
    'in a row',
    'images/s',
    'GFLOP/s',
    'x stock',
    'WS/plain',
    'issue ms',
    'dispatches',
    'submits',
    'first step',
    'GPU MB',
    'steps',
  ];
  const lines = rows.map((row) => {
    return [
      `w${row.width}b${row.batch}`,
      armTitle(row),
      row.system,
      digits(row.ms),
      row.streamMs === undefined ? '' : digits(row.streamMs),
      row.imagesPerSecond.toFixed(1),
      row.gflops.toFixed(2),
      overStock(row, rows)?.toFixed(1) ?? '',
      row.overPlain?.toFixed(3) ?? '',
      row.issueMs.toFixed(2),
      String(row.dispatches),
      String(row.submits),
      `${(row.firstStepMs / 1000).toFixed(1)} s`,
      row.gpuBytes === undefined ? '' : (row.gpuBytes / 1e6).toFixed(0),
      String(row.stepCount),
    ];
  });
  const widths = heads.map((head, i) => Math.max(head.length, ...lines.map((line) => line[i]?.length ?? 0)));
  for (const line of [heads, ...lines]) {
    console.log(
      line.map((cell, i) => (i < 3 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    );
  }
}

/** @param {number} ms */
function digits(ms) {
  return ms.toFixed(ms < 10 ? 2 : 0);
}

/** @param {BenchmarkArm} arm */
function armTitle({ norm, ws }) {
  return ws ? `${norm}+ws` : norm;
}

/** @param {string} text */
function parseArm(text) {
  const match = /^(none|bn|gn)(\+ws)?$/.exec(text);
  if (!match) throw new Error(`--norms ${text}: expected none, bn or gn, each with or without +ws`);
  return { norm: /** @type {'none' | 'bn' | 'gn'} */ (match[1]), ws: match[2] !== undefined };
}

/** @param {string} text */
function parseCase(text) {
  const match = /^w(\d+)b(\d+)$/.exec(text);
  if (!match) throw new Error(`--cases ${text}: expected width and batch size, such as w16b2`);
  return { width: Number(match[1]), batch: Number(match[2]) };
}

/**
 * @param {string} name
 * @param {string} text
 */
function positive(name, text) {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} ${text}: expected a number above zero`);
  return value;
}
