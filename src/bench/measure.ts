import type { BenchmarkOptions, BenchmarkReport } from '#domain/benchmark.ts';
import { requestGpu } from '#gpu/device.ts';
import { compareSystems, type CompareHooks } from './compare.ts';
import { stopCountingGpuCalls } from './gpuCalls.ts';

/** Enough for a median; a weak adapter ends by the time instead. */
const STEPS = 20;
const BUDGET_MS = 4000;

/**
 * The comparison as the page offers it, on a device of its own: what goes wrong there, such as a network that
 * does not fit, leaves the device that trains alone, and its end gives all memory back, that of tfjs too.
 *
 * @throws {GpuUnavailableError | GpuError | ShaderError}, an AbortError when `hooks.signal` ends it.
 */
export async function measureGpu(options: BenchmarkOptions, hooks: CompareHooks): Promise<BenchmarkReport> {
  const context = await requestGpu();
  try {
    return await compareSystems(context, { ...options, steps: STEPS, budgetMs: BUDGET_MS }, hooks);
  } finally {
    stopCountingGpuCalls();
    context.dispose();
  }
}
