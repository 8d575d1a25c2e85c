import { expectAccessible } from './axe.ts';
import { expect, test } from './fixtures.ts';
import { openLab, train } from './lab.ts';

const tiny = { arm: 'BN', width: 8, batchSize: 2, epochs: 2, trainImages: 8, validImages: 4 } as const;

test('passes WCAG 2.2 AA in every tab, empty and with a run, light and dark, wide and narrow', async ({
  page,
}) => {
  await openLab(page);
  const tabs = await page.getByRole('tab').allTextContents();
  const everyTab = async (state: string): Promise<void> => {
    for (const [i, name] of tabs.entries()) {
      await page.getByRole('tab').nth(i).click();
      await expectAccessible(page, `${state}, ${name}`);
    }
  };
  await everyTab('empty, light');
  await train(page, tiny);
  await everyTab('with a run, light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await everyTab('with a run, dark');
  await page.setViewportSize({ width: 390, height: 844 });
  await everyTab('narrow, dark');
  for (const sheet of ['Set-up', 'Runs']) {
    await page.getByRole('banner').getByRole('button', { name: sheet }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await expectAccessible(page, `sheet ${sheet}`);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
  }
});

test('moves still where people ask for it', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await openLab(page);
  const moving = await page.evaluate(
    () =>
      [...document.querySelectorAll('*')].filter((element) => {
        const { transitionDuration, animationDuration } = getComputedStyle(element);
        return [transitionDuration, animationDuration].some((text) =>
          text.split(',').some((duration) => Number.parseFloat(duration) > 0.01),
        );
      }).length,
  );
  expect(moving).toBe(0);
});
