import { afterAll, describe, it } from 'vitest';
import { useCpuBackend, useWebGlBackend } from '#gpu/stockBackend.ts';
import { SENSITIVE_STOCK, expectGolden } from '#testing/golden.ts';
import { createTfjsEngine } from './tfjsEngine.ts';

// What users without WebGPU get; a few steps, for stock convolution gradients are slow.
describe('the tfjs engine with stock kernels', () => {
  it.each(['bn+ws sgd', 'gn adamw'] as const)('follows the golden run %s on WebGL', async (name) => {
    const backend = await useWebGlBackend();
    afterAll(() => backend.dispose());
    await expectGolden((config) => createTfjsEngine(config, backend), name, {
      steps: 3,
      sensitive: SENSITIVE_STOCK,
    });
  });

  it('follows a golden run on the CPU', async () => {
    const backend = await useCpuBackend();
    await expectGolden((config) => createTfjsEngine(config, backend), 'gn+ws sgd', {
      steps: 2,
      sensitive: SENSITIVE_STOCK,
    });
  });
});
