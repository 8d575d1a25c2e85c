import { chromium, type Page } from '@playwright/test';
import { launchOptions } from '../scripts/browser.mjs';
import { expectSameTraining, exportedRuns } from './exportedRuns.ts';
import { expect, test, watch, type PageFaults } from './fixtures.ts';
import { chart, openLab, press, runItem, setUp, train, trainTab, untilReady, untilStep } from './lab.ts';
import { keepState, TELLS_STATES } from './keptStates.ts';
import { beforeWorker } from './workerHooks.ts';

/** 60 steps. */
const tiny = { arm: 'BN', width: 8, batchSize: 2, epochs: 15, trainImages: 8, validImages: 4 } as const;
const RUN_TIMEOUT_MS = 150_000;

/** The page can destroy the device, and hears of each adapter that is asked for. */
const HOOKS = `${TELLS_STATES} {
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    const device = await request.call(this, descriptor);
    new BroadcastChannel('destroy device').onmessage = () => device.destroy();
    return device;
  };
  const requestAdapter = GPU.prototype.requestAdapter;
  GPU.prototype.requestAdapter = function (options) {
    console.info('adapter requested');
    return requestAdapter.call(this, options);
  };
}`;

async function destroyDevice(page: Page): Promise<void> {
  await page.evaluate(() => new BroadcastChannel('destroy device').postMessage(''));
}

/** A few steps beyond a state that is kept. @returns the steps done at that state. */
async function intoTheMiddle(page: Page): Promise<number> {
  await untilStep(page, 4);
  const kept = await keepState(page);
  await untilStep(page, kept + 3);
  return kept;
}

/** Chromium remembers crashes of a site, so that each test of them needs a browser of its own. */
async function inOwnBrowser(
  url: string,
  use: (
    page: Page,
    tools: { readonly crashGpu: () => Promise<void>; readonly faults: PageFaults },
  ) => Promise<void>,
): Promise<void> {
  const browser = await chromium.launch(launchOptions());
  try {
    const page = await browser.newPage({ baseURL: url, viewport: { width: 1440, height: 900 } });
    const faults = await watch(page);
    await beforeWorker(page, HOOKS);
    const control = await browser.newBrowserCDPSession();
    await use(page, { crashGpu: async () => void (await control.send('Browser.crashGpuProcess')), faults });
    expect(faults.list).toEqual([]);
  } finally {
    await browser.close();
  }
}

test('a lost device: the run goes on by itself once, the next time when told to, and ends in the same bits', async ({
  page,
}) => {
  await beforeWorker(page, HOOKS);
  await openLab(page);
  await train(page, tiny);
  await press(page, 'Start training');
  const kept = await intoTheMiddle(page);
  await destroyDevice(page);

  await test.step('once by itself', async () => {
    await untilStep(page, kept + 8);
  });

  await test.step('then it asks', async () => {
    await destroyDevice(page);
    await expect(runItem(page, 'run 2 BN, interrupted')).toBeVisible({ timeout: 2_000 });
    await expect(page.getByText('Training has stopped.')).toBeVisible();
    await expect(page.getByText(/The GPU was lost \(destroyed\)/).first()).toBeVisible();
    await expect(chart(page, 'Loss').locator('path.plot-line').first()).toBeVisible();
    const [, cut] = await exportedRuns(page);
    expect(cut!.run.stepCount).toBeGreaterThan(kept);
    for (const loss of cut!.steps.losses) expect(loss).toBeGreaterThan(0);

    await page.getByRole('button', { name: 'Restart' }).click();
    await untilReady(page);
    await page.getByRole('tab', { name: 'Train' }).click();
    await runItem(page, 'run 2 BN').click();
    const goesOn = trainTab(page).getByText(/Goes on after step \d+; /);
    await expect(goesOn).toBeVisible();
    // A later state may have been due by itself.
    expect(Number(/\d+/.exec(await goesOn.innerText())?.[0])).toBeGreaterThanOrEqual(kept);
    await trainTab(page).getByRole('button', { name: 'Resume #2 BN' }).click();
    await expect(runItem(page, 'run 2 BN, finished')).toBeVisible({ timeout: RUN_TIMEOUT_MS });
  });

  expectSameTraining(await exportedRuns(page));
});

test('crashes of the GPU process: one leaves the same bits, two stop it until the browser’s block is over', async ({
  site,
}) => {
  await inOwnBrowser(site.url, async (page, { crashGpu }) => {
    let adapters = 0;
    page.on('console', (message) => {
      if (message.text() === 'adapter requested') adapters += 1;
    });
    await openLab(page);

    await test.step('the run goes on by itself and ends in the same bits', async () => {
      await train(page, tiny);
      await press(page, 'Start training');
      await intoTheMiddle(page);
      await crashGpu();
      await expect(runItem(page, 'run 2 BN, finished')).toBeVisible({ timeout: RUN_TIMEOUT_MS });
      expectSameTraining(await exportedRuns(page));
      expect(adapters).toBe(2);
    });

    await test.step('another crash: it counts down the browser’s block, and keeps the run', async () => {
      await setUp(page, { ...tiny, epochs: 200 });
      await press(page, 'Start training');
      await intoTheMiddle(page);
      await crashGpu();
      await expect(page.getByText('Training has stopped.')).toBeVisible();
      await expect(page.getByText(/The GPU was lost \(unknown\)/).first()).toBeVisible();
      const block = page.getByText(/the browser has blocked it for this site for about two minutes/);
      await expect(block).toContainText(/Try again in 1:[0-5]\d/);
      const countdown = await block.innerText();
      await expect.poll(() => block.innerText()).not.toBe(countdown);
      await page.waitForTimeout(3_000);
      expect(adapters, 'no loop of restarts').toBe(2);
      await expect(runItem(page, 'run 3 BN, interrupted')).toBeVisible();

      // The browser refuses: nothing slower takes over in silence, and the run still waits with its state.
      await page.getByRole('button', { name: 'Restart' }).click();
      await expect.poll(() => adapters).toBe(3);
      await expect(block).toContainText(/Try again in [01]:[0-5]\d/);
      await runItem(page, 'run 3 BN').click();
      await expect(trainTab(page).getByText(/Goes on after step \d+; /)).toBeVisible();
    });
  });
});
