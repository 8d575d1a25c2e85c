import { readFileSync } from 'node:fs';
import type { Locator, Page } from '@playwright/test';
import { expectAccessible } from './axe.ts';
import { expect, test, watch } from './fixtures.ts';
import { madeUpRuns } from './madeUpRuns.ts';
import { openLab, runItem, setUp, train, untilIdle, untilReady } from './lab.ts';

const tiny = { arm: 'BN', width: 8, batchSize: 2, trainImages: 16, validImages: 4, epochs: 1 } as const;

function studyTab(page: Page): Locator {
  return page.getByRole('tabpanel', { name: 'Study' });
}

function ledger(page: Page): Locator {
  return page.getByRole('region', { name: 'Claims ledger' });
}

async function openTab(page: Page, name: string): Promise<void> {
  await page.getByRole('tab', { name }).click();
}

/** Fills the builder with a question, as a person would. */
async function choose(page: Page, question: RegExp): Promise<void> {
  await openTab(page, 'Study');
  const picker = studyTab(page).getByLabel('Start from a question');
  const title = (await picker.locator('option').allTextContents()).find((text) => question.test(text));
  await picker.selectOption(title!);
  await studyTab(page).getByRole('button', { name: 'Put it in the builder' }).click();
}

/** Opens a link in a page that is open already, as the browser does with a new address. */
async function openLink(page: Page, hash: string): Promise<void> {
  await page.evaluate((text) => {
    location.hash = text;
  }, hash);
}

