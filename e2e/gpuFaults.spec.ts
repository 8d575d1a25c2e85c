import { expect, test } from './fixtures.ts';
import { epochTable, openLab, press, runItem, setUp, train, untilReady, untilStepping } from './lab.ts';
import { beforeWorker } from './workerHooks.ts';

const tiny = { arm: 'BN+WS', width: 8, batchSize: 2, epochs: 1, trainImages: 8, validImages: 4 } as const;

/** Hands out a device with nothing beyond the specification's limits, and without features. */
const SMALLEST_DEVICE = `{
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = function ({ label } = {}) { return request.call(this, { label }); };
}`;

/** The `at`-th buffer that the worker asks for is larger than any GPU allows. */
const oversizedBuffer = (at: number): string => `{
  const create = GPUDevice.prototype.createBuffer;
  let created = 0;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    created += 1;
    return create.call(this, created === ${at} ? { ...descriptor, size: 2 ** 52 } : descriptor);
  };
}`;

/** One module of the step has an error of types; the message must lead to it. */
const BROKEN_SHADER = `{
  const create = GPUDevice.prototype.createShaderModule;
  GPUDevice.prototype.createShaderModule = function (descriptor) {
    const isBroken = /adamw|optimizer/i.test(descriptor.label ?? '');
    const code = isBroken ? descriptor.code + '\\nfn broken() -> f32 { return 1i; }' : descriptor.code;
    return create.call(this, { ...descriptor, code });
  };
}`;

/** Writes NaN into the weights, as a defect of a driver might, after the twelfth submission from their making on. */
const POISON = `{
  const createBuffer = GPUDevice.prototype.createBuffer;
  let weights;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    if (descriptor.label === 'parameters') weights = buffer;
    return buffer;
  };
  const submit = GPUQueue.prototype.submit;
  let left = 12;
  GPUQueue.prototype.submit = function (commands) {
    submit.call(this, commands);
    if (weights && --left === 0) this.writeBuffer(weights, 0, new Float32Array([NaN, Infinity]));
  };
}`;

test('trains on a device with the specification’s limits and no feature, to the same losses', async ({
  browser,
  site,
  page,
}) => {
  await openLab(page);
  const usual = await train(page, tiny);
  const smallest = await browser.newPage({ baseURL: site.url });
  await beforeWorker(smallest, SMALLEST_DEVICE);
  await openLab(smallest);
  const rows = await train(smallest, tiny);
  expect(rows.map(({ time: _, ...row }) => row)).toEqual(usual.map(({ time: _, ...row }) => row));
  await smallest.close();
});

for (const at of [1, 10, 60]) {
  test(`a buffer that cannot be had (number ${at}) ends the run with advice and without a figure`, async ({
    page,
  }) => {
    await beforeWorker(page, oversizedBuffer(at));
    await openLab(page);
    await setUp(page, tiny);
    await press(page, 'Start training');
    await expect(runItem(page, 'run 1 BN+WS, (failed|interrupted)')).toBeVisible();
    await expect(page.getByText(/smaller batch/i).first()).toBeVisible();
    expect(await epochTable(page)).toEqual([]);
  });
}

test('a kernel that does not compile is refused with its line before anything trains', async ({ page }) => {
  await beforeWorker(page, BROKEN_SHADER);
  await openLab(page);
  await setUp(page, tiny);
  await press(page, 'Start training');
  await expect(runItem(page, 'run 1 BN+WS, failed')).toBeVisible();
  await expect(page.getByText(/optimizer.*\d+:\d+/s).first()).toBeVisible();
});

test('weights that become infinite end the run as diverged, with the step and advice', async ({ page }) => {
  await beforeWorker(page, POISON);
  await openLab(page);
  await setUp(page, { ...tiny, epochs: 50 });
  await press(page, 'Start training');
  await untilStepping(page);
  await expect(runItem(page, 'run 1 BN+WS, diverged at step .* with loss NaN')).toBeVisible();
  await untilReady(page);
});
