// npm run soak:page: proves that the page, and its worker, keep nothing of runs that are over. Trains short runs
// in the built app, in studies of fifty that are deleted at their end, and counts what is left after each: GPU
// buffers of the worker, JavaScript objects of the page (by a heap snapshot), memory of page and worker, nodes and
// listeners of the page, open files of the browser. Exits with 1 when a count has grown from the second study to the
// last; the first one fills caches.
// With --keep nothing is deleted: what page and worker hold of each kept run is counted, from the second study on, and
// has a limit.
//   npm run soak:page -- [--runs 300] [--each 50] [--keep] [--dist DIR]
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openSite } from './openSite.mjs';

/**
 * What may grow without being kept of a run: compiled code, more of it with every function that turns out to be hot;
 * with it all bytes of page and worker; objects by a hundredth, for caches of libraries; what the browser has open.
 */
const TOLERANCE = {
  'objects of the page': 1.01,
  'bytes of objects of the page': 1.01,
  'bytes of compiled code': 1.5,
  'bytes of page and worker': 1.2,
  'open files': 1.1,
};
/**
 * What one more kept run may add: its record with an epoch and its line in the lists, but no steps, which only the
 * charts' newest runs and a few more hold. About half as much again as a run takes that is drawn as well. GPU memory,
 * listeners and files are no part of a run that is over.
 */
const LIMIT_OF_RUN = {
  'objects of the page': 1_500,
  'bytes of objects of the page': 40_000,
  'nodes of the page': 80,
};
/** Kinds of nodes in a heap snapshot that are neither code nor the browser's own. */
const OBJECTS = new Set([
  'object',
  'closure',
  'array',
  'string',
  'concatenated string',
  'sliced string',
  'number',
  'bigint',
  'symbol',
  'regexp',
  'object shape',
]);

/** A removed run can be brought back for ten seconds. */
const UNDO_MS = 11_000;
const RUN_TIMEOUT_MS = 60_000;

/** Counts buffers in the worker as they are made and destroyed. */
const COUNT_BUFFERS = `{
  const live = new Set();
  globalThis.liveBuffers = () => ({ count: live.size, bytes: [...live].reduce((sum, { size }) => sum + size, 0) });
  const { createBuffer } = GPUDevice.prototype;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    live.add(buffer);
    return buffer;
  };
  const { destroy } = GPUBuffer.prototype;
  GPUBuffer.prototype.destroy = function () {
    live.delete(this);
    return destroy.call(this);
  };
}`;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '300' },
    each: { type: 'string', default: '50' },
    keep: { type: 'boolean', default: false },
    dist: { type: 'string' },
  },
});

try {
  await main(Number(values.runs), Number(values.each));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}

/**
 * @param {number} runs
 * @param {number} each
 */
async function main(runs, each) {
  if (!(Number.isInteger(each) && each >= 1 && each <= 100 && runs >= 3 * each)) {
    throw new Error('--each is 1 to 100, and --runs at least three times that');
  }
  // The flag measures at once instead of some time within a minute.
  const site = await openSite({
    dist: values.dist,
    args: ['--enable-blink-features=ForceEagerMeasureMemory'],
  });
  try {
    const page = await site.browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.route(/train\.worker[^/]*\.js$/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `${COUNT_BUFFERS}\n${await response.text()}` });
    });
    const seeds = Array.from({ length: each }, (_, seed) => seed).join();
    await page.goto(
      `${site.url}#v=1&norm=bn&ws=1&bs=2&width=8&epochs=1&train=4&valid=2&study=soak&mode=queue&arm=&seeds=${seeds}`,
    );
    /** @type {Record<string, number>[]} */
    const left = [];
    const started = performance.now();
    for (let study = 0; study < Math.floor(runs / each); study++) {
      await trainStudy(page, values.keep ? (study + 1) * each : each);
      if (!values.keep) await deleteRuns(page, each);
      await page.getByRole('tab', { name: 'Study' }).click();
      left.push(await count(site.browser, page));
      const seconds = ((performance.now() - started) / 1000).toFixed(0);
      console.log(`${(study + 1) * each} runs, ${seconds} s: ${JSON.stringify(left.at(-1))}`);
    }
    const [first, last] = /** @type {[Record<string, number>, Record<string, number>]} */ ([
      left[1],
      left.at(-1),
    ]);
    if (values.keep) printGrowth(first, last, (left.length - 2) * each);
    else print(first, last);
  } finally {
    await site.close();
  }
}

/**
 * @param {import('playwright').Page} page
 * @param {number} all runs that must have finished then, with those of earlier studies
 */
async function trainStudy(page, all) {
  await page.getByRole('tab', { name: 'Study' }).click();
  const start = page.getByRole('button', { name: 'Start study' });
  await start.click({ timeout: RUN_TIMEOUT_MS });
  // Offered when the study is over.
  const idle = page.getByRole('button', { name: 'Start training' });
  await idle.waitFor({ state: 'hidden' });
  await page.getByRole('tab', { name: 'Train' }).click();
  const progress = page.getByRole('region', { name: 'Transport' }).getByText(/^\d+ of \d+ runs$/);
  let last = '';
  let changedAt = performance.now();
  while (!(await idle.isVisible())) {
    await page.waitForTimeout(1_000);
    const now = (await progress.isVisible()) ? ((await progress.textContent()) ?? '') : last;
    if (now !== last) changedAt = performance.now();
    last = now;
    if (performance.now() - changedAt > RUN_TIMEOUT_MS)
      throw new Error(`No run has ended for a minute: ${last}`);
  }
  // Runs that fail at once leave nothing either.
  const earlier = page.getByRole('button', { name: /^Show \d+ earlier$/ });
  if (await earlier.isVisible()) await earlier.click();
  const finished = await page.getByRole('button', { name: /^Select run \d+ BN\+WS, finished/ }).count();
  if (finished !== all) throw new Error(`${finished} of ${all} runs have finished`);
}

