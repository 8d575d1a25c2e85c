import type { Locator, Page } from '@playwright/test';
import { expectAccessible } from './axe.ts';
import { expect, test } from './fixtures.ts';
import { chart, findLearningRate, openLab, setUp, transport, untilIdle, untilReady } from './lab.ts';

/** Two arms of the smallest network, two seeds, a ramp that is short enough for a software adapter. */
const STUDY =
  './#v=1&width=8&bs=2&train=8&valid=4&epochs=1&study=Rates&mode=queue&arm=&arm=ws:1&seeds=0,1&ramp=1e-5,10,24';

function rateField(page: Page): Locator {
  return page.getByRole('textbox', { name: 'Max learning rate', exact: true });
}

/** Picks up the marker of the finder's chart and lets it go a third of the plot further left. */
async function dragMarker(page: Page, marker: Locator): Promise<void> {
  const box = (await marker.locator('line').boundingBox())!;
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x, y);
  await page.mouse.down();
  await page.mouse.move(box.x - 60, y, { steps: 4 });
  await page.mouse.up();
}

test('finds rates for two arms and two seeds, and gives each arm its own', async ({ page }) => {
  await page.goto(STUDY);
  await untilReady(page);
  const finder = page.getByRole('tabpanel', { name: 'Find' });

  await test.step('the study of finders', async () => {
    await page.getByRole('tab', { name: 'Study' }).click();
    await page.getByRole('button', { name: 'Start study' }).click();
    await expect(transport(page).getByRole('button', { name: 'Stop study' })).toBeVisible();
    await untilIdle(page);
    const bands = finder.getByRole('region', { name: /^Arms and seeds together, 24 steps on/ });
    await expect(chart(page, 'Median of L / L₀ over seeds').locator('path.plot-line').first()).toBeVisible();
    await expect(bands.getByText('2 seeds')).toHaveCount(2);
    // With a crossing in both arms or without: it is said of the pairs in either case.
    await expect(
      bands.getByText(/BN\+WS withstands .* the learning rate of BN|No pair of BN|cannot be compared/),
    ).toHaveCount(2);
    for (const name of [/^BN$/, /^BN\+WS$/]) {
      await expect(bands.locator('.plot-end text', { hasText: name })).toBeVisible();
    }
    await expect(finder.getByRole('region', { name: 'Finders table' }).locator('tbody tr')).toHaveCount(4);
    await expectAccessible(page, 'finders of two arms');
  });

  await test.step('one click for every arm', async () => {
    const rules = finder.getByRole('group', { name: /^Give every arm of the study its own rate/ });
    await rules.getByRole('button').first().click();
    const said = finder.locator('.every-arm').getByRole('status');
    await expect(said).toContainText(/^By [a-z ]+: BN \S+, BN\+WS \S+\.|No suggestion for/);
    await said.getByRole('button', { name: 'Train these arms at these rates' }).click();
    await expect(page.getByRole('radio', { name: 'trains', exact: true })).toBeChecked();
    await expect(page.getByRole('radio', { name: 'as a race' })).toBeChecked();
    const arms = page.getByRole('region', { name: 'Arms', exact: true });
    await expect(arms.getByText(/(valley|steep|minimum|slide|min gradient)/).first()).toBeVisible();
    await expect.poll(() => new URL(page.url()).hash).toContain('whys=');
  });

  await test.step('the reason goes with the run', async () => {
    await page.getByRole('textbox', { name: 'Seeds' }).fill('0');
    await page.getByRole('button', { name: 'Start study' }).click();
    const runs = page.getByRole('region', { name: 'Training runs' });
    await expect(runs.getByRole('listitem')).toHaveCount(2, { timeout: 200_000 });
    await untilIdle(page);
    await expect(runs.getByText(/LR \S+ \((valley|steep|minimum|slide|min gradient)/).first()).toBeVisible();
  });

  await test.step('the marker, by pointer and by keys, for the set-up and for every arm', async () => {
    await page.getByRole('tab', { name: 'Find' }).click();
    const marker = finder.getByRole('slider', { name: /^Max learning rate of the set-up/ });
    await expect(marker).toBeVisible();
    const before = Number(await rateField(page).inputValue());
    await dragMarker(page, marker);
    await expect.poll(async () => Number(await rateField(page).inputValue())).toBeLessThan(before);
    await expect(page.getByText('Chosen in the finder: by hand.')).toBeVisible();
    const dragged = Number(await rateField(page).inputValue());
    await marker.focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(async () => Number(await rateField(page).inputValue())).toBeGreaterThan(dragged);
    await finder.getByRole('radio', { name: 'every arm' }).check({ force: true });
    await finder.getByRole('slider', { name: 'Max learning rate of every arm' }).focus();
    await page.keyboard.press('PageUp');
    await page.getByRole('tab', { name: 'Study' }).click();
    await expect(page.getByRole('region', { name: 'Arms', exact: true }).getByText(/by hand/)).toHaveCount(2);
  });
});

test('zooms the curve of a finder, names it, deletes it and brings it back', async ({ page }) => {
  await openLab(page);
  await setUp(page, { arm: 'BN', width: 8, batchSize: 2, trainImages: 8, validImages: 4 });
  await findLearningRate(page, 20);
  const finder = page.getByRole('tabpanel', { name: 'Find' });

  await test.step('zoom, and all of it again', async () => {
    const figure = chart(page, 'Loss against learning rate');
    const box = (await figure.locator('rect.plot-hit').boundingBox())!;
    // Right of the marker, which would be moved otherwise.
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.6);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.75, box.y + box.height * 0.6, { steps: 4 });
    await page.mouse.up();
    await figure.getByRole('button', { name: 'Reset zoom' }).click();
    await expect(figure.getByRole('button', { name: 'Reset zoom' })).toBeHidden();
  });

  await test.step('name, tag, delete and bring back a finder', async () => {
    const table = finder.getByRole('region', { name: 'Finders table' });
    await table.getByRole('button', { name: /^Name, tags and note of finder #1/ }).click();
    await finder.getByRole('textbox', { name: 'Name' }).fill('Second seed');
    await finder.getByRole('textbox', { name: 'Tags, by commas' }).fill('rates, tiny');
    await finder.getByRole('textbox', { name: 'Note' }).focus();
    await expect(table.getByText('“Second seed”')).toBeVisible();
    await expect(table.getByText('tiny')).toBeVisible();
    await expectAccessible(page, 'finder with notes');
    await table.getByRole('button', { name: /^Delete finder #1/ }).click();
    await expect(table.locator('tbody tr')).toHaveCount(0);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(table.locator('tbody tr')).toHaveCount(1);
  });
});
