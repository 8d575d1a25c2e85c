import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { test } from './fixtures.ts';
import { findLearningRate, openLab, setUp, train, untilIdle, untilStepping } from './lab.ts';
import { beforeWorker } from './workerHooks.ts';

/** Minutes on a software adapter, and curves that have something to say. */
const SMALL = {
  width: 8,
  batchSize: 16,
  trainImages: 800,
  validImages: 320,
  maxLearningRate: 4e-3,
  epochs: 3,
} as const;
const ARMS = ['BN', 'BN+WS'] as const;

/** The header goes on naming the adapter. */
async function openWithoutNote(page: Page): Promise<void> {
  await openLab(page);
  const note = page.getByRole('button', { name: 'Close this note' });
  if (await note.isVisible()) await note.click();
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.mouse.move(0, 0);
  const setup = page.getByRole('complementary', { name: 'Set-up' });
  // A phone has it in a sheet.
  if (await setup.isVisible()) await setup.evaluate((panel) => panel.scrollTo(0, 0));
  await page.screenshot({
    path: resolve(import.meta.dirname, '../docs/images', `${name}.png`),
    animations: 'disabled',
    caret: 'hide',
  });
}

test('takes the pictures of the README', async ({ page }) => {
  await openWithoutNote(page);
  await page.getByRole('tab', { name: 'Data' }).click();
  await page.getByRole('region', { name: 'Sample images' }).locator('canvas').first().waitFor();
  await shoot(page, 'data');
  for (const arm of ARMS) {
    await setUp(page, { ...SMALL, arm });
    await findLearningRate(page, 60);
  }
  await shoot(page, 'find');
  await page.getByRole('tab', { name: 'Train' }).click();
  for (const arm of ARMS) await train(page, { ...SMALL, arm });
  await shoot(page, 'train');
});

test('takes the picture of a race', async ({ page }) => {
  await openWithoutNote(page);
  await page.getByRole('tab', { name: 'Study' }).click();
  for (const arm of ARMS) {
    await setUp(page, { ...SMALL, arm, batchSize: 2, trainImages: 400, epochs: 2, maxLearningRate: 1e-3 });
    await page.getByRole('button', { name: 'Add the current set-up as an arm' }).click();
  }
  await page.getByRole('radio', { name: 'as a race' }).check({ force: true });
  await page.getByRole('button', { name: 'Start study' }).click();
  await untilStepping(page);
  await page.getByRole('tab', { name: 'Compare' }).click();
  await untilIdle(page);
  await page.getByRole('region', { name: 'Paired difference' }).scrollIntoViewIfNeeded();
  await shoot(page, 'compare');
  await page.emulateMedia({ colorScheme: 'dark' });
  await shoot(page, 'dark');
});

test('takes the picture of a question', async ({ page }) => {
  await openWithoutNote(page);
  await page.getByRole('tab', { name: 'Study' }).click();
  await page.getByLabel('Start from a question').selectOption('P1');
  await page.getByRole('button', { name: 'Put it in the builder' }).click();
  await shoot(page, 'study');
});

test('takes the pictures of a divergence and its fork, of a phone, and of what is empty', async ({
  page,
}) => {
  await openWithoutNote(page);
  await page.getByRole('tab', { name: 'Train' }).click();
  await shoot(page, 'empty');
  const small = { width: 8, batchSize: 8, trainImages: 16, validImages: 8 } as const;
  await train(page, { ...small, arm: 'None', epochs: 60, maxLearningRate: 0.1 });
  const panel = page.getByRole('region', { name: /^Divergence of #1 None/ });
  await panel.getByLabel('Fork’s normalization').selectOption('GN');
  await panel.getByLabel('Fork’s max learning rate').fill('1e-3');
  await panel.scrollIntoViewIfNeeded();
  await shoot(page, 'divergence');
  await panel.getByRole('button', { name: 'Start the fork' }).click();
  await untilIdle(page);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.evaluate(() => scrollTo(0, 0));
  await shoot(page, 'phone');
});

test('takes the picture of a browser that cannot train', async ({ page, faults }) => {
  faults.allow(/UnsupportedError|webgl/i);
  await beforeWorker(
    page,
    "Object.defineProperty(navigator, 'gpu', { value: undefined }); OffscreenCanvas.prototype.getContext = () => null;",
  );
  await page.goto('./');
  await page.getByText('This browser cannot train.').waitFor();
  await shoot(page, 'no-webgpu');
});
