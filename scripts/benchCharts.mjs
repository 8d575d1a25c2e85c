// Measures how long the page's main thread is busy with the charts of the Compare tab when many long runs are drawn:
//   npm run bench:charts -- [--runs 4] [--steps 25000] [--each 12] [--dist dist]     after npm run build
// Made-up runs are imported and the page loaded anew, which tells how long it takes to open them; then the axis is
// zoomed, the smoothing changed, the pointer moved, and a real run trained beside them. Printed are the tasks of the
// main thread that follow each: median, highest, and the highest of the thread's own processor time, which other work
// on the machine does not stretch.
import { parseArgs } from 'node:util';
import { openSite } from './openSite.mjs';

const READY_MS = 120_000;
/** Runs in one file: Playwright hands over at most 50 MB. */
const RUNS_A_FILE = 10;
/** A task that takes less draws no chart. */
const LEAST_MS = 4;
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '4' },
    steps: { type: 'string', default: '25000' },
    each: { type: 'string', default: '12' },
    dist: { type: 'string', default: 'dist' },
  },
});

/** @typedef {{ readonly wall: number, readonly thread: number }} Task milliseconds */

const each = Number(values.each);
const { browser, url, close } = await openSite({ dist: values.dist });
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(`${url}#v=1&norm=bn&bs=2&width=8&epochs=1&train=4&valid=2`);
  await trainOne(page);
  await page.getByRole('tab', { name: 'Compare' }).click();
  await importRuns(page, await exportedRun(page));
  await measureOpening(page);
  await page.waitForTimeout(3000);

  const plot = page.getByRole('figure', { name: /^Loss/ }).first();
  const box = await plot.locator('.plot-canvas').boundingBox();
  if (!box) throw new Error('the chart of losses has no size');
  const at = (/** @type {number} */ share) => box.x + 60 + share * (box.width - 80);
  const y = box.y + box.height / 2;

  await measure(page, 'pointer over the chart', async (i) => {
    await page.mouse.move(at((i % 10) / 10), y);
  });
  await measure(page, 'zoom by a drag, and out again', async (i) => {
    // As a hand does it: without a delay both clicks, and the move before them, are one task.
    if (i % 2 === 1) return page.mouse.dblclick(at(0.5), y, { delay: 40 });
    await page.mouse.move(at(0.2 + i / 100), y);
    await page.mouse.down();
    await page.mouse.move(at(0.7), y, { steps: 2 });
    await page.mouse.up();
  });
  const units = ['Epoch', 'Images', 'Time', 'Step'];
  await measure(page, 'another unit of the axis', async (i) => {
    await page
      .getByRole('radio', { name: units[i % units.length] ?? 'Step', exact: true })
      .first()
      .check({ force: true });
  });
  const slider = page.getByRole('slider', { name: /smoothing/i }).first();
  await slider.focus();
  await measure(page, 'smoothing', (i) => page.keyboard.press(i % 2 === 0 ? 'ArrowRight' : 'ArrowLeft'));

  await page.evaluate(() => {
    location.hash = '#v=1&norm=bn&bs=2&width=8&epochs=1&train=2000&valid=2';
  });
  await page.reload();
  await page.getByRole('button', { name: 'Start training' }).click({ timeout: READY_MS });
  await page.getByRole('tab', { name: 'Compare' }).click();
  await page
    .getByRole('region', { name: 'Transport' })
    .getByText(/step \d+\//)
    .waitFor({ timeout: READY_MS });
  await page.waitForTimeout(5000);
  await measure(page, 'a run that trains', () => page.waitForTimeout(500));
} finally {
  await close();
}

/**
 * @param {import('playwright').Page} page
 * @param {string} name
 * @param {(i: number) => Promise<unknown>} act
 */
async function measure(page, name, act) {
  await browser.startTracing(page, { categories: ['toplevel', 'disabled-by-default-devtools.timeline'] });
  for (let i = 0; i < each; i++) {
    await act(i);
    await page.waitForTimeout(400);
  }
  const tasks = mainThreadTasks(JSON.parse((await browser.stopTracing()).toString())).filter(
    ({ wall }) => wall >= LEAST_MS,
  );
  const sorted = tasks.map(({ wall }) => wall).sort((a, b) => a - b);
  const most = Math.max(0, ...tasks.map(({ thread }) => thread));
  console.log(
    `${name.padEnd(30)} ${String(tasks.length).padStart(4)} tasks: median ${ms(sorted[sorted.length >> 1])}, ` +
      `highest ${ms(sorted.at(-1))}, highest processor time ${ms(most)}, above 50 ms ${sorted.filter((one) => one > 50).length}`,
  );
}

/**
 * @param {{ traceEvents: any[] }} trace
 * @returns {Task[]}
 */
