import { expect, test } from './fixtures.ts';
import { openLab, train } from './lab.ts';
import { beforeWorker } from './workerHooks.ts';

const NO_WEBGPU = "Object.defineProperty(navigator, 'gpu', { value: undefined });";

test('without WebGPU it says so, names browsers that have it, and falls back to WebGL', async ({ page }) => {
  await beforeWorker(page, NO_WEBGPU);
  await openLab(page);
  await expect(page.getByRole('group', { name: 'Device' })).toContainText('WebGL fallback');
  await expect(page.getByText(/No WebGPU here/)).toBeVisible();
  await expect(page.getByText(/This browser has no WebGPU\./)).toBeVisible();
  await expect(page.getByText(/Chrome and Edge 113/)).toBeVisible();
  const rows = await train(page, {
    arm: 'BN+WS',
    batchSize: 2,
    width: 8,
    epochs: 1,
    trainImages: 4,
    validImages: 2,
    maxLearningRate: 1e-3,
  });
  expect(rows).toHaveLength(1);
  expect(rows[0]!.trainLoss).toBeGreaterThan(0);
});

test('without an adapter it says that, too', async ({ page }) => {
  await beforeWorker(page, 'navigator.gpu.requestAdapter = async () => null;');
  await openLab(page);
  await expect(page.getByText(/offers no graphics adapter/)).toBeVisible();
  await expect(page.getByRole('group', { name: 'Device' })).toContainText('WebGL fallback');
});

test('with neither WebGPU nor WebGL it explains itself and still shows the data', async ({
  page,
  faults,
}) => {
  // tfjs reports each backend that it could not start; the page reports why nothing can train.
  faults.allow(/UnsupportedError|webgl/i);
  await beforeWorker(page, `${NO_WEBGPU} OffscreenCanvas.prototype.getContext = () => null;`);
  await page.goto('./');
  await expect(page.getByText('This browser cannot train.')).toBeVisible();
  await expect(page.getByText(/Chrome and Edge 113/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Start training' })).toBeDisabled();
  await page.getByRole('tab', { name: 'Data' }).click();
  const samples = page.getByRole('region', { name: 'Sample images' });
  await expect(samples.locator('canvas').first()).toBeVisible({ timeout: 90_000 });
});
