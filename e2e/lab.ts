import { expect, type Locator, type Page } from '@playwright/test';

/** A step of a small network takes about a second on a software adapter with busy cores. */
const RUN_TIMEOUT_MS = 200_000;
/** Drawing the built-in images, or reading those of a file. */
const DATA_TIMEOUT_MS = 90_000;

/** What a test sets; everything else stays as the page opens. */
export interface Setup {
  readonly arm?: 'None' | 'BN' | 'GN' | 'None+WS' | 'BN+WS' | 'GN+WS';
  readonly batchSize?: number;
  readonly maxLearningRate?: number;
  readonly epochs?: number;
  readonly width?: 8 | 16 | 32 | 64;
  readonly trainImages?: number;
  readonly validImages?: number;
}

/** One line of the epoch table. */
export interface Row {
  readonly epoch: number;
  readonly trainLoss: number;
  readonly validLoss: number;
  readonly accuracy: number;
  readonly time: string;
}

/** Opens the page and waits until a run can start. */
export async function openLab(page: Page): Promise<void> {
  await page.goto('./');
  await untilReady(page);
}

/** Waits until device and data are there. */
export async function untilReady(page: Page): Promise<void> {
  await expect(transport(page).getByRole('button', { name: 'Start training' })).toBeEnabled({
    timeout: DATA_TIMEOUT_MS,
  });
}

/** Fills in the set-up as a person would. */
export async function setUp(page: Page, setup: Setup): Promise<void> {
  const panel = page.getByRole('complementary', { name: 'Set-up' });
  // The radio buttons lie, unseen, under what they look like.
  const choose = (group: string, option: string): Promise<void> =>
    panel
      .getByRole('group', { name: group })
      .getByRole('radio', { name: option, exact: true })
      .check({ force: true });
  if (setup.arm) await choose('Normalization ×', setup.arm);
  if (setup.width) await choose('Width', String(setup.width));
  const advanced = panel.locator('details');
  if (!(await advanced.evaluate((details: HTMLDetailsElement) => details.open))) {
    await advanced.locator('summary').click();
  }
  const numbers: readonly (readonly [string, number | undefined])[] = [
    ['Batch size', setup.batchSize],
    ['Max learning rate', setup.maxLearningRate],
    ['Epochs', setup.epochs],
    ['Training images', setup.trainImages],
    ['Validation images', setup.validImages],
  ];
  for (const [label, value] of numbers) {
    if (value === undefined) continue;
    const field = panel.getByRole('textbox', { name: label, exact: true });
    await field.fill(String(value));
    await field.blur();
  }
}

/** Presses a button of the transport bar. */
export async function press(page: Page, name: string): Promise<void> {
  await transport(page).getByRole('button', { name, exact: true }).click();
}

export function transport(page: Page): Locator {
  return page.getByRole('region', { name: 'Transport' });
}

/** What the Train tab shows; the list of runs beside it repeats some of it. */
export function trainTab(page: Page): Locator {
  return page.getByRole('tabpanel', { name: 'Train' });
}

/** Waits until no run is going. */
export async function untilIdle(page: Page): Promise<void> {
  await expect(transport(page).getByRole('button', { name: 'Start training' })).toBeVisible({
    timeout: RUN_TIMEOUT_MS,
  });
}

/** Trains to the end and returns the epoch table. */
export async function train(page: Page, setup: Setup = {}): Promise<readonly Row[]> {
  await setUp(page, setup);
  await press(page, 'Start training');
  await expect(transport(page).getByRole('button', { name: 'Stop' })).toBeVisible();
  await untilIdle(page);
  return epochTable(page);
}

/** Runs a finder of `steps` steps to its end. */
export async function findLearningRate(page: Page, steps: number): Promise<void> {
  await page.getByRole('tab', { name: 'Find' }).click();
  const field = page.getByRole('tabpanel').getByRole('textbox', { name: 'Steps', exact: true });
  await field.fill(String(steps));
  await field.blur();
  await press(page, 'Find learning rate');
  await expect(transport(page).getByRole('button', { name: 'Stop' })).toBeVisible();
  await untilIdle(page);
}

/** The table of the run that is shown. */
export async function epochTable(page: Page): Promise<readonly Row[]> {
  const table = page.getByRole('table', { name: /^Epochs of/ });
  await expect(table).toBeVisible();
  const lines = await table
    .locator('tbody tr')
    .evaluateAll((rows) =>
      rows.map((row) =>
        [...row.querySelectorAll('th, td')].map((cell) => cell.firstChild?.textContent ?? ''),
      ),
    );
  return lines.map(([epoch, trainLoss, validLoss, accuracy, time]) => ({
    epoch: Number(epoch),
    trainLoss: Number(trainLoss),
    validLoss: Number(validLoss),
    accuracy: Number(accuracy),
    time: time ?? '',
  }));
}

/** A run in the list of all runs, by what is spoken of it, such as 'run 2 BN+WS, finished'. */
export function runItem(page: Page, spoken: string): Locator {
  const pattern = spoken.replaceAll('+', '\\+').replace(/ (?=\d)/, ' #?');
  return page
    .getByRole('complementary', { name: 'Runs' })
    .getByRole('button', { name: new RegExp(`^Select ${pattern}(,|$| )`) });
}

/** Waits until the run that is going has done a few steps. */
export async function untilStepping(page: Page): Promise<void> {
  // The first step waits for every kernel to be compiled.
  await expect(transport(page)).toContainText(/step ([2-9]|\d\d+)\//, { timeout: RUN_TIMEOUT_MS });
}

/** Steps that the run that is going has recorded. */
export async function stepsDone(page: Page): Promise<number> {
  const [, step] = /step ([\d,]+)\//.exec(await transport(page).innerText()) ?? [];
  return Number(step?.replaceAll(',', '') ?? 0);
}

/** Waits until the run that is going has recorded so many steps. */
export async function untilStep(page: Page, step: number): Promise<void> {
  await expect
    .poll(() => stepsDone(page), { timeout: RUN_TIMEOUT_MS, intervals: [50] })
    .toBeGreaterThanOrEqual(step);
}

/** A chart by its title. */
export function chart(page: Page, title: string): Locator {
  return page.getByRole('figure').filter({ has: page.getByText(title, { exact: true }) });
}

/** Gives files to the page as its file dialog would, and waits for the answer. */
export async function loadFiles(
  page: Page,
  files: readonly string[] | { name: string; mimeType: string; buffer: Buffer },
): Promise<void> {
  await page.getByRole('tab', { name: 'Data' }).click();
  const input = page.getByLabel('Data files');
  if ('buffer' in files) await input.setInputFiles(files);
  else await input.setInputFiles([...files]);
  await expect(page.getByRole('progressbar', { name: 'Loading data' })).toBeHidden({
    timeout: DATA_TIMEOUT_MS,
  });
}
