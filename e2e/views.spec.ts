import { readFileSync } from 'node:fs';
import type { Locator, Page } from '@playwright/test';
import { expectAccessible } from './axe.ts';
import { expect, test } from './fixtures.ts';
import { chart } from './lab.ts';
import { openMadeUpRuns } from './madeUpRuns.ts';

const RUNS = [
  { norm: 'none' },
  { norm: 'bn' },
  { norm: 'gn', ws: true },
  ...[1, 2].flatMap((seed) => [
    { isFinder: true, seed },
    { isFinder: true, seed, ws: true },
  ]),
] as const;

async function saved(page: Page, item: Locator): Promise<string> {
  const download = page.waitForEvent('download');
  await item.click();
  return readFileSync(await (await download).path(), 'utf8');
}

/** A radio button lies, unseen, under what it looks like. */
function choose(place: Page | Locator, name: string): Promise<void> {
  return place.getByRole('radio', { name, exact: true }).check({ force: true });
}

function captions(html: string): readonly string[] {
  return [...html.matchAll(/<figcaption>([^<]*)</g)].map(([, caption]) => caption!);
}

test('reports in HTML and Markdown, with the finders of the study or without', async ({ page }) => {
  await openMadeUpRuns(page, RUNS);
  const exports = page.getByRole('button', { name: 'Export 3 listed' });
  await exports.click();
  const markdown = await saved(page, page.getByRole('menuitem', { name: /^Report, Markdown/ }));
  for (const part of [
    '## What it shows',
    'withstands',
    '## Set-up',
    '## Epochs of BN \\#2 (BN)',
    '## Suggestions of BN \\#4',
    '## Where it ran',
  ]) {
    expect(markdown).toContain(part);
  }
  await exports.click();
  const whole = await saved(page, page.getByRole('menuitem', { name: /^Report, one HTML/ }));
  expect(captions(whole)).toEqual(
    expect.arrayContaining(['Loss', 'Loss against learning rate', 'Median of L / L₀ over seeds']),
  );
  await exports.click();
  await page.getByRole('menuitemcheckbox', { name: 'With 4 finders of the same study' }).click();
  const alone = await saved(page, page.getByRole('menuitem', { name: /^Report, Markdown/ }));
  expect(alone).not.toContain('Suggestions');
});

test('counts what lies off the axis of finders, and exports all of them over all of their axis', async ({
  page,
}) => {
  await openMadeUpRuns(page, RUNS);
  await page.getByRole('tab', { name: 'Find' }).click();
  const finder = page.getByRole('tabpanel', { name: 'Find' });
  const figure = chart(page, 'Loss against learning rate');
  await expect(figure.getByText(/^\d+ points above, up to \d+/)).toBeVisible();
  await figure.getByRole('button', { name: 'Show all' }).click();
  await expect(figure.getByText(/points above/)).toHaveCount(0);
  await figure.getByRole('button', { name: 'Focus below the stop line' }).click();

  // A double click on what is zoomed shows everything, and chooses no rate.
  const box = (await figure.locator('rect.plot-hit').boundingBox())!;
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.6, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.9, y, { steps: 4 });
  await page.mouse.up();
  const reset = figure.getByRole('button', { name: 'Reset zoom' });
  await expect(reset).toBeVisible();
  const rate = page.getByRole('textbox', { name: 'Max learning rate', exact: true });
  const before = await rate.inputValue();

  await page.getByRole('checkbox', { name: /^Draw finder #7/ }).uncheck();
  const files = page.getByRole('region', { name: 'Files of finders' });
  const svgs = async (which: string): Promise<string> => {
    await choose(files, which);
    await files.getByRole('button', { name: /^Export/ }).click();
    return saved(page, page.getByRole('menuitem', { name: /^Report, one HTML/ }));
  };
  const drawn = await svgs('3 drawn');
  expect(drawn).not.toContain('#7 BN');
  // Zoomed on the page, whole in the file: its axis begins at the first rate of the ramp.
  expect(drawn).toContain('>1e-7<');
  expect(await svgs('all 4')).toContain('#7 BN');

  await figure.scrollIntoViewIfNeeded();
  const again = (await figure.locator('rect.plot-hit').boundingBox())!;
  await page.mouse.dblclick(again.x + again.width * 0.5, again.y + again.height / 2);
  await expect(reset).toBeHidden();
  // Longer than a click waits for a second one.
  await page.waitForTimeout(500);
  expect(await rate.inputValue()).toBe(before);
  await expectAccessible(page, 'finders');
  await expect(finder.getByRole('region', { name: 'Finders table' }).locator('tbody tr')).toHaveCount(4);
});

test('a phone shows one chart at a time, keeps its switches in view and begins with a narrow network', async ({
  page,
}) => {
  await page.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, 'deviceMemory', { get: () => 4 });
  });
  await page.setViewportSize({ width: 390, height: 844 });
  await openMadeUpRuns(page, RUNS);
  await page.getByRole('tab', { name: 'Train' }).click();
  const train = page.getByRole('tabpanel', { name: 'Train' });
  await expect(train.getByRole('figure')).toHaveCount(1);
  await expect(chart(page, 'Loss')).toBeVisible();
  await choose(train, 'LR');
  await expect(train.getByRole('figure')).toHaveCount(1);
  await expect(chart(page, 'Learning rate')).toBeVisible();
  await train.getByRole('button', { name: 'Logarithmic axis of Learning rate' }).click();
  await expect(chart(page, 'Learning rate').getByText('1e-5', { exact: true })).toBeVisible();

  await page.evaluate(() => scrollTo(0, 5000));
  await expect(train.getByRole('button', { name: 'Axes' })).toBeInViewport();
  await train.getByRole('button', { name: 'Axes' }).click();
  await expect(train.getByRole('switch', { name: 'Log x' })).toBeInViewport();
  await expectAccessible(page, 'charts of a phone');
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await train.getByRole('button', { name: 'Axes' }).click();

  // What takes the focus is not under the switches.
  await page.evaluate(() => scrollTo(0, 5000));
  const first = chart(page, 'Learning rate').getByRole('button', { name: /^Show/ });
  await first.focus();
  const [controls, focused] = await Promise.all([
    train.locator('.chart-controls').boundingBox(),
    first.boundingBox(),
  ]);
  expect(focused!.y).toBeGreaterThanOrEqual(controls!.y + controls!.height);

  await page.getByRole('banner').getByRole('button', { name: 'Set-up' }).click();
  const setup = page.getByRole('dialog');
  await expect(setup.getByRole('group', { name: 'Width' }).getByRole('radio', { name: '8' })).toBeChecked();
  await expect(setup.getByText(/this device tells of 4 GB/)).toBeVisible();
});

test('puts a question of the header in the builder, and a link on the clipboard', async ({
  page,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto('./');
  const banner = page.getByRole('banner');
  await banner.getByRole('button', { name: 'Questions' }).click();
  await page.getByRole('menuitem').first().click();
  await expect(page.getByRole('tab', { name: 'Study' })).toHaveAttribute('aria-selected', 'true');
  await expect(page.getByRole('region', { name: 'Arms', exact: true })).toBeVisible();
  await banner.getByRole('button', { name: 'Share' }).click();
  await expect(banner.getByRole('button', { name: 'Link copied' })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('#v=1');
});