/**
 * @param {import('playwright').Page} page
 * @param {number} runs
 */
async function deleteRuns(page, runs) {
  await page.getByRole('tab', { name: 'Compare' }).click();
  await page.getByRole('checkbox', { name: 'Select all runs' }).check();
  await page.getByText(`${runs} runs selected`).waitFor();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.waitForTimeout(UNDO_MS);
}

/**
 * @param {import('playwright').Browser} browser
 * @param {import('playwright').Page} page
 * @returns {Promise<Record<string, number>>}
 */
async function count(browser, page) {
  const client = await page.context().newCDPSession(page);
  await client.send('HeapProfiler.enable');
  // Twice: the first collection lets finalizers run, whose objects the second one takes.
  for (let i = 0; i < 2; i++) await client.send('HeapProfiler.collectGarbage');
  const objects = await heapObjects(client);
  const { nodes, jsEventListeners } = await client.send('Memory.getDOMCounters');
  await client.detach();
  const bytes = await page.evaluate(async () => {
    const measuring = /** @type {any} */ (performance).measureUserAgentSpecificMemory();
    return /** @type {number} */ ((await measuring).bytes);
  });
  const [worker] = page.workers();
  const buffers = await worker?.evaluate(() => /** @type {any} */ (globalThis).liveBuffers());
  return {
    'GPU buffers': buffers.count,
    'GPU bytes': buffers.bytes,
    ...objects,
    'bytes of page and worker': bytes,
    'nodes of the page': nodes,
    'listeners of the page': jsEventListeners,
    ...(await openFiles(browser)),
  };
}

/**
 * What the page's scripts hold, apart from the code that was compiled of them.
 * @param {import('playwright').CDPSession} client
 * @returns {Promise<Record<string, number>>}
 */
async function heapObjects(client) {
  /** @type {string[]} */
  const chunks = [];
  client.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => void chunks.push(chunk));
  await client.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  const { snapshot, nodes } = JSON.parse(chunks.join(''));
  /** @type {{ node_fields: string[], node_types: [string[]] }} */
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [type, size] = [fields.indexOf('type'), fields.indexOf('self_size')];
  const sum = { count: 0, bytes: 0, code: 0 };
  for (let at = 0; at < nodes.length; at += fields.length) {
    const kind = types[0][nodes[at + type]] ?? '';
    if (kind === 'code') sum.code += nodes[at + size];
    if (!OBJECTS.has(kind)) continue;
    sum.count += 1;
    sum.bytes += nodes[at + size];
  }
  return {
    'objects of the page': sum.count,
    'bytes of objects of the page': sum.bytes,
    'bytes of compiled code': sum.code,
  };
}

/**
 * Of all processes of the browser, where the system tells of them.
 * @param {import('playwright').Browser} browser
 * @returns {Promise<Record<string, number>>}
 */
async function openFiles(browser) {
  if (process.platform !== 'linux') return {};
  const client = await browser.newBrowserCDPSession();
  const { processInfo } = await client.send('SystemInfo.getProcessInfo');
  await client.detach();
  const files = processInfo.map(({ id }) => {
    try {
      return readdirSync(`/proc/${id}/fd`).length;
    } catch {
      return 0; // Gone since.
    }
  });
  return { 'open files': files.reduce((sum, number) => sum + number, 0) };
}

/**
 * @param {Record<string, number>} first
 * @param {Record<string, number>} last
 */
function print(first, last) {
  for (const [name, before] of Object.entries(first)) {
    const after = last[name] ?? Number.NaN;
    const tolerance = /** @type {Record<string, number>} */ (TOLERANCE)[name] ?? 1;
    const grows = !(after <= tolerance * before);
    if (grows) process.exitCode = 1;
    console.log(
      `${name.padEnd(30)} ${String(before).padStart(12)} ${String(after).padStart(12)}${grows ? '  GREW' : ''}`,
    );
  }
}

/**
 * @param {Record<string, number>} first
 * @param {Record<string, number>} last
 * @param {number} runs that were kept between the two
 */
function printGrowth(first, last, runs) {
  for (const [name, before] of Object.entries(first)) {
    const each = ((last[name] ?? Number.NaN) - before) / runs;
    const limit = /** @type {Record<string, number>} */ (LIMIT_OF_RUN)[name];
    const grows = limit !== undefined && !(each <= limit);
    if (grows) process.exitCode = 1;
    const beside = limit === undefined ? '' : `, at most ${limit}${grows ? '  TOO MUCH' : ''}`;
    console.log(`${name.padEnd(30)} ${each.toFixed(1).padStart(12)} a run${beside}`);
  }
}
