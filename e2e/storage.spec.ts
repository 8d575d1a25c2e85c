import type { Page } from '@playwright/test';
import { startBrowser, withProfile } from './browserProcess.ts';
import { expectSameTraining, exportedRuns } from './exportedRuns.ts';
import { expect, test, watch } from './fixtures.ts';
import { askForState, keepState, TELLS_STATES } from './keptStates.ts';
import {
  openLab,
  press,
  runItem,
  setUp,
  stepsDone,
  train,
  trainTab,
  untilIdle,
  untilReady,
  untilStep,
} from './lab.ts';
import { beforeWorker } from './workerHooks.ts';

const tiny = { arm: 'BN', width: 8, batchSize: 2, trainImages: 8, validImages: 4 } as const;
const RUN_TIMEOUT_MS = 150_000;
/** Less than three states of the smallest network: the third one, written before the first goes, does not fit. */
const QUOTA = 5 * 2 ** 20;

/** Selects a run that was cut off, and returns the step from which the page offers to go on. */
async function offeredStep(page: Page, number: number): Promise<number> {
  await expect(runItem(page, `run ${number} BN, interrupted`)).toBeVisible({ timeout: RUN_TIMEOUT_MS });
  await untilReady(page);
  await page.getByRole('tab', { name: 'Train' }).click();
  await runItem(page, `run ${number} BN`).click();
  const offer = await trainTab(page)
    .getByText(/^Goes on after step \d+; /)
    .innerText();
  return Number(/step (\d+)/.exec(offer)?.[1]);
}

test('a browser that is killed again and again loses at most one interval, and the run ends in the same bits', async ({
  site,
}) => {
  await withProfile(async (profile) => {
    let kept = 0;
    const inBrowser = async (use: (page: Page) => Promise<void>): Promise<void> => {
      const { page, kill } = await startBrowser(profile);
      try {
        const faults = await watch(page);
        await beforeWorker(page, TELLS_STATES);
        await page.goto(site.url);
        await untilReady(page);
        await use(page);
        expect(faults.list).toEqual([]);
      } finally {
        await kill();
      }
    };
    const resume = async (page: Page): Promise<void> => {
      expect(await offeredStep(page, 2)).toBeGreaterThanOrEqual(kept);
      await trainTab(page).getByRole('button', { name: 'Resume #2 BN' }).click();
    };

    await test.step('killed some steps after a state was kept', () =>
      inBrowser(async (page) => {
        await train(page, { ...tiny, epochs: 8, trainImages: 20 });
        await press(page, 'Start training');
        await untilStep(page, 4);
        kept = await keepState(page);
        await untilStep(page, kept + 3);
      }));
    await test.step('while a state is being written', () =>
      inBrowser(async (page) => {
        await resume(page);
        await untilStep(page, kept + 4);
        await askForState(page);
      }));
    await test.step('and goes on to the end', () =>
      inBrowser(async (page) => {
        await resume(page);
        await expect(runItem(page, 'run 2 BN, finished')).toBeVisible({ timeout: RUN_TIMEOUT_MS });
        expectSameTraining(await exportedRuns(page));
      }));
  });
});

test('a full storage: training goes on and says so, and the states before it stay good', async ({
  page,
  site,
}) => {
  await openLab(page);
  const control = await page.context().newCDPSession(page);
  const { origin } = new URL(site.url);
  await control.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: QUOTA });
  await setUp(page, { ...tiny, epochs: 200 });
  await press(page, 'Start training');
  const notice = page.locator('.notice').filter({ hasText: 'The run goes on, but is no longer kept.' });
  await expect(notice).toContainText(
    // Chromium tells pages of a larger quota than it holds them to, so that the page cannot be surer.
    /Not saved: the browser’s storage is full or cannot be written \(\d+ MB of [\d,]+ MB used\)\. Free space, or/,
    { timeout: RUN_TIMEOUT_MS },
  );
  const step = await stepsDone(page);
  await untilStep(page, step + 4);
  await expect(runItem(page, 'run 1 BN, running')).toBeVisible();

  await notice.getByRole('button', { name: 'Download or remove runs' }).click();
  await expect(page.getByRole('button', { name: /^Export 1 listed/ })).toBeVisible();
  await notice.getByRole('button', { name: 'Remove data sets' }).click();
  await expect(page.getByRole('region', { name: 'Data sets' })).toBeVisible();

  await control.send('Storage.overrideQuotaForOrigin', { origin });
  page.on('dialog', (dialog) => void dialog.accept());
  await page.reload();
  expect(await offeredStep(page, 1)).toBeGreaterThan(0);
  await trainTab(page).getByRole('button', { name: 'Resume #1 BN' }).click();
  await untilStep(page, step);
  await press(page, 'Stop');
  await untilIdle(page);
  const [cut] = await exportedRuns(page);
  expect(cut!.steps.losses).toHaveLength(cut!.run.stepCount);
  for (const loss of cut!.steps.losses) expect(loss).toBeGreaterThan(0);
});