async function expectAccessibleInBoth(page: Page, state: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page, `${state}, ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

test('a question says what it claims, what decides it and what it takes, and stays while seeds are added', async ({
  page,
}) => {
  await openLab(page);
  await choose(page, /At batch 2, do the losses differ/);
  const study = studyTab(page);
  const facts = study.getByRole('region', { name: 'Question' });
  await expect(facts).toContainText('At batch size 2 the losses of BN and BN+WS hardly differ.');
  await expect(facts).toContainText('95 % interval lies within ± .02');
  await expect(facts).toContainText(/notebook BN\+WS, batch 2.*one run, no seed, other hardware/);
  await expect(facts).toContainText(/width 16|sixteenth of the network/);
  await expect(facts).toContainText('a time that was not measured yet');
  const cost = study.getByRole('region', { name: 'Cost and start' });
  await expect(cost).toContainText('not measured');
  await expect(cost).toContainText(/GPU memory\s*≈ [\d.]+ MB/);

  await test.step('the time is measured by a few steps', async () => {
    await cost.getByRole('button', { name: 'Measure the time' }).click();
    await expect(cost.getByRole('button', { name: 'Measuring…' })).toBeVisible();
    await expect(cost).toContainText(/time here\s*\d+ (s|min|h)/, { timeout: 200_000 });
    await expect(cost).toContainText(/GPU memory\s*[\d.]+ MB, measured/);
    await expect(facts).toContainText(/Takes here\s*\d+ (s|min|h).* and about [\d.]+ MB/);
  });

  await test.step('a budget of time proposes fewer images', async () => {
    // Half of what was measured: a busy machine takes several times as long as an idle one.
    const [, hours = '0', minutes = '0'] =
      /time here\s*(?:(\d+) h)? ?(?:(\d+) min)?/.exec((await cost.textContent()) ?? '') ?? [];
    const whole = 60 * Number(hours) + Number(minutes);
    await cost.getByRole('textbox', { name: 'minutes' }).fill(String(Math.ceil(whole / 2)));
    await expect(cost.getByRole('button', { name: /^Take .* images/ })).toBeVisible();
  });

  await test.step('seeds change freely, arms do not', async () => {
    await study.getByLabel('Seeds').fill('0 1 2');
    await expect(study.getByText(/no longer answers/)).toHaveCount(0);
    await expect
      .poll(() => new URL(page.url()).hash)
      .toMatch(/seeds=0,1,2&q=P3\.quick&study=.*&q=P3\.quick$/);
    await study.getByLabel('Seeds').fill('0 1 x');
    await expect(cost.getByText('Correct the seeds first.')).toBeVisible();
    await study.getByLabel('Seeds').fill('0 1 2');
    await study.getByRole('button', { name: 'Remove arm BN+WS' }).click();
    await expect(study.getByText(/no longer answers/)).toBeVisible();
    await expectAccessibleInBoth(page, 'a question that was lost');
    await study.getByRole('button', { name: 'Put back what it needs' }).click();
    await expect(study.getByText(/no longer answers/)).toHaveCount(0);
  });

  await test.step('all of it comes back after a reload', async () => {
    await expect.poll(() => new URL(page.url()).hash).toMatch(/seeds=0,1,2&q=P3\.quick&study=/);
    await page.reload();
    await untilReady(page);
    await openTab(page, 'Study');
    await expect(study.getByLabel('Seeds')).toHaveValue('0 1 2');
    await expect(study.getByRole('radio', { name: 'Batch 2 at 1e-3, quick' })).toBeVisible();
    await expect(facts).toContainText('At batch size 2 the losses of BN and BN+WS hardly differ.');
    await expectAccessibleInBoth(page, 'a question in the builder');
  });
});

test('builds arms from the grid, and lets the queue be reordered and shortened', async ({ page }) => {
  await openLab(page);
  await setUp(page, { ...tiny, epochs: 200 });
  await openTab(page, 'Study');
  const study = studyTab(page);
  await study.getByText('Add combinations from a grid').click();
  await study.getByLabel('Batch sizes').fill('2, 4');
  await study.getByRole('button', { name: 'Add 4 arms' }).click();
  await expect(study.getByRole('heading', { name: 'Arms (4)' })).toBeVisible();
  await study.getByRole('button', { name: 'Remove arm BN+WS · batch 4' }).click();
  await study.getByRole('button', { name: 'Add a twin of arm BN · batch 2' }).click();
  await expect(study.getByRole('heading', { name: 'Arms (4)' })).toBeVisible();
  await study.getByRole('button', { name: 'Remove arm twin of BN · batch 2' }).click();
  await study.getByLabel('Seeds').fill('2 seeds');
  await study.getByRole('button', { name: 'Start study' }).click();
  await openTab(page, 'Study');
  const queue = study.getByRole('region', { name: 'Study progress' });
  const names = queue.getByRole('list', { name: 'Runs to come' }).locator('.arm-name');
  await expect(names).toHaveCount(6);
  const before = await names.allTextContents();
  await queue.getByRole('button', { name: `Move ${before[2]} up` }).click();
  await expect(names).toHaveText([before[0]!, before[2]!, before[1]!, ...before.slice(3)]);
  await queue.getByRole('button', { name: `Skip ${before[5]}` }).click();
  await expect(names).toHaveCount(5);
  await expectAccessibleInBoth(page, 'a queue');
  await queue.getByRole('button', { name: 'Stop study' }).click();
  await expect(queue.getByRole('heading', { name: 'Study done' })).toBeVisible();
  await untilIdle(page);
});

test('the ledger gives a verdict where only finders have run', async ({ page }) => {
  await openLab(page);
  await openTab(page, 'Compare');
  await expect(page.getByText('No training runs to compare yet')).toBeVisible();
  await expect(ledger(page)).toHaveCount(0);
  // One seed of the shorter of the two studies of P2's quick size: edited, and still its runs.
  const base = 'bs:2,width:16,pad:0,train:2000,valid:2000';
  await openLink(
    page,
    `#v=1&study=Short&mode=queue&arm=${base}&arm=${base},ws:1&seeds=3&ramp=1e-7,10,100&q=P2.quick`,
  );
  await expect(
    page.getByText('The link filled the set-up and the study. Nothing has started.'),
  ).toBeVisible();
  const study = studyTab(page);
  await expect(study.getByRole('region', { name: 'Question' })).toContainText('diverges earlier');
  await study.getByRole('button', { name: 'Start study' }).click();
  await openTab(page, 'Study');
  await expect(study.getByRole('heading', { name: 'Study done' })).toBeVisible({ timeout: 240_000 });
  await expect(study.getByRole('region', { name: 'Question' })).toContainText('n = 1, learning rate');
  await study.getByRole('button', { name: 'To the claims ledger' }).first().click();
  const rows = ledger(page).locator('tbody tr');
  await expect(rows.first()).toContainText(/P2.*quick.*\? undecided.*3 of 6 rules/s);
  await expect(rows.first()).toContainText('of 6 readings 0 support it, 0 contradict it, 6 are undecided');
  await expect(rows.nth(1)).toContainText(/P2, a rule.*\? undecided.*1 seed/s);
  await expect(rows.nth(1).getByRole('button', { name: /^Add 2 seeds \(.*(s|min|h)\)$/ })).toBeVisible();
  await expectAccessibleInBoth(page, 'a ledger of finders');
});

test('removes a run, brings it back, and leaves no way back once the page is gone', async ({ page }) => {
  await openLab(page);
  const open = async (): Promise<void> =>
    page.getByLabel('File of runs').setInputFiles(madeUpRuns([{ norm: 'bn' }]));
  await openTab(page, 'Compare');
  await open();
  const run = runItem(page, 'run 1 BN, finished');
  const remove = page.getByRole('button', { name: 'Remove run 1 BN' });
  await remove.click();
  await expect(run).toHaveCount(0);
  await expect(page.getByText('#1 BN removed.')).toBeVisible();
  await expectAccessible(page, 'a run that was removed');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(run).toBeVisible();
  await page.reload();
  await untilReady(page);
  await expect(run).toBeVisible();
  await remove.click();
  await expect(run).toHaveCount(0);
  await page.reload();
  await untilReady(page);
  await openTab(page, 'Compare');
  await open();
  await expect(runItem(page, 'run 1 BN, finished')).toHaveCount(1);
  await page.reload();
  await untilReady(page);
  await expect(
    page.getByRole('complementary', { name: 'Runs' }).getByRole('button', { name: /^Select run/ }),
  ).toHaveCount(1);
});

