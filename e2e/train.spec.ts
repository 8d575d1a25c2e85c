import { expect, realSample, test } from './fixtures.ts';
import {
  chart,
  epochTable,
  findLearningRate,
  loadFiles,
  openLab,
  press,
  runItem,
  setUp,
  train,
  transport,
  untilIdle,
  untilStepping,
} from './lab.ts';

/** Loss of a network that knows nothing of the ten classes. */
const CHANCE = Math.log(10);

/** Small enough for a software adapter: two steps an epoch at batch size 16, memorized within seven. */
const small = { width: 8, trainImages: 32, validImages: 16, maxLearningRate: 4e-3 } as const;

test('the main job: load data, find a learning rate, train BN and BN+WS at batch 16 and 2', async ({
  page,
}) => {
  await openLab(page);

  await test.step('load the data', async () => {
    const files = realSample();
    if (files) {
      await loadFiles(page, files);
      await expect(page.getByRole('heading', { name: /CIFAR-10/ })).toBeVisible();
      await expect(
        page.getByText(/training and .* validation images, 32 × 32 RGB, 10 classes/),
      ).toBeVisible();
    } else {
      await page.getByRole('tab', { name: 'Data' }).click();
      await expect(page.getByRole('heading', { name: /Built-in/ })).toBeVisible();
    }
    await expect(page.getByRole('region', { name: 'Sample images' }).locator('canvas').first()).toBeVisible();
  });

  await test.step('find a learning rate and adopt a suggestion', async () => {
    await setUp(page, { ...small, arm: 'BN', batchSize: 16, epochs: 7 });
    await findLearningRate(page, 20);
    const curve = chart(page, 'Loss against learning rate');
    await expect(curve).toBeVisible();
    await expect(curve.locator('path.plot-line').first()).toBeVisible();
    await expect(runItem(page, 'finder 1 BN')).toBeVisible();
    const suggestions = page.getByRole('region', { name: 'Suggested learning rates' }).getByRole('listitem');
    await expect(suggestions).toHaveCount(5);
    const usable = page
      .getByRole('region', { name: 'Suggested learning rates' })
      .getByRole('button', { name: /^Use / });
    const suggested = /^Use (\S+),/.exec((await usable.first().getAttribute('aria-label')) ?? '')?.[1];
    await usable.first().click();
    await expect(usable.first()).toHaveAttribute('aria-pressed', 'true');
    await expect(page.getByRole('textbox', { name: 'Max learning rate', exact: true })).toHaveValue(
      suggested!,
    );
  });

  for (const arm of ['BN', 'BN+WS'] as const) {
    await test.step(`train ${arm} at batch 16`, async () => {
      const rows = await train(page, { ...small, arm, batchSize: 16, epochs: 7 });
      expect(rows.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3, 4, 5, 6]);
      expect(rows.at(-1)!.trainLoss).toBeLessThan(CHANCE - 0.5);
      for (const row of rows) {
        expect(row.validLoss).toBeGreaterThan(0);
        expect(row.accuracy).toBeGreaterThanOrEqual(0);
        expect(row.time).toMatch(/^\d+:\d\d$/);
      }
    });
  }

  for (const arm of ['BN', 'BN+WS'] as const) {
    await test.step(`train ${arm} at batch 2`, async () => {
      const rows = await train(page, {
        ...small,
        arm,
        batchSize: 2,
        epochs: 2,
        trainImages: 12,
        maxLearningRate: 1e-3,
      });
      expect(rows).toHaveLength(2);
      for (const row of rows) expect(Number.isFinite(row.trainLoss)).toBe(true);
    });
  }

  await test.step('see every run on the charts and in the list', async () => {
    const losses = chart(page, 'Loss');
    for (const run of ['run 1 BN', 'run 2 BN+WS', 'run 3 BN', 'run 4 BN+WS']) {
      await expect(runItem(page, `${run}, finished`)).toBeVisible();
    }
    // Raw, smoothed and validation loss of each run.
    await expect(losses.locator('path.plot-line')).toHaveCount(12);
    await page.getByRole('checkbox', { name: /^Show run #?1 BN$/ }).uncheck();
    await expect(losses.locator('path.plot-line')).toHaveCount(9);
    await runItem(page, 'run 2 BN+WS').click();
    expect(await epochTable(page)).toHaveLength(7);
  });
});

test('pauses, resumes, stops, diverges; and a finder changes nothing of a training', async ({ page }) => {
  await openLab(page);
  const tiny = { ...small, arm: 'BN', batchSize: 2, epochs: 2, trainImages: 12, validImages: 16 } as const;

  await test.step('the same training before and after a finder', async () => {
    const before = await train(page, tiny);
    await findLearningRate(page, 20);
    const after = await train(page, tiny);
    expect(before).toHaveLength(2);
    expect(after.map(({ time: _, ...row }) => row)).toEqual(before.map(({ time: _, ...row }) => row));
  });

  await test.step('pause, resume, stop', async () => {
    await setUp(page, { ...tiny, epochs: 200 });
    await press(page, 'Start training');
    await untilStepping(page);
    await press(page, 'Pause');
    await expect(runItem(page, 'run 3 BN, paused')).toBeVisible();
    const paused = await transport(page).getByRole('progressbar').getAttribute('aria-valuenow');
    await page.waitForTimeout(1500);
    expect(await transport(page).getByRole('progressbar').getAttribute('aria-valuenow')).toBe(paused);
    await press(page, 'Resume');
    await expect
      .poll(async () => Number(await transport(page).getByRole('progressbar').getAttribute('aria-valuenow')))
      .toBeGreaterThan(Number(paused));
    await press(page, 'Stop');
    await untilIdle(page);
    await expect(runItem(page, 'run 3 BN, stopped at step')).toBeVisible();
  });

  await test.step('a divergence ends the run by itself and says where', async () => {
    await train(page, {
      ...tiny,
      arm: 'None',
      batchSize: 16,
      trainImages: 32,
      epochs: 20,
      maxLearningRate: 10,
    });
    await expect(page.getByText(/diverged at step \d+ with loss \S+, learning rate/).first()).toBeVisible();
    await expect(runItem(page, 'run 4 None, diverged at step')).toBeVisible();
    await expect(chart(page, 'Loss')).toBeVisible();
  });
});
