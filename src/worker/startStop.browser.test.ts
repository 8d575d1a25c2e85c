import { expect, test } from 'vitest';
import { countLiveBuffers, liveBuffers } from '#bench/liveBuffers.ts';
import { builtInDataset } from '#data/builtIn.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { startWeights } from '#engine/startWeights.ts';
import type { RunReporter } from '#train/reporter.ts';
import { TrainingSession } from '#train/session.ts';
import { openWebGpu } from './webGpuDevice.ts';

const CYCLES = 20;
const experiment = {
  ...defaultExperiment(),
  norm: 'bn',
  ws: true,
  width: 8,
  batchSize: 2,
  epochs: 100,
} as const;

test('starting and stopping runs again and again leaves no buffer behind', { timeout: 120_000 }, async () => {
  countLiveBuffers();
  const device = await openWebGpu();
  const session = new TrainingSession({
    createEngine: device.createEngine,
    startWeights,
    clock: () => performance.now(),
  });
  const dataset = builtInDataset(0, { train: 8, valid: 2 });
  const nothing = (): undefined => undefined;
  const reporter: RunReporter = {
    status: nothing,
    plan: nothing,
    preparing: nothing,
    steps: () => session.stop(),
    validating: nothing,
    epoch: nothing,
    probe: () => undefined,
    diverged: nothing,
    layers: nothing,
    paired: nothing,
  };
  const left: unknown[] = [];
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    expect(await session.train({ experiment, reporter }, dataset)).toBe('stopped');
    expect(session.memory()).toEqual({ gpuBytes: 0, objects: 0 });
    left.push(liveBuffers());
  }
  // The images stay for the next run; nothing else does.
  expect(left[0]).toMatchObject({ count: 4 });
  expect(left).toEqual(left.map(() => left[0]));
});
