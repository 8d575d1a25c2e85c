import { expect, it } from 'vitest';
import { inErrorScopes } from './buffers.ts';
import type { GpuContext } from './device.ts';
import { PipelineCache } from './pipelines.ts';

/** A device whose process has died: its promises reject before its loss is known. */
function dyingContext(): GpuContext {
  const dropped = (): Promise<never> =>
    Promise.reject(new DOMException('Instance dropped in popErrorScope', 'OperationError'));
  const device = {
    pushErrorScope: () => undefined,
    popErrorScope: dropped,
    createShaderModule: () => ({ getCompilationInfo: dropped }),
    createBindGroupLayout: () => ({}),
    createPipelineLayout: () => ({}),
    createComputePipelineAsync: dropped,
  };
  // Only what the two functions touch.
  return { device, check: () => undefined, failure: undefined } as unknown as GpuContext;
}

it('takes scopes that a dead GPU process drops for the loss that they are', async () => {
  await expect(inErrorScopes(dyingContext(), 'a training step', () => 1)).rejects.toMatchObject({
    name: 'DeviceLostError',
    message: expect.stringContaining('Instance dropped'),
  });
});

it('does not blame a shader for it', async () => {
  const shader = { label: 'sum', code: '', bindings: [] };
  await expect(new PipelineCache(dyingContext()).compile([shader])).rejects.toMatchObject({
    name: 'DeviceLostError',
  });
});