function mainThreadTasks({ traceEvents }) {
  const busiest = new Map();
  const mains = new Set(
    traceEvents
      .filter((event) => event.name === 'thread_name' && event.args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  for (const event of traceEvents) {
    if (event.name !== 'RunTask' || event.ph !== 'X' || !mains.has(`${event.pid} ${event.tid}`)) continue;
    const key = `${event.pid} ${event.tid}`;
    const tasks = busiest.get(key) ?? [];
    tasks.push({ wall: event.dur / 1000, thread: (event.tdur ?? 0) / 1000 });
    busiest.set(key, tasks);
  }
  // The renderer of the page is the one that has worked.
  const sum = (/** @type {Task[]} */ tasks) => tasks.reduce((total, { wall }) => total + wall, 0);
  return [...busiest.values()].sort((a, b) => sum(b) - sum(a))[0] ?? [];
}

/** @param {number | undefined} value */
function ms(value) {
  return value === undefined ? '–' : `${value.toFixed(0)} ms`;
}

/** @param {import('playwright').Page} page */
async function trainOne(page) {
  const start = page.getByRole('button', { name: 'Start training' });
  await start.click({ timeout: READY_MS });
  await start.waitFor({ state: 'hidden' });
  await start.waitFor({ timeout: READY_MS });
}

/**
 * @param {import('playwright').Page} page
 * @returns {Promise<any>}
 */
async function exportedRun(page) {
  await page.getByRole('button', { name: /^Export \d+ listed/ }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: 'JSON, with every step' }).click();
  const stream = await (await download).createReadStream();
  let text = '';
  for await (const chunk of stream) text += chunk;
  return JSON.parse(text);
}

/**
 * Loads the page anew with all runs kept: until they are listed, and from a click until Compare has drawn the newest.
 * @param {import('playwright').Page} page
 */
async function measureOpening(page) {
  await page.reload();
  const list = await page.waitForFunction(() => document.querySelector('.run-item') && performance.now());
  const tab = page.getByRole('tab', { name: 'Compare' });
  // The click's own checks wait for frames.
  await tab.evaluate((element) => {
    Object.assign(globalThis, { clicked: performance.now(), changed: 0, lines: 0 });
    /** @type {HTMLElement} */ (element).click();
  });
  const drawn = await page.waitForFunction(() => {
    const seen = /** @type {{ clicked: number, changed: number, lines: number }} */ (
      /** @type {unknown} */ (globalThis)
    );
    // Losses are drawn as they are read; before that there is the validation of each run.
    const text = [...document.querySelectorAll('.compare .is-large path.plot-line')].map((line) =>
      line.getAttribute('d'),
    );
    const { length } = text.join('');
    const now = performance.now();
    if (length !== seen.lines) Object.assign(seen, { lines: length, changed: now });
    return length > 0 && now - seen.changed > 1500 && seen.changed - seen.clicked;
  });
  const [listedMs, drawnMs] = await Promise.all([list.jsonValue(), drawn.jsonValue()]);
  console.log(
    `opening ${values.runs} kept runs of ${values.steps} steps: listed ${ms(Number(listedMs))} after the page was ` +
      `asked for, Compare drawn ${ms(Number(drawnMs))} after a click`,
  );
}

/**
 * Imports copies of a run with made-up curves of many steps, some at a time.
 * @param {import('playwright').Page} page
 * @param {any} file
 */
async function importRuns(page, file) {
  const [one] = file.runs;
  const count = Number(values.runs);
  for (let first = 0; first < count; first += RUNS_A_FILE) {
    file.runs = madeUpRuns(one, first, Math.min(count, first + RUNS_A_FILE));
    await page.getByLabel('File of runs').setInputFiles({
      name: 'runs.json',
      mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify(file)),
    });
    const there = 1 + first + file.runs.length;
    await page.getByText(`${there} of ${there} runs`).waitFor({ timeout: READY_MS });
  }
}

/**
 * @param {any} one a run as it was exported
 * @param {number} from
 * @param {number} to
 */
function madeUpRuns(one, from, to) {
  const steps = Number(values.steps);
  const list = (/** @type {(step: number) => number} */ value) =>
    Array.from({ length: steps }, (_, i) => value(i));
  return Array.from({ length: to - from }, (_, i) => {
    const k = from + i;
    const norm = k % 2 === 0 ? 'bn' : 'gn';
    const run = structuredClone(one.run);
    run.header.runId = `made-up-${k}`;
    run.header.number = k + 10;
    run.header.startedAt += k + 1;
    run.header.experiment = { ...run.header.experiment, norm, ws: k % 4 > 1 };
    run.plan = {
      ...run.plan,
      experiment: run.header.experiment,
      totalSteps: steps,
      stepsPerEpoch: steps / 10,
    };
    run.stepCount = steps;
    run.epochs = Array.from({ length: 10 }, (_, epoch) => ({
      ...run.epochs[0],
      epoch,
      step: ((epoch + 1) * steps) / 10,
      milliseconds: steps * 4,
    }));
    const smooth = (/** @type {number} */ step) => 0.5 + 2 * Math.exp(-step / (4000 + 1000 * k));
    return {
      run,
      steps: {
        firstStep: 0,
        losses: list((step) => Math.fround(smooth(step) * (1 + 0.4 * Math.sin(step * (12.9898 + k))))),
        smoothed: list((step) => Math.fround(smooth(step))),
        learningRates: list((step) => Math.fround(1e-3 * Math.sin((Math.PI * (step + 1)) / (steps + 1)))),
        momenta: list(() => Math.fround(0.9)),
        elapsedMs: list((step) => step * 40),
        wallMs: list((step) => step * 40),
      },
    };
  });
}
