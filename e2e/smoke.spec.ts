import { expect, test, watch, DIST } from './fixtures.ts';
import { serveSite } from '../scripts/server.mjs';

/** Names that adapters have in `GPUAdapterInfo`. */
const ADAPTER = /swiftshader|llvmpipe|nvidia|amd|intel|apple|arm|qualcomm/i;

test('opens and names the adapter that it runs on', async ({ page }) => {
  await page.goto('./');
  await expect(page).toHaveTitle(/NormLab/);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('NormLab');
  await expect(page.getByRole('group', { name: 'Device' })).toContainText(ADAPTER);
});

test('works below any path of any host', async ({ browser }) => {
  const site = await serveSite({ root: DIST, base: '/some/path/', port: 0 });
  const page = await browser.newPage();
  try {
    const faults = await watch(page);
    const missing: string[] = [];
    page.on('response', (response) => {
      if (response.status() >= 400) missing.push(response.url());
    });
    await page.goto(`${site.url}index.html`);
    await expect(page.getByRole('group', { name: 'Device' })).toContainText(ADAPTER);
    expect(missing).toEqual([]);
    expect(faults.list).toEqual([]);
  } finally {
    await page.close();
    await site.close();
  }
});

test('is isolated, and refuses code that is not its own', async ({ page, faults }) => {
  faults.allow(/policy|Refused|violates/i);
  await page.goto('./');
  expect(await page.evaluate(() => globalThis.crossOriginIsolated)).toBe(true);
  const ran = await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'globalThis.inlineRan = true';
    document.head.append(script);
    return 'inlineRan' in globalThis;
  });
  expect(ran).toBe(false);
  expect(faults.allowed).not.toEqual([]);
});