test('a link names its data and opens the configuration of a run elsewhere', async ({
  page,
  browser,
  site,
}) => {
  await openLab(page);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await train(page, { ...tiny, arm: 'GN+WS' });
  await openTab(page, 'Compare');
  await page
    .getByRole('region', { name: 'Runs table' })
    .getByRole('checkbox', { name: /^Select (?!all)/ })
    .check();
  await page.getByRole('button', { name: 'Copy its link' }).click();
  await expect(page.getByText('Copied. Opening it starts nothing.')).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toMatch(/#v=1&norm=gn&ws=1&bs=2.*&data=[0-9a-f]{16}\.Built-in%20shapes/);

  await test.step('in a fresh profile: the same configuration', async () => {
    const context = await browser.newContext({ baseURL: site.url, viewport: { width: 1440, height: 900 } });
    const other = await context.newPage();
    const faults = await watch(other);
    await other.goto(link);
    await untilReady(other);
    await expect(other.getByText(/The link is for other data/)).toHaveCount(0);
    await train(other);
    expect(await configuration(other)).toBe(await configuration(page));
    expect(faults.list).toEqual([]);
    await context.close();
  });

  await test.step('a link for data that are not here says what to do', async () => {
    const elsewhere = `${'0'.repeat(16)}.My%20cats`;
    await openLink(page, `#v=1&data=${elsewhere}`);
    await expect(page.getByText('The link is for other data: My cats.')).toBeVisible();
    await expect(page.getByText(/Ask for the files of “My cats”/)).toBeVisible();
    await expectAccessibleInBoth(page, 'a link for other data');
    // What the link asks for stays in the address while the set-up changes.
    await setUp(page, { epochs: 2 });
    await expect.poll(() => new URL(page.url()).hash).toBe(`#v=1&epochs=2&data=${elsewhere}`);
    await page.getByRole('button', { name: 'To the data' }).click();
    await expect(page.getByRole('region', { name: 'Data sets' })).toBeVisible();
  });
});

/** What the export says of the settings of the only run. */
async function configuration(page: Page): Promise<string> {
  await openTab(page, 'Compare');
  await page.getByRole('button', { name: /^Export \d+ / }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: 'JSON, with every step' }).click();
  const { runs } = JSON.parse(readFileSync(await (await download).path(), 'utf8')) as {
    runs: { run: { header: { experiment: unknown; dataset: { hash: string } } } }[];
  };
  const { experiment, dataset } = runs[0]!.run.header;
  return JSON.stringify([experiment, dataset.hash]);
}

/** Presses Tab until an element has the focus. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let i = 0; i < 150; i++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`no Tab reaches ${String(target)}`);
}

test('the study builder works by keyboard alone', async ({ page }) => {
  await openLab(page);
  await setUp(page, tiny);
  const study = studyTab(page);
  await page.getByRole('tab', { name: 'Data' }).focus();
  for (let i = 0; i < 5; i++) {
    const isThere = await page
      .getByRole('tab', { name: 'Study' })
      .evaluate((tab) => tab === document.activeElement);
    if (isThere) break;
    await page.keyboard.press('ArrowRight');
  }
  await page.keyboard.press('Enter');
  await expect(study).toBeVisible();

  await tabTo(page, study.getByLabel('Start from a question'));
  await page.keyboard.press('ArrowDown');
  await tabTo(page, study.getByRole('button', { name: 'Put it in the builder' }));
  await page.keyboard.press('Enter');
  await expect(study.getByRole('heading', { name: 'Arms (2)' })).toBeVisible();

  await tabTo(page, study.getByRole('button', { name: 'Empty the builder' }));
  await page.keyboard.press('Enter');
  await expect(study.getByRole('heading', { name: 'Arms (0)' })).toBeVisible();

  // From the end of the panel round to its start, as Tab goes.
  await page.getByRole('tab', { name: 'Study' }).focus();
  await tabTo(page, study.getByRole('radio', { name: 'one after another' }));
  await page.keyboard.press('ArrowRight');
  await expect(study.getByRole('radio', { name: 'as a race' })).toBeChecked();
  await tabTo(page, study.getByLabel('Seeds'));
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('4');
  await tabTo(page, study.getByText('Add combinations from a grid'));
  await page.keyboard.press('Enter');
  await tabTo(page, study.getByRole('checkbox', { name: 'GN', exact: true }));
  await page.keyboard.press('Space');
  await tabTo(page, study.getByRole('button', { name: 'Add 3 arms' }));
  await page.keyboard.press('Enter');
  await expect(study.getByRole('heading', { name: 'Arms (3)' })).toBeVisible();
  await page.getByRole('tab', { name: 'Study' }).focus();
  await tabTo(page, study.getByRole('button', { name: 'Remove arm GN' }));
  await page.keyboard.press('Enter');
  await expect(study.getByRole('heading', { name: 'Arms (2)' })).toBeVisible();
  await tabTo(page, study.getByRole('button', { name: 'Start study' }));
  await page.keyboard.press('Enter');
  await untilIdle(page);
  const runs = page.getByRole('complementary', { name: 'Runs' });
  await expect(runs.getByRole('button', { name: /^Select run \d BN(\+WS)?, finished/ })).toHaveCount(2, {
    timeout: 200_000,
  });
});
