import { expect, test } from 'vitest';
import { builtInDataset } from '#data/builtIn.ts';
import type { Experiment } from '#domain/experiment.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import type { EpochRow, Preparation, RunStatus } from '#domain/run.ts';
import { createReplayEngine } from '#engine/replay/createReplayEngine.ts';
import { startWeights } from '#engine/startWeights.ts';
import { requestGpu } from '#gpu/device.ts';
import type { RunReporter } from '#train/reporter.ts';
import { TrainingSession } from '#train/session.ts';
import { openWebGpu } from './webGpuDevice.ts';

// Sessions on a real device, without a page: what the fake engine of the unit tests stands in for.

const dataset = builtInDataset(0, { train: 8, valid: 8 });
const experiment: Experiment = {
  ...defaultExperiment(),
  norm: 'bn',
  ws: true,
  width: 8,
  batchSize: 4,
  epochs: 2,
  maxLearningRate: 2e-3,
};
const clock = (): number => performance.now();

interface Story extends RunReporter {
  readonly losses: number[];
  readonly rows: EpochRow[];
  readonly preparations: Preparation[];
  readonly statuses: (readonly [RunStatus, string | undefined])[];
}

function story(onSteps: () => void = () => undefined): Story {
  const losses: number[] = [];
  const rows: EpochRow[] = [];
  const statuses: Story['statuses'] = [];
  const preparations: Preparation[] = [];
  return {
    losses,
    rows,
    statuses,
    preparations,
    status: (status, detail) => void statuses.push([status, detail]),
    plan: () => undefined,
    preparing: (preparation) => void preparations.push(preparation),
    steps: (chunk) => {
      losses.push(...chunk.losses);
      onSteps();
    },
    validating: () => undefined,
    epoch: (row) => void rows.push(row),
    probe: () => undefined,
    diverged: () => undefined,
    layers: () => undefined,
    paired: () => undefined,
  };
}

test('a finder before it changes no bit of a training run', async () => {
  const device = await openWebGpu();
  const session = new TrainingSession({ createEngine: device.createEngine, startWeights, clock });
  const before = story();
  expect(await session.train({ experiment, reporter: before }, dataset)).toBe('finished');
  // Compiled once, and counted one by one.
  const { total } = before.preparations[0]!;
  expect(total).toBeGreaterThan(10);
  expect(before.preparations).toEqual(
    Array.from({ length: total }, (_, i) => ({ stage: 'compiling kernels', done: i + 1, total })),
  );
  const finder = story();
  const settings = { start: 1e-6, end: 10, steps: 5 };
  const result = await session.findLearningRate(experiment, settings, dataset, finder);
  expect(result.stoppedAt).toBe(finder.losses.length - 1);
  expect(finder.losses[0]).toBe(before.losses[0]);
  expect(finder.preparations).toEqual([]);
  const after = story();
  expect(await session.train({ experiment, reporter: after }, dataset)).toBe('finished');
  expect(after.losses).toEqual(before.losses);
  expect(after.rows.map(({ validLoss, accuracy }) => [validLoss, accuracy])).toEqual(
    before.rows.map(({ validLoss, accuracy }) => [validLoss, accuracy]),
  );
  expect(before.losses).toHaveLength(4);
  expect(before.losses.every(Number.isFinite)).toBe(true);
});

test('a device lost in the middle interrupts the run, and nothing is recorded after it', async () => {
  const context = await requestGpu();
  const session = new TrainingSession({
    createEngine: (config) => createReplayEngine(context, config),
    startWeights,
    clock,
  });
  let lossesAtFault = 0;
  const told = story(() => {
    if (lossesAtFault > 0 || told.losses.length === 0) return;
    context.device.destroy();
    lossesAtFault = told.losses.length;
  });
  expect(await session.train({ experiment: { ...experiment, epochs: 50 }, reporter: told }, dataset)).toBe(
    'interrupted',
  );
  expect(told.statuses.at(-1)?.[1]).toContain('The GPU was lost');
  expect(told.losses).toHaveLength(lossesAtFault);
  expect(told.losses.every((loss) => loss > 0)).toBe(true);
  await expect(session.train({ experiment, reporter: story() }, dataset)).resolves.toBe('interrupted');
});
