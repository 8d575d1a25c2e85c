import { expect, test } from 'vitest';
import { builtInDataset } from '#data/builtIn.ts';
import type { Experiment } from '#domain/experiment.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { createReplayEngine } from '#engine/replay/createReplayEngine.ts';
import { startWeights } from '#engine/startWeights.ts';
import { testGpu } from '#testing/gpu.ts';
import { MemoryKeeper, Recorder } from '#testing/trainingBench.ts';
import type { StartPoint } from './startPoint.ts';
import { TrainingSession } from './session.ts';

// What the fake engine of the unit tests stands in for: bits of a real device.

const dataset = builtInDataset(0, { train: 20, valid: 8 });
const experiment: Experiment = {
  ...defaultExperiment(),
  norm: 'bn',
  ws: true,
  width: 8,
  batchSize: 2,
  epochs: 4,
  maxLearningRate: 2e-3,
  augmentation: 'crop-flip',
};

async function session(): Promise<TrainingSession> {
  const { context } = await testGpu();
  return new TrainingSession({
    createEngine: (config) => createReplayEngine(context, config),
    startWeights,
    clock: () => performance.now(),
  });
}

interface Told {
  readonly recorder: Recorder;
  readonly keeper: MemoryKeeper;
}

async function train(more: { readonly from?: StartPoint; readonly stopAfter?: number } = {}): Promise<Told> {
  const told = { recorder: new Recorder(), keeper: new MemoryKeeper() };
  const job = { experiment, reporter: told.recorder, keeper: told.keeper, ...more };
  await (await session()).train(job, dataset);
  return told;
}

test('40 steps are 20 steps, a new engine and 20 more: weights, moments, statistics and metrics', async () => {
  const whole = await train();
  const first = await train({ stopAfter: 20 });
  const state = first.keeper.states.at(-1)!;
  expect(state.step).toBe(20);
  const nextEpoch = first.recorder.rows.length;
  const losses = Float32Array.from(first.recorder.losses);
  const second = await train({ from: { kind: 'resume', state, losses, nextEpoch } });

  const { recorder, keeper } = whole;
  expect(recorder.losses).toHaveLength(40);
  expect([...first.recorder.losses, ...second.recorder.losses]).toEqual(recorder.losses);
  for (const name of ['smoothed', 'learningRates', 'momenta'] as const) {
    expect([...first.recorder.series(name), ...second.recorder.series(name)]).toEqual(recorder.series(name));
  }
  const withoutTime = ({ rows }: Recorder): unknown => rows.map((row) => ({ ...row, milliseconds: 0 }));
  expect([withoutTime(first.recorder), withoutTime(second.recorder)].flat()).toEqual(withoutTime(recorder));
  const end = second.keeper.states.at(-1)!;
  const clock = { elapsedMs: 0, epochStartedMs: 0 };
  expect({ ...end, ...clock }).toEqual({ ...keeper.states.at(-1)!, ...clock });
  expect(end.step).toBe(40);
  expect(end.buffers.size).toBeGreaterThan(10);
  expect(end.moments).toHaveLength(2);
});

test('equal runs of a race are equal, and are the run that each would be alone', async () => {
  const short = { ...experiment, epochs: 1 };
  const alone = new Recorder();
  await (await session()).train({ experiment: short, reporter: alone }, dataset);
  const recorders = [new Recorder(), new Recorder()];
  const jobs = recorders.map((reporter) => ({ experiment: short, reporter }));
  expect(await (await session()).race(jobs, dataset)).toEqual(['finished', 'finished']);
  for (const { losses } of recorders) expect(losses).toEqual(alone.losses);
  expect(recorders[1]!.pairs).toEqual([{ baseline: 0, epoch: 0, mean: 0, standardError: 0 }]);
  expect(alone.rows[0]!.standardError).toBeGreaterThan(0);
  // Each clock counts its own steps.
  const [a, b] = recorders.map((recorder) => recorder.series('elapsedMs').at(-1)!);
  expect(Math.max(a! / b!, b! / a!)).toBeLessThan(3);
});
