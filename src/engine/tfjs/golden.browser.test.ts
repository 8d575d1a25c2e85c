import { describe, expect, it } from 'vitest';
import { useWebGpuBackend } from '#gpu/backend.ts';
import { GOLDEN_NAMES, SENSITIVE_STOCK, expectGolden } from '#testing/golden.ts';
import { testGpu } from '#testing/gpu.ts';
import { createTfjsEngine } from './tfjsEngine.ts';

describe('the tfjs engine with our kernels on WebGPU', () => {
  it.each(GOLDEN_NAMES)('reproduces the golden run %s', async (name) => {
    const { context, cache } = await testGpu();
    const backend = await useWebGpuBackend(context, cache);
    await expectGolden((config) => createTfjsEngine(config, backend), name, {
      sensitive: SENSITIVE_STOCK,
      // Every arm runs to its end with AdamW; with SGD, whose late steps are rounding's, only its update is new.
      ...(name.includes(' sgd') ? { steps: 4 } : {}),
    });
    expect(context.failure).toBeUndefined();
  });
});
