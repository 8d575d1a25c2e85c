import { expect, it, vi } from 'vitest';
import { fakeDataset } from '#testing/fakeEngine.ts';
import { testGpu } from '#testing/gpu.ts';
import { download } from '#gpu/buffers.ts';
import { acquireDataset } from './datasetBuffers.ts';

it('uploads a data set again after another one did not fit', async () => {
  const { context } = await testGpu();
  const [small, large] = [fakeDataset(20, 10), fakeDataset(40, 10)];
  (await acquireDataset(context, small)).release();

  const { createBuffer } = GPUDevice.prototype;
  const made: GPUBuffer[] = [];
  const destroyed: GPUBuffer[] = [];
  const spy = vi.spyOn(GPUDevice.prototype, 'createBuffer').mockImplementation(function (
    this: GPUDevice,
    descriptor,
  ) {
    if (descriptor.label?.startsWith('validation')) throw new RangeError('out of memory');
    const buffer = createBuffer.call(this, descriptor);
    if (descriptor.label?.startsWith('training')) made.push(buffer);
    return buffer;
  });
  const { destroy } = GPUBuffer.prototype;
  const destroying = vi.spyOn(GPUBuffer.prototype, 'destroy').mockImplementation(function (this: GPUBuffer) {
    destroyed.push(this);
    return destroy.call(this);
  });
  try {
    await expect(acquireDataset(context, large)).rejects.toThrow('out of memory');
  } finally {
    spy.mockRestore();
    destroying.mockRestore();
  }
  // Nothing stays of what was uploaded before the failure.
  expect(made).toHaveLength(2);
  for (const buffer of made) expect(destroyed).toContain(buffer);

  const again = await acquireDataset(context, small);
  const { images } = again.train;
  expect(new Uint8Array(await download(context, images, 0, 3072))).toEqual(
    small.train.images.subarray(0, 3072),
  );
  again.release();
});
