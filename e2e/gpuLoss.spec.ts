import { chromium } from '@playwright/test';
import { launchOptions } from '../scripts/browser.mjs';
import { expect, test, watch } from './fixtures.ts';
import { chart, openLab, press, runItem, setUp, train, untilReady, untilStepping } from './lab.ts';

const tiny = { arm: 'BN', width: 8, batchSize: 2, epochs: 2, trainImages: 8, validImages: 8 } as const;

test('a crash of the GPU process interrupts the run and keeps its curve; after the next one a restart trains again', async ({
  site,
}) => {
  // A browser of its own: Chromium remembers crashes, and refuses the GPU to a host after the second one.
  const options = launchOptions();
  const browser = await chromium.launch({
    ...options,
    headless: false,
    args: [
      ...(options.args ?? []),
      '--disable-domain-blocking-for-3d-apis',
      '--disable-gpu-process-crash-limit',
    ],
  });
  try {
    const page = await browser.newPage({ baseURL: site.url, viewport: { width: 1440, height: 900 } });
    const faults = await watch(page);
    await openLab(page);
    await setUp(page, { ...tiny, epochs: 200 });
    await press(page, 'Start training');
    await untilStepping(page);
    const control = await browser.newBrowserCDPSession();
    await control.send('Browser.crashGpuProcess');

    // The first time the page starts again by itself; the run waits.
    await untilReady(page);
    await expect(runItem(page, 'run 1 BN, interrupted')).toBeVisible();
    await expect(chart(page, 'Loss').locator('path.plot-line').first()).toBeVisible();

    await setUp(page, { ...tiny, epochs: 200 });
    await press(page, 'Start training');
    await untilStepping(page);
    await control.send('Browser.crashGpuProcess');
    await expect(page.getByText('Training has stopped.')).toBeVisible();
    await expect(page.getByText(/The GPU was lost twice in a short time/)).toBeVisible();

    await page.getByRole('button', { name: 'Restart' }).click();
    await untilReady(page);
    expect(await train(page, tiny)).toHaveLength(2);
    await expect(runItem(page, 'run 3 BN, finished')).toBeVisible();
    expect(faults.list).toEqual([]);
  } finally {
    await browser.close();
  }
});
