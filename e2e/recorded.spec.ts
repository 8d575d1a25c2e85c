import { expectAccessible } from './axe.ts';
import { expect, test } from './fixtures.ts';
import { chart, openLab } from './lab.ts';
import { beforeWorker } from './workerHooks.ts';

const NO_GPU = `Object.defineProperty(navigator, 'gpu', { value: undefined });
  OffscreenCanvas.prototype.getContext = () => null;`;
const BATCH_64 = /At batch 64, does WS change anything\?/;
const FINDERS = /^At batch 2, which rate can WS stand/;

test('a browser that cannot train opens recorded runs: curves, table, finders', async ({ page, faults }) => {
  faults.allow(/UnsupportedError|webgl/i);
  await beforeWorker(page, NO_GPU);
  await page.goto('./');
  const notice = page.getByRole('alert').filter({ hasText: 'This browser cannot train.' });

  await test.step('training runs', async () => {
    await notice.getByRole('button', { name: 'Look at recorded runs' }).click();
    await page.getByRole('menuitem', { name: BATCH_64 }).click();
    await expect(page.getByRole('tab', { name: 'Compare' })).toHaveAttribute('aria-selected', 'true');
    const rows = page.getByRole('region', { name: 'Runs table' }).locator('tbody tr');
    await expect(rows).toHaveCount(4);
    await expect(rows.first()).toContainText('recorded');
    await expect(chart(page, 'Loss')).toBeVisible();
  });

  await test.step('finders, with their bands', async () => {
    await notice.getByRole('button', { name: 'Look at recorded runs' }).click();
    await expect(page.getByRole('menuitem')).toHaveCount(6);
    await expectAccessible(page, 'menu of recorded runs');
    await page.getByRole('menuitem', { name: FINDERS }).click();
    await expect(page.getByRole('tab', { name: 'Find' })).toHaveAttribute('aria-selected', 'true');
    await expect(page.getByRole('complementary', { name: 'Runs' }).getByText(/^#6/)).toBeVisible();
  });

  await test.step('once more adds nothing, and they are there after a reload', async () => {
    await notice.getByRole('button', { name: 'Look at recorded runs' }).click();
    await page.getByRole('menuitem', { name: BATCH_64 }).click();
    await page.reload();
    await page.getByRole('tab', { name: 'Compare' }).click();
    await expect(page.getByRole('region', { name: 'Runs table' }).locator('tbody tr')).toHaveCount(4);
  });
});

test('a first visit is offered recorded runs beside a question', async ({ page }) => {
  await openLab(page);
  await page.getByRole('button', { name: 'Look at recorded runs' }).click();
  await page.getByRole('menuitem', { name: BATCH_64 }).click();
  await expect(page.getByRole('region', { name: 'Runs table' }).locator('tbody tr')).toHaveCount(4);
});

test('a recording that cannot be fetched says so', async ({ page, faults }) => {
  faults.allow(/404|Failed to load resource/);
  await page.route('**/recorded/p1.json', (route) => route.fulfill({ status: 404, body: '' }));
  await openLab(page);
  await page.getByRole('button', { name: 'Look at recorded runs' }).click();
  await page.getByRole('menuitem', { name: BATCH_64 }).click();
  await expect(page.getByText('“recorded/p1.json” is not there (404).')).toBeVisible();
});
