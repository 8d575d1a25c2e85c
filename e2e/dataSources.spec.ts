import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { cifar100Archive, petFiles, petZip } from './archives.ts';
import { expect, test } from './fixtures.ts';
import { loadFiles, untilReady } from './lab.ts';

const openData = async (page: Page): Promise<void> => {
  await page.goto('./');
  await page.getByRole('tab', { name: 'Data' }).click();
  await untilReady(page);
};
const facts = (page: Page): Locator => page.locator('.data-facts');
const sets = (page: Page): Locator => page.getByRole('region', { name: 'Data sets' });

test('a download can be cancelled, goes on after a reload, and says what is wrong', async ({
  page,
  faults,
}) => {
  faults.allow(/request to another origin: https:\/\/huggingface\.co\//);
  faults.allow(/status of 404|answered 404/);
  const ranges: (string | null)[] = [];
  await page.route('https://huggingface.co/**', async (route) => {
    ranges.push(await route.request().headerValue('range'));
    const headers = { 'Access-Control-Allow-Origin': '*', 'Content-Type': 'application/octet-stream' };
    // 6 MB and the connection ends, then a server that is silent, then one that has lost the file.
    if (ranges.length === 1) await route.fulfill({ headers, body: Buffer.alloc(6_000_000, 7) });
    else if (ranges.length > 2) await route.fulfill({ status: 404, headers });
  });
  await openData(page);
  const add = page.getByRole('region', { name: 'Add data' });
  await add.getByRole('button', { name: 'Download 143.6 MB' }).click();
  await expect(page.getByRole('progressbar', { name: 'Loading data' })).toBeVisible();
  await expect(add).toContainText('6.0 MB of 143.6 MB');
  await expect.poll(() => ranges).toEqual([null, 'bytes=6000000-']);
  const cancel = add.getByRole('button', { name: 'Cancel' });
  await expect(cancel).toBeFocused();
  await cancel.click();
  await expect(add).toContainText('6.0 MB of 143.6 MB are here already');
  await expect(page.getByRole('alert')).toBeHidden();

  await page.reload();
  await page.getByRole('tab', { name: 'Data' }).click();
  await untilReady(page);
  await add.getByRole('button', { name: 'Resume download' }).click();
  const notice = page.getByRole('alert').filter({ hasText: 'These data cannot be used.' });
  await expect(notice).toContainText('huggingface.co answered 404');
  await expect(notice).toContainText('Built-in shapes and textures stays in use.');
  expect(ranges[2]).toBe('bytes=6000000-');
  await add.getByRole('button', { name: 'Discard the unfinished download' }).click();
  await expect(add.getByRole('button', { name: 'Download 143.6 MB' })).toBeVisible();
});

test('shows a hundred classes, and keeps them over a reload until they are removed', async ({ page }) => {
  await openData(page);
  await loadFiles(page, cifar100Archive());
  await expect(sets(page)).toContainText('1 data set takes 921.9 kB.');
  await test.step('a hundred classes', async () => {
    const histogram = facts(page).getByRole('region', { name: 'Training images per class' });
    await expect(histogram.getByRole('row')).toHaveCount(100);
    expect((await histogram.boundingBox())!.height).toBeLessThan(300);
    const samples = page.getByRole('region', { name: 'Sample images' });
    await samples.getByRole('combobox', { name: 'Class' }).selectOption('worm');
    await expect(samples).toContainText('1–2 of 2');
    await samples.getByRole('radio', { name: 'Validation' }).check({ force: true });
    await samples.getByRole('combobox', { name: 'Class' }).selectOption('aquarium fish');
    await expect(samples).toContainText('1–1 of 1');
  });
  await page.reload();
  await page.getByRole('tab', { name: 'Data' }).click();
  await expect(facts(page).getByRole('heading', { name: /^CIFAR-100/ })).toBeVisible();
  await expect(facts(page)).toContainText('From cifar-100-binary.tar.gz. By Alex Krizhevsky');

  await sets(page)
    .getByRole('button', { name: /^Remove CIFAR-100/ })
    .click();
  const dialog = page.getByRole('alertdialog');
  await expect(dialog).toContainText('It stays in use until');
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await expect(sets(page)).toContainText('not kept: gone when the page is closed');
  await expect(page.locator('output[aria-live]').filter({ hasText: 'removed' })).toHaveCount(1);
  await page.reload();
  await untilReady(page);
  await page.getByRole('tab', { name: 'Data' }).click();
  await expect(facts(page).getByRole('heading')).toHaveText('Built-in shapes and textures');
});

test('makes data sets of a folder and of a zip archive, and says what it skipped', async ({
  page,
}, testInfo) => {
  const folder = testInfo.outputPath('pets');
  for (const [path, bytes] of petFiles()) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  await openData(page);
  await page.getByLabel('Folder of images').setInputFiles(folder);
  await expect(facts(page).getByRole('heading')).toHaveText('pets');
  for (const note of [
    /Skipped 1 file, not PNG, JPEG or WebP: dog\/list\.txt/,
    /Skipped 1 file, damaged: cat\/broken\.png/,
    /The classes are unbalanced: cat has 10 training images, dog has 3/,
  ]) {
    await expect(facts(page).getByRole('listitem').filter({ hasText: note })).toBeVisible();
  }
  const print = await facts(page).getByText('Fingerprint').innerText();
  await loadFiles(page, petZip());
  await expect(facts(page).getByRole('heading')).toHaveText('pets.zip');
  expect(await facts(page).getByText('Fingerprint').innerText()).toBe(print);

  await test.step('as training sees them', async () => {
    const samples = page.getByRole('region', { name: 'Sample images' });
    await samples.getByRole('radio', { name: 'Augmented' }).check({ force: true });
    await expect(samples).toContainText('1–5 of 13');
    await expect(samples.locator('canvas')).toHaveCount(40);
  });
});
