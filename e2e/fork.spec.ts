import type { Page } from '@playwright/test';
import { expectAccessible } from './axe.ts';
import { expect, test } from './fixtures.ts';
import { chart, openLab, press, runItem, setUp, train, trainTab, untilIdle, untilStepping } from './lab.ts';

/** Two steps an epoch at batch size 8. */
const small = { width: 8, batchSize: 8, trainImages: 16, validImages: 8 } as const;

/** Waits for the end of everything that goes and waits. */
async function untilAllOver(page: Page, count: number): Promise<void> {
  const runs = page.getByRole('complementary', { name: 'Runs' });
  await expect(runs.getByRole('listitem')).toHaveCount(count, { timeout: 200_000 });
  await untilIdle(page);
}

test('forks a run that diverged, one that finished, and one while another goes', async ({ page }) => {
  await openLab(page);
  const panel = page.getByRole('region', { name: /^Divergence of #1 None/ });
  /** Steps of the state that is forked, and epochs that leave two of them to do. */
  let step = 0;
  let epochs = 0;

  await test.step('a rate far too high diverges after a state was kept', async () => {
    await train(page, { ...small, arm: 'None', epochs: 60, maxLearningRate: 0.1 });
    await expect(runItem(page, 'run 1 None, diverged at step')).toBeVisible();
    await expect(panel.getByRole('figure', { name: 'Divergence recorder' })).toBeVisible();
    const state = panel.getByText(/The state after step \d+, at learning rate/);
    await expect(state).toBeVisible();
    step = Number(/step (\d+)/.exec(await state.innerText())?.[1]);
    epochs = Math.ceil(step / 2) + 2;
    await expectAccessible(page, 'diverged');
  });

  await test.step('a fork with another normalization, rate and clip trains, and both stay', async () => {
    await panel.getByLabel('Fork’s normalization').selectOption('GN');
    const rate = panel.getByLabel('Fork’s max learning rate');
    await rate.fill('none');
    await expect(panel.getByText(/must be a number/)).toBeVisible();
    await rate.fill('1e-4');
    const clip = panel.getByLabel('Fork’s gradient clip');
    await expect(clip).toHaveValue('0');
    await clip.fill('-1');
    await expect(panel.getByText(/Gradient clip must be a number/)).toBeVisible();
    await clip.fill('0.5');
    await panel.getByLabel('Epochs in all').fill(String(epochs));
    await panel.getByRole('button', { name: 'Start the fork' }).click();
    await untilAllOver(page, 2);
    await expect(runItem(page, 'run 2 GN, finished')).toContainText('clip 0.5');
    await expect(runItem(page, 'run 2 GN, finished')).toContainText(`fork of run 1 at step ${step}`);
    await expect(runItem(page, 'run 1 None, diverged at step')).toBeVisible();
    // Raw, smoothed and validation loss of both.
    await expect(chart(page, 'Loss').locator('path.plot-line')).toHaveCount(6);
  });

  await test.step('a finished run goes on where it is given more epochs', async () => {
    await trainTab(page).getByText('Go on from a kept state with other settings').click();
    const form = trainTab(page).locator('.fork-run');
    await expect(form.getByText(/has done all \d+ steps of \d+ epochs/)).toBeVisible();
    await expect(form.getByRole('button', { name: 'Start the fork' })).toHaveAttribute(
      'aria-disabled',
      'true',
    );
    await form.getByLabel('Epochs in all').fill(String(epochs + 1));
    await expectAccessible(page, 'fork of a finished run');
    await form.getByRole('button', { name: 'Start the fork' }).click();
    await untilAllOver(page, 3);
    await expect(runItem(page, 'run 3 GN, finished')).toContainText(`fork of run 2 at step ${2 * epochs}`);
  });

  await test.step('a fork waits behind a run that goes, and can be left out', async () => {
    await setUp(page, { ...small, arm: 'BN', epochs: 200, maxLearningRate: 1e-3 });
    await press(page, 'Start training');
    await untilStepping(page);
    await runItem(page, 'run 1 None').click();
    await panel.getByLabel('Epochs in all').fill(String(epochs));
    await panel.getByRole('button', { name: 'Queue the fork' }).click();
    await panel.getByLabel('Fork’s normalization').selectOption('GN+WS');
    await panel.getByRole('button', { name: 'Queue the fork' }).click();
    await page.getByRole('tab', { name: 'Study' }).click();
    const waiting = page.getByRole('list', { name: 'Runs to come' });
    await expect(waiting.getByRole('listitem')).toHaveCount(2);
    await expectAccessible(page, 'queued forks');
    await waiting.getByRole('button', { name: /^Skip None, fork of run 1 at step/ }).click();
    await press(page, 'Stop');
    await untilAllOver(page, 5);
    await expect(runItem(page, 'run 5 GN+WS')).toContainText('fork of run 1 at step');
  });

  await test.step('a run begins again from step 0 with one change', async () => {
    await runItem(page, 'run 1 None').click();
    await panel.getByRole('button', { name: 'Start again with GN' }).click();
    await untilAllOver(page, 6);
    await expect(runItem(page, 'run 6 GN')).toContainText('LR 0.1 · 60 epochs');
    await expect(runItem(page, 'run 6 GN')).not.toContainText('fork');
  });
});
