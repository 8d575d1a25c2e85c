// npm run soak: proves that a long run leaves no memory behind. Trains, evaluates and snapshots in a real
// browser, counts GPU buffers, their bytes and JavaScript objects after a garbage collection, goes on for the
// given steps and counts again. Exits with 1 when a count has grown.
//   npm run soak -- [--case w4b2] [--norm bn+ws] [--steps 1000]
import { parseArgs } from 'node:util';
import { openSite } from './openSite.mjs';

/** @typedef {import('../src/bench/soak.ts').Soak} Soak */
/** @typedef {import('../src/bench/soak.ts').SoakFigures} SoakFigures */

/** Wrappers of GPU objects, and what promises and read-backs leave. */
const COUNTED = [
  'GPUBuffer',
  'GPUBindGroup',
  'GPUBindGroupLayout',
  'GPUComputePipeline',
  'GPUShaderModule',
  'GPUCommandEncoder',
  'GPUCommandBuffer',
  'ArrayBuffer',
  'Float32Array',
  'Map',
  'Promise',
];
/** Epochs after which every cache is filled. */
const WARM_UP = 4;

const { values } = parseArgs({
  options: {
    case: { type: 'string', default: 'w4b2' },
    norm: { type: 'string', default: 'bn+ws' },
    steps: { type: 'string', default: '1000' },
  },
});

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}

async function main() {
  const [, width, batch] = /^w(\d+)b(\d+)$/.exec(values.case) ?? fail(`--case ${values.case}`);
  const [, norm, ws] = /^(none|bn|gn)(\+ws)?$/.exec(values.norm) ?? fail(`--norm ${values.norm}`);
  const { browser, url, close } = await openSite();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    await page.goto(new URL('bench.html', url).href);
    await page.waitForFunction('globalThis.openSoak');
    const soak = await page.evaluateHandle(
      (benchCase) => /** @type {Promise<Soak>} */ (/** @type {any} */ (globalThis).openSoak(benchCase)),
      { width: Number(width), batch: Number(batch), norm, ws: ws !== undefined },
    );
    const { stepsPerEpoch } = await soak.evaluate(({ stepsPerEpoch }) => ({ stepsPerEpoch }));
    const epochs = Math.ceil(Number(values.steps) / stepsPerEpoch);
    const client = await page.context().newCDPSession(page);
    const run = (/** @type {number} */ count) => soak.evaluate((handle, given) => handle.run(given), count);
    await run(WARM_UP);
    const before = await count(client, await soak.evaluate((handle) => handle.figures()));
    const started = performance.now();
    await run(epochs);
    const seconds = (performance.now() - started) / 1000;
    const after = await count(client, await soak.evaluate((handle) => handle.figures()));
    print(before, after, seconds);
  } finally {
    await close();
  }
}

/**
 * @param {import('playwright').CDPSession} client
 * @param {SoakFigures} figures
 * @returns {Promise<Record<string, number>>}
 */
async function count(client, { step, engine, live }) {
  await client.send('HeapProfiler.enable');
  // Twice: the first collection lets finalizers run, whose objects the second one takes.
  for (let i = 0; i < 2; i++) await client.send('HeapProfiler.collectGarbage');
  /** @type {Record<string, number>} */
  const counts = {
    step,
    'GPU bytes, as the engine tells': engine.gpuBytes,
    'GPU buffers, as the engine tells': engine.objects,
    'GPU bytes alive': live.bytes,
    'GPU buffers alive': live.count,
  };
  for (const name of COUNTED) counts[`${name} objects`] = await instances(client, name);
  const { usedSize } = await client.send('Runtime.getHeapUsage');
  counts['JavaScript heap, bytes'] = usedSize;
  return counts;
}

/**
 * Objects of a class that are alive on the page.
 * @param {import('playwright').CDPSession} client
 * @param {string} name
 */
async function instances(client, name) {
  const group = { objectGroup: 'soak' };
  const prototype = await client.send('Runtime.evaluate', { expression: `${name}.prototype`, ...group });
  const { objects } = await client.send('Runtime.queryObjects', {
    prototypeObjectId: /** @type {string} */ (prototype.result.objectId),
    ...group,
  });
  const { result } = await client.send('Runtime.callFunctionOn', {
    objectId: /** @type {string} */ (objects.objectId),
    functionDeclaration: 'function () { return this.length; }',
    ...group,
  });
  await client.send('Runtime.releaseObjectGroup', group);
  return /** @type {number} */ (result.value);
}

/**
 * @param {Record<string, number>} before
 * @param {Record<string, number>} after
 * @param {number} seconds
 */
function print(before, after, seconds) {
  let hasGrown = false;
  for (const [name, first] of Object.entries(before)) {
    const last = after[name] ?? Number.NaN;
    // The heap moves by a few percent with what the engine of JavaScript has compiled.
    const grows = name === 'step' ? false : name.includes('heap') ? last > 1.2 * first : last > first;
    hasGrown ||= grows;
    console.log(
      `${name.padEnd(34)} ${String(first).padStart(12)} ${String(last).padStart(12)}${grows ? '  GREW' : ''}`,
    );
  }
  const steps = (after['step'] ?? 0) - (before['step'] ?? 0);
  console.log(`${values.case} ${values.norm}: ${steps} steps in ${seconds.toFixed(0)} s`);
  if (hasGrown) process.exitCode = 1;
}

/**
 * @param {string} what
 * @returns {never}
 */
function fail(what) {
  throw new Error(`${what}: expected such as --case w4b2 --norm bn+ws`);
}
