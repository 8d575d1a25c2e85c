import { exportedRuns, type ExportedRun } from './exportedRuns.ts';
import { expect, test } from './fixtures.ts';
import { openLab, press, runItem, setUp, train, untilReady, untilStep } from './lab.ts';
import { keepState, TELLS_STATES } from './keptStates.ts';
import { beforeWorker } from './workerHooks.ts';

const tiny = { arm: 'BN+WS', width: 8, batchSize: 2, epochs: 1, trainImages: 8, validImages: 4 } as const;

/** Hands out a device with nothing beyond the specification's limits, and without features. */
const SMALLEST_DEVICE = `{
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = function ({ label } = {}) { return request.call(this, { label }); };
}`;

/** Of the buffers that the worker asks for from a message on, the one with its number is larger than any GPU allows. */
const OVERSIZED_BUFFER = `{
  let left = 0;
  new BroadcastChannel('oversized buffer').onmessage = ({ data }) => (left = data);
  const create = GPUDevice.prototype.createBuffer;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    left -= 1;
    return create.call(this, left === 0 ? { ...descriptor, size: 2 ** 52 } : descriptor);
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

/** Writes NaN into the weights at a message, as a defect of a driver might. */
const POISON = `{
  const create = GPUDevice.prototype.createBuffer;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    const buffer = create.call(this, descriptor);
    if (descriptor.label === 'parameters') {
      new BroadcastChannel('poison').onmessage = () =>
        this.queue.writeBuffer(buffer, 0, new Float32Array([NaN, Infinity]));
    }
    return buffer;
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

test('a buffer that cannot be had ends the run with advice and without a figure; the next run is sound', async ({
  page,
}) => {
  await beforeWorker(page, OVERSIZED_BUFFER);
  await openLab(page);
  await setUp(page, tiny);
  for (const [run, at] of [1, 10, 60].entries()) {
    await page.evaluate((left) => new BroadcastChannel('oversized buffer').postMessage(left), at);
    await press(page, 'Start training');
    await expect(runItem(page, `run ${run + 1} BN+WS, failed`)).toBeVisible();
    await expect(page.getByText(/Out of GPU memory .* use a smaller batch/).first()).toBeVisible();
  }
  expect(await train(page)).toHaveLength(1);
  const runs = await exportedRuns(page);
  expect(runs.map(({ run }) => run.status)).toEqual(['failed', 'failed', 'failed', 'finished']);
  expect(runs.map(({ run }) => run.stepCount)).toEqual([0, 0, 0, 4]);
  expect(runs.map(({ run }) => run.epochs.length)).toEqual([0, 0, 0, 1]);
});

test('a kernel that does not compile is refused with its line before anything trains', async ({ page }) => {
  await beforeWorker(page, BROKEN_SHADER);
  await openLab(page);
  await setUp(page, tiny);
  await press(page, 'Start training');
  await expect(runItem(page, 'run 1 BN+WS, failed')).toBeVisible();
  await expect(page.getByText(/adamw\.wgsl:\d+:\d+ .*'i32'.*'f32'/).first()).toBeVisible();
  expect((await exportedRuns(page))[0]!.run.stepCount).toBe(0);
});

test('weights that become infinite end the run as diverged, with the step and the last sound state', async ({
  page,
}) => {
  await beforeWorker(page, TELLS_STATES + POISON);
  await openLab(page);
  await setUp(page, { ...tiny, epochs: 50 });
  await press(page, 'Start training');
  await untilStep(page, 4);
  const kept = await keepState(page);
  await page.evaluate(() => new BroadcastChannel('poison').postMessage(''));
  await expect(runItem(page, 'run 1 BN+WS, diverged at step .* with loss NaN')).toBeVisible();
  await expect(page.getByText(/diverged at step \d+ with loss NaN, learning rate/).first()).toBeVisible();
  await expect(page.getByText(`The state after step ${kept}, at learning rate`)).toBeVisible();
  await untilReady(page);
  const [{ steps, run }] = (await exportedRuns(page)) as [ExportedRun];
  expect(steps.losses.at(-1)).toBe('NaN');
  for (const loss of steps.losses.slice(0, -1)) expect(loss).toBeGreaterThan(0);
  for (const row of run.epochs) expect(row).not.toHaveProperty('trainLoss', 'NaN');
});
