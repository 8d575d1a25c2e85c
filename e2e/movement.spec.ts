import type { Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import { chart, openLab, press, setUp, transport, untilIdle, untilReady, untilStepping } from './lab.ts';

interface Shift {
  readonly value: number;
  readonly what: string;
}

interface Watched {
  readonly shifts: readonly Shift[];
  /** Tasks of the main thread above 50 ms. */
  readonly tasks: readonly { readonly at: number; readonly ms: number }[];
}

/** Notes what moves without an input before it, and how long the main thread is busy at a time. */
async function watchMovement(page: Page): Promise<void> {
  await page.evaluate(() => {
    const shifts: Shift[] = [];
    const tasks: { at: number; ms: number }[] = [];
    Object.assign(globalThis, { watched: { shifts, tasks } });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & {
        value: number;
        hadRecentInput: boolean;
        sources: readonly { node: Node | null; previousRect: DOMRect; currentRect: DOMRect }[];
      })[]) {
        const nodes = entry.sources.map(({ node, previousRect: a, currentRect: b }) => {
          const name = node instanceof Element ? `${node.tagName}.${node.getAttribute('class')}` : '';
          return `${name} ${a.x},${a.y} ${a.width}x${a.height} to ${b.x},${b.y} ${b.width}x${b.height}`;
        });
        if (!entry.hadRecentInput) shifts.push({ value: entry.value, what: nodes.join(', ') });
      }
    }).observe({ type: 'layout-shift' });
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) tasks.push({ at: startTime, ms: duration });
    }).observe({ type: 'longtask' });
  });
}

function watched(page: Page): Promise<Watched> {
  return page.evaluate(() => (globalThis as unknown as { watched: Watched }).watched);
}

function expectStill({ shifts }: Watched): void {
  const sum = shifts.reduce((total, { value }) => total + value, 0);
  expect(sum, JSON.stringify(shifts, undefined, 2)).toBeLessThan(0.01);
}

test('nothing moves by itself while a run trains, and frozen charts stay as they are', async ({ page }) => {
  await openLab(page);
  await setUp(page, { arm: 'BN', width: 8, batchSize: 2, epochs: 2, trainImages: 60, validImages: 4 });
  await page.getByRole('tab', { name: 'Train' }).click();
  await watchMovement(page);
  await press(page, 'Start training');
  const line = chart(page, 'Loss').locator('path.plot-line').first();
  await expect(line).toBeVisible({ timeout: 120_000 });
  await page.getByRole('switch', { name: /freeze/i }).check();
  // What had begun to be drawn before is drawn to its end.
  await page.waitForTimeout(500);
  const frozen = await line.getAttribute('d');
  await page.waitForTimeout(1500);
  expect(await line.getAttribute('d')).toBe(frozen);
  await page.getByRole('switch', { name: /freeze/i }).uncheck();
  await untilIdle(page);
  expectStill(await watched(page));
});

/**
 * What a task of the main thread may last, by the clock, while three runs train: the page wants 50 ms and needs less of
 * its processor, but here it shares two cores with the software adapter and the worker, which stretch it up to threefold.
 * A chart that is laid out anew at every step takes longer. `npm run bench:charts` measures the processor's time.
 */
const LONGEST_TASK_MS = 200;

test(
  'nothing moves by itself in Train or in Compare while a race goes on, and the page answers',
  { tag: '@alone' },
  async ({ page }) => {
    await page.goto(
      './#v=1&width=8&bs=2&train=100&valid=4&epochs=1&study=Race&mode=race&arm=&arm=ws:1&arm=norm:gn&seeds=0',
    );
    await untilReady(page);
    await page.getByRole('button', { name: 'Start study' }).click();
    await page.getByRole('tab', { name: 'Train' }).click();
    await untilStepping(page);
    // The charts were drawn for the first time.
    await page.waitForTimeout(1000);
    await watchMovement(page);
    await page.waitForTimeout(2500);
    const left = await page.evaluate(() => performance.now());
    await page.getByRole('tab', { name: 'Compare' }).click();
    await page.waitForTimeout(1500);
    const opened = await page.evaluate(() => performance.now());
    await page.waitForTimeout(2500);
    await expect(transport(page)).toContainText('Race of');
    const seen = await watched(page);
    expectStill(seen);
    // Opening the tab draws all of its charts at once.
    const steady = seen.tasks.filter(({ at, ms }) => at + ms < left || at > opened);
    const worst = Math.max(0, ...steady.map(({ ms }) => ms));
    expect(worst, JSON.stringify(seen.tasks)).toBeLessThan(LONGEST_TASK_MS);
  },
);
