import { expect, test } from './fixtures.ts';
import { openLab, transport } from './lab.ts';

test('measures the GPU in the page and copies the report', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await openLab(page);
  const badge = page.getByRole('group', { name: 'Device' }).getByRole('button');
  await badge.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Measure this GPU' });
  await expect(dialog).toBeVisible();

  // The radio buttons lie, unseen, under what they look like.
  await dialog
    .getByRole('group', { name: 'Width' })
    .getByRole('radio', { name: '8', exact: true })
    .check({ force: true });
  await dialog
    .getByRole('group', { name: 'Batch' })
    .getByRole('radio', { name: '2', exact: true })
    .check({ force: true });
  await dialog.getByRole('switch', { name: /Stock TensorFlow/ }).uncheck();
  await dialog.getByRole('button', { name: 'Start' }).click();

  // The measurement goes on while the dialog is closed, and no run starts meanwhile.
  await expect(dialog.getByRole('progressbar', { name: 'Measurement' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(badge).toBeFocused();
  await expect(transport(page)).toContainText('The GPU is being measured');
  await badge.click();

  const table = dialog.getByRole('table');
  await expect(table).toBeVisible({ timeout: 120_000 });
  await expect(table.getByRole('row', { name: /^NormLab BN \d/ })).toBeVisible();
  await expect(table.getByRole('row', { name: /^NormLab BN\+WS .*[+−]\d+\.\d %/ })).toBeVisible();
  await dialog.getByRole('button', { name: 'Copy as text' }).click();
  await expect(dialog.getByText('Copied.')).toBeVisible();
  const copied = await page.evaluate(async () => navigator.clipboard.readText());
  expect(copied).toMatch(/^NormLab: time of a training step\nResNet-18, width 8, batch 2,/);
  expect(copied).toMatch(/NormLab BN\+WS +\d/);

  await page.keyboard.press('Escape');
  await expect(transport(page).getByRole('button', { name: 'Start training' })).toBeEnabled();
});

test('cancels a measurement', async ({ page }) => {
  await openLab(page);
  await page.getByRole('group', { name: 'Device' }).getByRole('button').click();
  const dialog = page.getByRole('dialog', { name: 'Measure this GPU' });
  await dialog.getByRole('button', { name: 'Start' }).click();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(dialog.getByText(/ends after the step/)).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'Start' })).toBeVisible({ timeout: 120_000 });
  await expect(dialog.getByRole('table')).toBeHidden();
});
