import { expect, test } from 'vitest';
import { builtInDataset } from '#data/builtIn.ts';
import type { BenchmarkProgress } from '#domain/benchmark.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { startWeights } from '#engine/startWeights.ts';
import * as tf from '#gpu/tf.ts';
import type { RunReporter } from '#train/reporter.ts';
import { TrainingSession } from '#train/session.ts';
import { openWebGpu } from '#worker/webGpuDevice.ts';

test('measures NormLab and stock tfjs, gives everything back, and training goes on as before', async () => {
  const device = await openWebGpu();
  const session = new TrainingSession({
    createEngine: device.createEngine,
    startWeights,
    clock: () => performance.now(),
  });
  const dataset = builtInDataset(0, { train: 4, valid: 2 });
  const experiment = { ...defaultExperiment(), width: 8, batchSize: 2, epochs: 1, maxLearningRate: 1e-3 };
  const train = async (): Promise<number[]> => {
    const losses: number[] = [];
    const reporter: RunReporter = {
      status: () => undefined,
      plan: () => undefined,
      preparing: () => undefined,
      steps: (chunk) => void losses.push(...chunk.losses),
      validating: () => undefined,
      epoch: () => undefined,
      probe: () => undefined,
      diverged: () => undefined,
      layers: () => undefined,
      paired: () => undefined,
    };
    const status = await session.train({ experiment, reporter }, dataset);
    expect(status).toBe('finished');
    return losses;
  };
  const before = await train();
  const dispatch = GPUComputePassEncoder.prototype.dispatchWorkgroups;

  const told: BenchmarkProgress[] = [];
  const skip = new AbortController();
  const arms = [{ norm: 'bn', ws: false }] as const;
  const report = await device.measure!(
    { width: 8, batch: 1, arms, stockArms: arms },
    {
      skipStock: skip.signal,
      onProgress: (progress) => {
        told.push(progress);
        // One timed step of stock tfjs is enough here.
        if (progress.system === 'stock tfjs' && progress.done === 1) skip.abort();
      },
    },
  );
  const [normLab, stock] = report.rows;
  expect(report.rows.map(({ system }) => system)).toEqual(['NormLab', 'stock tfjs']);
  expect(normLab!.ms).toBeGreaterThan(0);
  expect(normLab!.submits).toBe(1);
  expect(stock!.dispatches).toBeGreaterThan(5 * normLab!.dispatches);
  expect(told[0]).toMatchObject({ system: 'NormLab', stage: 'measuring tiles' });
  expect(told[1]).toMatchObject({ system: 'NormLab', stage: 'first step' });
  expect(report.tuningMs).toBeGreaterThanOrEqual(0);
  expect(normLab!.gpuBytes).toBeGreaterThan(0);
  // The weights alone, in four copies: parameters, gradients and two moments.
  expect(stock!.gpuBytes).toBeGreaterThan(4 * 4 * 175_000);

  expect(GPUComputePassEncoder.prototype.dispatchWorkgroups).toBe(dispatch);
  expect(tf.findBackendFactory('webgpu')).toBeNull();
  expect(await train()).toEqual(before);
});

test('ends by an AbortError when it is cancelled', async () => {
  const device = await openWebGpu();
  const cancel = new AbortController();
  const measuring = device.measure!(
    {
      width: 8,
      batch: 1,
      arms: [
        { norm: 'none', ws: false },
        { norm: 'gn', ws: false },
      ],
      stockArms: [],
    },
    {
      signal: cancel.signal,
      onProgress: () => cancel.abort(),
    },
  );
  await expect(measuring).rejects.toThrow(/abort/i);
});
