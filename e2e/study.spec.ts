import { readFileSync } from 'node:fs';
import type { Browser, Locator, Page } from '@playwright/test';
import { expect, realSample, test, watch } from './fixtures.ts';
import { chart, loadFiles, openLab, setUp, untilIdle, untilStepping } from './lab.ts';

/** A hundred steps and more: fewer give no interval of the paired difference. */
const small = { width: 8, batchSize: 2, trainImages: 112, validImages: 16, epochs: 2 } as const;

async function openTab(page: Page, name: string): Promise<void> {
  await page.getByRole('tab', { name }).click();
}

/** Adds BN and BN+WS to the study builder and makes a race of them. */
async function buildRace(page: Page): Promise<void> {
  await openTab(page, 'Study');
  for (const arm of ['BN', 'BN+WS'] as const) {
    await setUp(page, { ...small, arm });
    await page.getByRole('button', { name: 'Add the current set-up as an arm' }).click();
  }
  await page.getByRole('radio', { name: 'as a race' }).check({ force: true });
  await expect(page.getByRole('heading', { name: 'Arms (2)' })).toBeVisible();
}

function runsTable(page: Page): Locator {
  return page.getByRole('region', { name: 'Runs table' });
}

/** The cells that follow from what was recorded, in the order of the rows. */
async function tableOf(page: Page): Promise<readonly (readonly string[])[]> {
  await openTab(page, 'Compare');
  await expect(runsTable(page).locator('tbody tr').first()).toBeVisible();
  return runsTable(page)
    .locator('tbody tr')
    .evaluateAll((rows) =>
      rows.map((row) => [...row.querySelectorAll('th, td')].slice(2, -1).map((cell) => cell.textContent)),
    );
}

async function exportedJson(page: Page): Promise<string> {
  await page.getByRole('button', { name: /^Export \d+ listed/ }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: 'JSON, with every step' }).click();
  return readFileSync(await (await download).path(), 'utf8');
}

/** Opens the site as somebody who was never there. */
async function freshProfile(browser: Browser, url: string): Promise<Page> {
  const context = await browser.newContext({ baseURL: url, viewport: { width: 1440, height: 900 } });
  return context.newPage();
}

test('races two arms on real images, survives a reload in the middle, compares, exports, imports', async ({
  page,
  browser,
  site,
}) => {
  page.on('dialog', (dialog) => void dialog.accept());
  await openLab(page);
  const files = realSample();
  if (files) await loadFiles(page, files);

  await test.step('race, and reload in the middle', async () => {
    await buildRace(page);
    await page.getByRole('button', { name: 'Start study' }).click();
    await untilStepping(page);
    // Far enough for a state to be kept.
    await expect(page.getByRole('table', { name: /^Epochs of/ }).locator('tbody tr')).toHaveCount(1, {
      timeout: 120_000,
    });
    await openTab(page, 'Compare');
    await expect(page.getByRole('table', { name: /Validation, the same images in both/ })).toBeVisible();
    await page.reload();
    await expect(page.getByText(/Continue study: 2 of 2 runs left/)).toBeVisible({ timeout: 90_000 });
    const runs = page.getByRole('complementary', { name: 'Runs' });
    await expect(runs.getByText(/interrupted/).first()).toBeVisible();
    await expect(runs.getByText(/● running/)).toHaveCount(0);
  });

  await test.step('go on to the end', async () => {
    if (files) await expect(page.getByText(/CIFAR-10/).first()).toBeVisible({ timeout: 90_000 });
    await page.getByRole('button', { name: 'Continue study' }).first().click();
    const runs = page.getByRole('complementary', { name: 'Runs' });
    await expect(runs.getByText(/● running/)).toHaveCount(2, { timeout: 120_000 });
    // Nothing goes for a moment while what was kept is read.
    await expect(runs.getByText(/interrupted|preparing|running/)).toHaveCount(0, { timeout: 240_000 });
    await untilIdle(page);
  });

  const table = await test.step('compare', async () => {
    const rows = await tableOf(page);
    expect(rows).toHaveLength(2);
    await expect(page.getByRole('region', { name: 'Paired difference' })).toBeVisible();
    await expect(chart(page, 'Paired difference, #2 BN+WS − #1 BN')).toBeVisible();
    await expect(page.getByText(/ahead by|no clear difference/i).first()).toBeVisible();
    // It has gone on as a race.
    const pairs = page.getByRole('table', { name: /Validation, the same images in both/ });
    await expect(pairs.locator('tbody tr')).toHaveCount(small.epochs);
    return rows;
  });

  const json = await test.step('export', async () => exportedJson(page));
  expect(JSON.parse(json)).toMatchObject({ runs: [{}, {}] });

  await test.step('import into a fresh profile', async () => {
    const other = await freshProfile(browser, site.url);
    const faults = await watch(other);
    await openLab(other);
    await openTab(other, 'Compare');
    await other.getByLabel('File of runs').setInputFiles({
      name: 'runs.json',
      mimeType: 'application/json',
      buffer: Buffer.from(json),
    });
    await expect(other.getByText('2 runs were added.')).toBeVisible();
    expect(await tableOf(other)).toEqual(table);
    await other.reload();
    expect(await tableOf(other)).toEqual(table);
    expect(faults.list).toEqual([]);
    await other.context().close();
  });
});

test('opens a study from a link in a fresh profile, and starts nothing', async ({ page, browser, site }) => {
  await openLab(page);
  await buildRace(page);
  await expect.poll(() => new URL(page.url()).hash).toContain('race');
  const other = await freshProfile(browser, site.url);
  const faults = await watch(other);
  await other.goto(page.url());
  await openTab(other, 'Study');
  await expect(other.getByRole('heading', { name: 'Arms (2)' })).toBeVisible();
  await expect(other.getByRole('radio', { name: 'as a race' })).toBeChecked();
  await expect(other.getByRole('button', { name: 'Start study' })).toBeVisible();
  await expect(other.getByRole('complementary', { name: 'Runs' }).getByRole('listitem')).toHaveCount(0);
  expect(faults.list).toEqual([]);
  await other.context().close();

  await test.step('a link with nonsense says what is wrong', async () => {
    await page.goto('./#v=1&norm=zz&lr=1e999&bs=-1&__proto__=1&nonsense=2');
    await page.reload();
    await expect(page.getByText(/nonsense/).first()).toBeVisible();
    expect(await page.evaluate(() => 'polluted' in {})).toBe(false);
    await expect(page.getByRole('button', { name: 'Start training' })).toBeVisible();
  });
});
