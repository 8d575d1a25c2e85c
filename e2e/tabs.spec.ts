import type { Page } from '@playwright/test';
import { startBrowser, withProfile } from './browserProcess.ts';
import { expectSameTraining, exportedRuns } from './exportedRuns.ts';
import { expect, test, watch } from './fixtures.ts';
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

const tiny = { arm: 'BN', width: 8, batchSize: 2, trainImages: 8, validImages: 4 } as const;
const RUN_TIMEOUT_MS = 150_000;

/** What the page notes when it comes back: moments in milliseconds, and the steps that it showed then. */
interface Return {
  readonly events: readonly string[];
  readonly resumedAt: number;
  readonly shown: readonly { readonly at: number; readonly steps: number }[];
}

/** Notes the changes of visibility, and each step count that is shown after the page was frozen. */
async function observeReturn(page: Page): Promise<void> {
  await page.evaluate(() => {
    const noted = { events: [] as string[], resumedAt: 0, shown: [] as { at: number; steps: number }[] };
    Object.assign(globalThis, { noted });
    document.addEventListener('visibilitychange', () => noted.events.push(document.visibilityState));
    document.addEventListener('freeze', () => noted.events.push('freeze'));
    document.addEventListener('resume', () => {
      noted.events.push('resume');
      noted.resumedAt = performance.now();
    });
    new MutationObserver(() => {
      const bar = document.querySelector('[role=progressbar][aria-label="Training progress"]');
      const steps = Number(bar?.getAttribute('aria-valuenow'));
      if (noted.resumedAt > 0) noted.shown.push({ at: performance.now(), steps });
    }).observe(document.body, { subtree: true, attributes: true, attributeFilter: ['aria-valuenow'] });
  });
}

/** Of the run that is going; the page of a hidden tab shows its steps once a second. */
async function stepsPerSecond(page: Page): Promise<number> {
  const [start, before] = [performance.now(), await stepsDone(page)];
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  const steps = (await stepsDone(page)) - before;
  return (1000 * steps) / (performance.now() - start);
}

test(
  'a hidden tab trains on at half its speed at least; a frozen one comes back at once, with every step once',
  { tag: '@alone' },
  async ({ site }) => {
    await withProfile(async (profile) => {
      const { browser, page, kill } = await startBrowser(profile);
      try {
        const faults = await watch(page);
        await page.goto(site.url);
        await untilReady(page);
        await setUp(page, { ...tiny, epochs: 200, trainImages: 16 });
        await press(page, 'Start training');
        await untilStep(page, 8);
        await observeReturn(page);
        const visible = await stepsPerSecond(page);
        const other = await browser.contexts()[0]!.newPage();
        await other.bringToFront();

        await test.step('hidden', async () => {
          await expect.poll(() => page.evaluate(() => document.visibilityState)).toBe('hidden');
          expect(await stepsPerSecond(page), `steps per second, of ${visible} when visible`).toBeGreaterThan(
            visible / 2,
          );
        });

        await test.step('frozen', async () => {
          const control = await page.context().newCDPSession(page);
          await control.send('Page.setWebLifecycleState', { state: 'frozen' });
          await other.waitForTimeout(6_000);
          await control.send('Page.setWebLifecycleState', { state: 'active' });
          await page.bringToFront();
          await expect.poll(() => page.evaluate(() => document.visibilityState)).toBe('visible');
          await page.waitForTimeout(2_000);
          const { events, resumedAt, shown } = await page.evaluate(
            () => (globalThis as unknown as { noted: Return }).noted,
          );
          expect(events).toEqual(['hidden', 'freeze', 'resume', 'visible']);
          const [first] = shown;
          expect(first!.at - resumedAt, 'milliseconds until the page has caught up').toBeLessThan(1_000);
          // Steps redraw four times a second, epochs beside; what waited in the queue is shown in one go.
          expect(shown.filter(({ at }) => at < resumedAt + 1_000).length).toBeLessThanOrEqual(20);
        });

        await press(page, 'Stop');
        await untilIdle(page);
        const [{ run, steps }] = (await exportedRuns(page)) as [Awaited<ReturnType<typeof exportedRuns>>[0]];
        expect(steps.losses).toHaveLength(run.stepCount);
        for (const loss of steps.losses) expect(loss).toBeGreaterThan(0);
        for (const [i, at] of steps.elapsedMs.entries()) {
          expect(at).toBeGreaterThanOrEqual(steps.elapsedMs[i - 1] ?? 0);
        }
        await page.getByRole('tab', { name: 'Train' }).click();
        await expect(page.getByText(/The page was hidden for .* steps\/s/)).toBeVisible();
        expect(faults.list).toEqual([]);
      } finally {
        await kill();
      }
    });
  },
);

test('a run belongs to one tab: another one says so and can take it over; closed, it frees the run', async ({
  page,
}) => {
  const setting = { ...tiny, epochs: 20 } as const;
  await openLab(page);
  await train(page, setting);
  await press(page, 'Start training');
  await untilStep(page, 8);
  // Paused, a run is its tab's as before, and nothing of this test depends on how fast it is.
  await press(page, 'Pause');
  await expect(runItem(page, 'run 2 BN, paused')).toBeVisible();
  const before = await stepsDone(page);

  const second = await page.context().newPage();
  const faults = await watch(second);
  await test.step('the second tab says so', async () => {
    await openLab(second);
    await second.getByRole('tab', { name: 'Train' }).click();
    await runItem(second, 'run 2 BN').click();
    await expect(
      trainTab(second).getByText(/It is going on in another tab; taking it over ends it there/),
    ).toBeVisible();
  });

  await test.step('and takes it over', async () => {
    await trainTab(second).getByRole('button', { name: 'Take over #2 BN' }).click();
    await expect(runItem(page, 'run 2 BN, interrupted')).toBeVisible();
    await expect(page.getByText('Taken over by another tab.').first()).toBeVisible();
    await untilStep(second, before + 12);
    await press(second, 'Pause');
    await expect(runItem(second, 'run 2 BN, paused')).toBeVisible();
  });

  await test.step('which the first tab heeds', async () => {
    await runItem(page, 'run 2 BN').click();
    await trainTab(page).getByRole('button', { name: 'Resume #2 BN' }).click();
    await expect(page.getByText(/This run is going on in another tab/).first()).toBeVisible();
    await expect(runItem(page, 'run 2 BN, interrupted')).toBeVisible();
  });

  await test.step('closed, it frees the run within a second', async () => {
    await second.close({ runBeforeUnload: false });
    const held = (): Promise<readonly (string | undefined)[]> =>
      page.evaluate(async () => {
        const locks = (await navigator.locks.query()).held ?? [];
        return locks.map(({ name }) => name).filter((name) => name?.startsWith('normlab-run:'));
      });
    await expect.poll(held, { timeout: 1_000, intervals: [100] }).toEqual([]);
    await trainTab(page).getByRole('button', { name: 'Resume #2 BN' }).click();
    await expect(runItem(page, 'run 2 BN, finished')).toBeVisible({ timeout: RUN_TIMEOUT_MS });
  });

  expectSameTraining(await exportedRuns(page));
  expect(faults.list).toEqual([]);
});
