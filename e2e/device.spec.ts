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

test('with an adapter whose device is refused it says that, too', async ({ page }) => {
  await beforeWorker(
    page,
    "GPUAdapter.prototype.requestDevice = async () => { throw new DOMException('not today', 'OperationError'); };",
  );
  await openLab(page);
  await expect(page.getByText(/The browser refused the GPU: .*not today/)).toBeVisible();
  await expect(page.getByRole('group', { name: 'Device' })).toContainText('WebGL fallback');
});

test('on a software adapter it says how slow that is, and lets a run start', async ({ page }) => {
  await beforeWorker(
    page,
    "Object.defineProperty(GPUAdapterInfo.prototype, 'isFallbackAdapter', { get: () => true });",
  );
  await openLab(page);
  await expect(page.getByText('Software GPU: training will be very slow.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Start training' })).toBeEnabled();
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
  await page.getByRole('tab', { name: 'Compare' }).click();
  await page.getByLabel('File of runs').setInputFiles({
    name: 'runs.json',
    mimeType: 'application/json',
    buffer: Buffer.from('{"format":"normlab-runs","formatVersion":1,"app":"0.1.0","exportedAt":1,"runs":[]}'),
  });
  await expect(page.getByText(/^0 runs were added/)).toBeVisible();
});
