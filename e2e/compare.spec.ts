import { readFileSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import { chart } from './lab.ts';
import { openMadeUpRuns } from './madeUpRuns.ts';

/** Two seeds of two arms, a third that diverges in the first epoch, and another batch size. */
const RUNS = [
  { seed: 1 },
  { seed: 1, ws: true },
  { seed: 2 },
  { seed: 2, ws: true },
  { seed: 3, divergesAt: 150 },
  { seed: 1, batchSize: 2 },
] as const;

async function openRuns(page: Page): Promise<void> {
  await openMadeUpRuns(page, RUNS);
  await expect(runsTable(page).locator('tbody tr')).toHaveCount(RUNS.length);
}

function runsTable(page: Page): Locator {
  return page.getByRole('region', { name: 'Runs table' });
}

/** A column of the table, by its head. */
async function column(page: Page, name: string): Promise<readonly string[]> {
  const heads = await runsTable(page).locator('thead th').allTextContents();
  const index = heads.findIndex((head) => head.replace(/ [↓↑]$/, '') === name);
  expect(index, name).toBeGreaterThanOrEqual(0);
  return runsTable(page)
    .locator(`tbody tr > :nth-child(${index + 1})`)
    .allTextContents();
}

function figure(page: Page, title: string | RegExp): Locator {
  return page.getByRole('tabpanel', { name: 'Compare' }).getByRole('figure', { name: title });
}

/** Text of the file that a click on `item` saves. */
async function saved(page: Page, item: Locator): Promise<string> {
  const download = page.waitForEvent('download');
  await item.click();
  return readFileSync(await (await download).path(), 'utf8');
}

test('compares imported runs: bands, baseline, differences, pairs, table, notes', async ({ page }) => {
  await openRuns(page);

  await test.step('draws repeats as mean, band and bars, and says where the mean ends', async () => {
    const losses = chart(page, 'Loss at batch 64');
    await expect(losses.locator('path.plot-band')).toHaveCount(2);
    await expect(losses.locator('path.plot-whisker')).toHaveCount(2);
    await expect(
      page.getByText('The mean of #1 BN × 3 ends at step 150: seed 3 (#5) diverged there.'),
    ).toBeVisible();
    await expect(losses.getByText(/points above, up to 30/)).toBeVisible();
    await expect(
      page.getByText(/^Hollow marks: validation losses of the post’s notebook/).first(),
    ).toBeVisible();
    await expect(losses.locator('.plot-canvas path.plot-ghost')).toHaveCount(6);
  });

  await test.step('hides and shows a run by the legend', async () => {
    const key = page.getByRole('list', { name: 'Drawn runs' }).getByRole('button', { name: 'Draw #5 BN' });
    await expect(key).toContainText('#5 BN · bs 64 · seed 3');
    await key.click();
    await expect(key).toHaveAttribute('aria-pressed', 'false');
    await expect(page.getByText(/ends at step 150/)).toHaveCount(0);
  });

  await test.step('pins a baseline: differences of three measures, and of the table', async () => {
    await runsTable(page).getByRole('button', { name: 'Pin #1 BN as baseline' }).click();
    const difference = figure(page, /^Difference to #1 BN/);
    await expect(difference.locator('path.plot-line')).toHaveCount(4);
    await difference.getByLabel('Difference of').selectOption('validation loss');
    await expect(difference.locator('path.plot-marker')).toHaveCount(4);
    await expect(difference).toHaveAttribute('aria-label', /#2 BN\+WS[^;]* −0\.050/);
    await difference.getByLabel('Difference of').selectOption('accuracy');
    await expect(difference).toHaveAttribute('aria-label', /#2 BN\+WS[^;]* \+0\.020/);
    await runsTable(page).getByRole('button', { name: 'Δ valid' }).click();
    expect((await column(page, 'Δ valid'))[0]).toBe('−0.050');
    expect(await column(page, 'Δ acc.')).toContain('+2.0');
  });

  await test.step('says what the pair of a race shows, for each pair', async () => {
    const panel = page.getByRole('region', { name: 'Paired difference' });
    await panel.getByLabel('Pair of runs').selectOption({ index: 0 });
    await expect(panel.getByText(/^#2 BN\+WS ahead by 0\.0\d+ ± 0\.0\d+, last 500 steps\.$/)).toBeVisible();
    await expect(panel.locator('path.plot-band')).toHaveCount(1);
  });

  await test.step('changes the unit of all axes, zooms by keys, and reads values at the cursor', async () => {
    const losses = chart(page, 'Loss at batch 64');
    for (const [unit, label] of [
      ['Images', 'images seen'],
      ['Time', 'compute time, pauses left out'],
      ['Σ LR', 'sum of the learning rates'],
      ['Epoch', 'epochs'],
    ] as const) {
      await page.getByRole('radio', { name: unit, exact: true }).check({ force: true });
      await expect(losses.getByText(label, { exact: true })).toBeVisible();
    }
    const slider = losses.getByRole('slider');
    await slider.focus();
    await page.keyboard.press('ArrowRight');
    await expect(slider).toHaveAttribute('aria-valuetext', /raw .* LR [\d.]+e-4.*notebook BN · 5e-4 epoch 0/);
    await page.keyboard.press('+');
    await expect(losses.getByRole('button', { name: 'Reset zoom' })).toBeVisible();
    await expect(figure(page, /^Accuracy/).getByRole('button', { name: 'Reset zoom' })).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(losses.getByRole('button', { name: 'Reset zoom' })).toHaveCount(0);
    await page.keyboard.press('t');
    await expect(page.getByRole('region', { name: 'Loss at batch 64 as table' })).toBeVisible();
  });

  await test.step('unlocks the axis of the panels', async () => {
    const ticks = (title: string): Promise<readonly string[]> =>
      chart(page, title).locator('.recharts-cartesian-axis-tick-value').allTextContents();
    const share = page.getByRole('switch', { name: 'Same y axis' });
    const wide = await ticks('Loss at batch 2');
    expect(await ticks('Loss at batch 64')).toEqual(wide);
    await share.uncheck();
    await expect.poll(() => ticks('Loss at batch 64')).not.toEqual(wide);
    expect(await ticks('Loss at batch 2')).toEqual(wide);
    await share.check();
    await expect.poll(() => ticks('Loss at batch 64')).toEqual(wide);
  });

  await test.step('names, tags, finds and compares runs', async () => {
    await page.getByRole('checkbox', { name: 'Select #2 BN+WS' }).check();
    const notes = page.getByRole('region', { name: 'Selected runs' });
    await notes.getByLabel('Name').fill('the best');
    await notes.getByLabel('Tags, by commas').fill('good');
    await notes.getByLabel('Note').fill('Made up.');
    await page.keyboard.press('Tab');
    await runsTable(page).getByRole('button', { name: 'Filter by tag good' }).click();
    await expect(page.getByText('1 of 6 runs')).toBeVisible();
    await page.getByRole('searchbox').fill('');
    await page.getByRole('checkbox', { name: 'Select #6 BN' }).check();
    const rows = page.getByRole('region', { name: 'Settings that differ' }).locator('tbody tr');
    await expect(rows).toHaveText([/^Weight Standardization/, /^Batch size/]);
    await page.reload();
    await page.getByRole('tab', { name: 'Compare' }).click();
    await expect(runsTable(page).getByText('“the best”')).toBeVisible();
  });
});

test('saves every chart with its legend, and a report of the ticked runs alone', async ({ page }) => {
  await openRuns(page);
  await runsTable(page).getByRole('button', { name: 'Pin #1 BN as baseline' }).click();
  const figures = page.getByRole('tabpanel', { name: 'Compare' }).getByRole('figure');
  await expect(figures).toHaveCount(6);
  for (const one of await figures.all()) {
    const title = (await one.locator('.plot-title').textContent())!;
    const svg = await saved(page, one.getByRole('button', { name: /^Save .* as SVG$/ }));
    expect(svg, title).toMatch(/>#\d BN/);
    expect(svg, title).not.toContain('var(--');
    const stroked = new Set([...svg.matchAll(/<line [^>]*stroke="(rgb[^"]+)"/g)].map(([, colour]) => colour));
    if (!title.startsWith('Loss')) expect(stroked.size, title).toBeGreaterThan(0);
  }
  for (const name of ['Select #1 BN', 'Select #2 BN+WS']) await page.getByRole('checkbox', { name }).check();
  await page.getByRole('button', { name: 'Export 2 selected' }).click();
  const html = await saved(page, page.getByRole('menuitem', { name: /^Report, one HTML/ }));
  const captions = [...html.matchAll(/<figcaption>([^<]*)</g)].map(([, caption]) => caption);
  expect(captions).toEqual([
    'Loss',
    'Difference to #1 BN',
    'Accuracy',
    'Learning rate',
    'Paired difference, #2 BN+WS − #1 BN',
  ]);
  for (const run of ['BN #3', 'BN+WS #4', 'BN #5', 'BN #6']) expect(html).not.toContain(run);
  expect(html).toContain('Batch by batch: BN+WS #2 ahead by');
  expect(html).toContain('notebook’s valid_loss');
  expect(html).toMatch(/Chrome \d+ on /);
  expect(html).toContain('mode=race&amp;arm=&amp;arm=ws:1&amp;seeds=1');
});

test('passes WCAG 2.2 AA with bands, pairs, menus and dialogs, light and dark', async ({ page }) => {
  await openRuns(page);
  await runsTable(page).getByRole('button', { name: 'Pin #1 BN as baseline' }).click();
  await page.getByRole('checkbox', { name: 'Select #1 BN' }).check();
  await page.getByRole('checkbox', { name: 'Select #2 BN+WS' }).check();
  const check = async (state: string): Promise<void> => {
    const { violations } = await new AxeBuilder({ page })
      .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
      .analyze();
    const found = violations.map(({ id, nodes }) => [id, ...nodes.map(({ target }) => target.join(' '))]);
    expect(found, state).toEqual([]);
  };
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await check(colorScheme);
    await page.getByRole('button', { name: 'Export 2 selected' }).click();
    await expect(page.getByRole('menu')).toBeVisible();
    await check(`${colorScheme}, menu`);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Keys', exact: true }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await check(`${colorScheme}, keys`);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await check('narrow');
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});
