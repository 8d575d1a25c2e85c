import type { Page } from '@playwright/test';
import { brokenArchives, soundArchive } from './archives.ts';
import type { UploadFile } from './archives.ts';
import { expect, test } from './fixtures.ts';
import { loadFiles, openLab, untilReady } from './lab.ts';

/** Lets go of a file over the drop zone. */
async function drop(page: Page, { name, mimeType, buffer }: UploadFile): Promise<void> {
  const transfer = await page.evaluateHandle(
    ([name, type, text]) => {
      const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], name, { type }));
      return data;
    },
    [name, mimeType, buffer.toString('base64')] as const,
  );
  await page.locator('.drop-zone').dispatchEvent('drop', { dataTransfer: transfer });
}

test('refuses broken archives with a clear message and keeps the data in use', async ({ page, faults }) => {
  faults.allow(/DatasetError/);
  await openLab(page);
  await page.getByRole('tab', { name: 'Data' }).click();
  const facts = page.locator('.data-facts');
  await expect(facts).toContainText('Built-in');
  // The statistics of both halves are counted after the rest.
  await expect(facts).not.toContainText('…');
  const before = await facts.innerText();
  for (const { what, file, message } of brokenArchives()) {
    await test.step(what, async () => {
      await drop(page, file);
      const notice = page.getByRole('alert').filter({ hasText: 'These data cannot be used.' });
      await expect(notice).toContainText(message);
      await expect(notice).toContainText('stays in use');
      expect(await facts.innerText()).toBe(before);
      await notice.getByRole('button', { name: 'Dismiss' }).click();
      await expect(notice).toBeHidden();
    });
  }
  await test.step('images of the data before can still be looked at, and a run can start', async () => {
    await page.getByRole('button', { name: 'Next page' }).click();
    await expect(page.getByRole('region', { name: 'Sample images' })).toContainText('41–80 of 10,000');
    await untilReady(page);
  });
});

test('takes a sound archive, shows its images with their labels, and goes back', async ({ page }) => {
  await openLab(page);
  await loadFiles(page, soundArchive());
  await expect(page.getByRole('heading', { name: /CIFAR-10/ })).toBeVisible();
  await expect(
    page.getByText('50 training and 10 validation images, 32 × 32 RGB, 10 classes.'),
  ).toBeVisible();
  const samples = page.getByRole('region', { name: 'Sample images' });
  await expect(samples.getByRole('listitem')).toHaveCount(40);
  for (const label of ['airplane', 'truck'])
    await expect(samples.getByText(label, { exact: true }).nth(3)).toBeVisible();
  await page.getByRole('button', { name: 'Use Built-in shapes and textures' }).click();
  await expect(page.getByRole('heading', { name: /Built-in/ })).toBeVisible({ timeout: 90_000 });
});
