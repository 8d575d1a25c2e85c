// Measures in the built app how long Stop takes, from the click until the transport offers another run:
//   npm run bench:stop -- [--cases w8b2,w16b16] [--times 8] [--spread 97] [--dist dist]     after npm run build
// The clicks of a case come 300 ms after the third step was reported, and each time so many milliseconds later as
// --spread says: a step's time over the number of clicks covers a long step.
import { parseArgs } from 'node:util';
import { openSite } from './openSite.mjs';

/** Three steps of the real network on a software adapter, and more. */
const READY_MS = 300_000;
const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: 'w8b2,w16b2,w16b16' },
    times: { type: 'string', default: '8' },
    spread: { type: 'string', default: '97' },
    dist: { type: 'string', default: 'dist' },
  },
});

const { browser, url, close } = await openSite({ dist: values.dist });
try {
  for (const name of values.cases.split(',')) await measure(name);
} finally {
  await close();
}

/** @param {string} name width and batch size, such as w16b2 */
async function measure(name) {
  const [, width, batch] = /^w(\d+)b(\d+)$/.exec(name) ?? [];
  if (!width || !batch) throw new Error(`--cases ${name}: expected width and batch size, such as w16b2`);
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(url);
  const transport = page.getByRole('region', { name: 'Transport' });
  const start = transport.getByRole('button', { name: 'Start training' });
  const panel = page.getByRole('complementary', { name: 'Set-up' });
  await panel
    .getByRole('group', { name: 'Width' })
    .getByRole('radio', { name: width, exact: true })
    .check({ force: true });
  await panel.locator('details summary').first().click();
  const field = panel.getByRole('textbox', { name: 'Batch size', exact: true });
  await field.fill(batch);
  await field.blur();
  /** @type {number[]} */
  const latencies = [];
  let perStep = '';
  for (let i = 0; i < Number(values.times); i++) {
    // The worker writes the last run's state for a moment more, and refuses another one meanwhile.
    await page.waitForTimeout(2000);
    await start.click({ timeout: READY_MS });
    const running = transport.getByText(/step ([3-9]|\d\d+)\//).first();
    await running.waitFor({ timeout: READY_MS });
    await page.waitForTimeout(300 + Number(values.spread) * i);
    perStep = (await transport.textContent()) ?? '';
    latencies.push(
      await page.evaluate(
        () =>
          new Promise((done) => {
            const bar = /** @type {Element} */ (document.querySelector('[aria-label="Transport"]'));
            const button = (/** @type {RegExp} */ text) =>
              [...bar.querySelectorAll('button')].find((one) => text.test(one.textContent ?? ''));
            const clicked = performance.now();
            new MutationObserver((_, observer) => {
              if (!button(/Start training/)) return;
              observer.disconnect();
              done(performance.now() - clicked);
            }).observe(bar, { subtree: true, childList: true, characterData: true });
            button(/Stop/)?.click();
          }),
      ),
    );
  }
  await page.close();
  const sorted = latencies.toSorted((a, b) => a - b).map((ms) => Math.round(ms));
  console.log(
    `${name}: Stop took ${sorted.join(', ')} ms  (${perStep.replaceAll(/\s+/g, ' ').slice(0, 120)})`,
  );
}
