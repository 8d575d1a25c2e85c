import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import {
  chart,
  openLab,
  press,
  runItem,
  setUp,
  stepsDone,
  transport,
  trainTab,
  untilIdle,
  untilStep,
} from './lab.ts';
import { beforeWorker } from './workerHooks.ts';

const tiny = { arm: 'BN', width: 8, batchSize: 2, trainImages: 64, validImages: 4 } as const;

async function expectAccessible(page: Page, state: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
    .analyze();
  expect(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`),
    state,
  ).toEqual([]);
}

/** Chooses what ends the next run early. */
async function stopAt(page: Page, kind: string, value: string): Promise<void> {
  const panel = page.getByRole('complementary', { name: 'Set-up' });
  await panel.getByLabel('Stop early').selectOption(kind);
  const field = panel.getByRole('textbox', { name: /^Stop at:/ });
  await field.fill(value);
  await field.blur();
}

/** A run as a file says it: trained, hidden for a while, probed inside its epoch. */
function runFile(): string {
  const count = 40;
  const series = (value: (step: number) => number): number[] =>
    Array.from({ length: count }, (_, i) => value(i));
  const experiment = {
    norm: 'gn',
    ws: true,
    batchSize: 2,
    width: 8,
    stemPadding: 1,
    optimizer: 'adamw',
    schedule: 'constant',
    maxLearningRate: 1e-3,
    weightDecay: 0.01,
    momentum: 0.9,
    epochs: 1,
    seed: 0,
    augmentation: 'none',
    trainLimit: 80,
    validLimit: 0,
  };
  const run = {
    header: {
      runId: 'train-1-file',
      number: 1,
      experiment,
      options: { stopRule: { kind: 'minutes', value: 30 } },
      kind: 'train',
      startedAt: 1_700_000_000_000,
      dataset: { title: 'From elsewhere', hash: '' },
      device: { title: 'Another GPU', backend: 'webgpu' },
      version: '0.1.0',
    },
    notes: { name: '', tags: [], note: '' },
    status: 'finished',
    plan: {
      experiment,
      totalSteps: count,
      stepsPerEpoch: count,
      trainCount: 80,
      validCount: 10,
      initialWeightsHash: 'a',
      orderHash: 'b',
    },
    epochs: [{ epoch: 0, step: count, trainLoss: 1, validLoss: 1.1, accuracy: 0.6, milliseconds: 40_000 }],
    probes: [10, 20, 30].map((step) => ({ step, count: 1000, validLoss: 2 - step / 40, accuracy: 0.4 })),
    hidden: [{ fromMs: 20_000, toMs: 30_000 }],
    stepCount: count,
  };
  const steps = {
    firstStep: 0,
    losses: series((i) => 2.3 - i / 40),
    smoothed: series((i) => 2.3 - i / 40),
    learningRates: series(() => 1e-3),
    momenta: series(() => 0.9),
    elapsedMs: series((i) => 1000 * (i + 1)),
    wallMs: series((i) => 1000 * (i + 1)),
  };
  return JSON.stringify({
    format: 'normlab-runs',
    formatVersion: 1,
    app: '0.1.0',
    exportedAt: 1,
    runs: [{ run, steps }],
  });
}

/** Drags a file over the page, and drops it there unless it is only to be held. */
async function drag(page: Page, name: string, text: string, event: 'dragover' | 'drop'): Promise<void> {
  await page.evaluate(
    ([fileName, content, type]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([content!], fileName!));
      document
        .querySelector('.tab-panel, main')!
        .dispatchEvent(new DragEvent(type!, { bubbles: true, cancelable: true, dataTransfer: transfer }));
    },
    [name, text, event],
  );
}

test('a run is paused, taken batch by batch, resumed and stopped; keys do the same', async ({ page }) => {
  await openLab(page);
  await setUp(page, { ...tiny, epochs: 50 });
  await press(page, 'Start training');
  await untilStep(page, 2);
  await press(page, 'Pause');
  await expect(runItem(page, 'run 1 BN, paused')).toBeVisible();
  const before = await stepsDone(page);
  await expect(transport(page).getByText(/^loss \d/)).toBeVisible();
  await press(page, 'Step');
  await expect.poll(() => stepsDone(page)).toBe(before + 1);
  await page.keyboard.press('F9');
  await expect.poll(() => stepsDone(page)).toBe(before + 2);
  await expect(runItem(page, 'run 1 BN, paused')).toBeVisible();
  await expectAccessible(page, 'paused');
  await page.keyboard.press('F8');
  await untilStep(page, before + 4);
  await press(page, 'Stop');
  await untilIdle(page);
  await expect(runItem(page, 'run 1 BN, stopped')).toBeVisible();
});

test('a run ends by its rule, says why, and keeps the rule in the link', async ({ page }) => {
  await openLab(page);
  await setUp(page, { ...tiny, epochs: 50 });
  await stopAt(page, 'images', '9');
  await expect(page).toHaveURL(/stop=images:9/);
  await press(page, 'Start training');
  await untilIdle(page);
  await expect(trainTab(page).getByText('Reached 9 images at step 5.')).toBeVisible();
  await expect(runItem(page, 'run 1 BN, stopped at step 5')).toBeVisible();
  await expectAccessible(page, 'ended by its rule');

  await stopAt(page, 'train-loss', '50');
  await press(page, 'Start training');
  await expect(transport(page).getByText('stops at a smoothed training loss of 50')).toBeVisible();
  await untilIdle(page);
  await expect(trainTab(page).getByText('Reached a smoothed training loss of 50 at step 20.')).toBeVisible();
});

test('a file of runs opens where it is dropped; one that is none is an error that names it', async ({
  page,
}) => {
  await openLab(page);
  await drag(page, 'runs.json', runFile(), 'dragover');
  await expect(page.getByText('Drop to open')).toBeVisible();
  await expectAccessible(page, 'file held over the page');
  await drag(page, 'runs.json', runFile(), 'drop');
  await expect(page.getByText('Drop to open')).toBeHidden();
  await expect(page.getByText('1 run was added.')).toBeVisible();
  await expect(page.getByRole('tab', { name: 'Compare' })).toHaveAttribute('aria-selected', 'true');
  await drag(page, 'other.json', '{"a": 1}', 'drop');
  await expect(page.getByText(/“other\.json”: The file holds no runs of NormLab/)).toBeVisible();
});

test('a link opens a file of runs that lies beside the page', async ({ page }) => {
  await page.route('**/results/runs.json', (route) =>
    route.fulfill({ contentType: 'application/json', body: runFile() }),
  );
  await page.goto('./#v=1&open=results/runs.json');
  await expect(page.getByText('1 run was added.')).toBeVisible();
  await expect(page.getByRole('tab', { name: 'Compare' })).toHaveAttribute('aria-selected', 'true');
  await expect(runItem(page, 'run 1 GN+WS, finished')).toBeVisible();
});

test('without any GPU imported runs can be looked at, with hidden time and probes', async ({
  page,
  faults,
}) => {
  faults.allow(/UnsupportedError|webgl/i);
  await beforeWorker(
    page,
    "Object.defineProperty(navigator, 'gpu', { value: undefined }); OffscreenCanvas.prototype.getContext = () => null;",
  );
  await page.goto('./');
  await expect(page.getByText('This browser cannot train.')).toBeVisible();
  await expect(page.getByText(/Chrome and Edge 113/)).toBeVisible();
  await drag(page, 'runs.json', runFile(), 'drop');
  await expect(page.getByText('1 run was added.')).toBeVisible();
  await page.getByRole('tab', { name: 'Train' }).click();
  const losses = chart(page, 'Loss');
  await expect(losses.locator('path.plot-line')).toHaveCount(3);
  // The validation of the epoch, and the probes.
  await expect(losses.locator('path.plot-marker')).toHaveCount(2);
  await expect(losses.getByText('probe')).toBeVisible();
  await expect(
    trainTab(page).getByText(/The page was hidden for 0:10 of #1 GN\+WS: 1(\.0)? steps\/s, 100 % of/),
  ).toBeVisible();
  await trainTab(page).getByRole('radio', { name: 'Wall' }).check({ force: true });
  await expect(losses.locator('rect.plot-shade')).toHaveCount(1);
  await expectAccessible(page, 'an imported run without a GPU');
  await page.getByRole('tab', { name: 'Find' }).click();
  await expect(page.getByRole('tabpanel', { name: 'Find' })).toBeVisible();
});
