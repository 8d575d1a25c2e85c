import { expect, test } from 'vitest';
import type { Dataset } from '#domain/dataset.ts';
import { fakeDataset } from '#testing/fakeEngine.ts';
import type { FakeEngineOptions } from '#testing/fakeEngine.ts';
import { bench, dataset as short, experiment, Recorder } from '#testing/trainingBench.ts';
import type { Bench } from '#testing/trainingBench.ts';

/** 400 steps an epoch. */
const long = fakeDataset(800, 1200);
const setting = { ...experiment, batchSize: 2, epochs: 2, maxLearningRate: 0.05 };

async function trained(data: Dataset, options: FakeEngineOptions = {}, probes?: 'none'): Promise<Recorder> {
  const { session, recorder } = bench(options);
  const job = { experiment: setting, reporter: recorder, options: probes ? { probes } : {} };
  expect(await session.train(job, data)).toBe('finished');
  return recorder;
}

test('validation is probed at the quarters of long epochs, over 1,000 images', async () => {
  const { probes, rows } = await trained(long);
  expect(probes.map(({ step }) => step)).toEqual([100, 200, 300, 500, 600, 700]);
  for (const { count, validLoss, standardError } of probes) {
    expect(count).toBe(1000);
    expect(validLoss).toBeGreaterThan(0);
    expect(standardError).toBeGreaterThan(0);
  }
  expect(rows).toHaveLength(2);
});

test('short epochs are not probed', async () => {
  expect((await trained(short)).probes).toEqual([]);
});

test('with and without probes the run is the same, bit for bit, and so is its clock', async () => {
  const timed = { stepMs: 10, evaluationMs: 500 };
  const [probed, plain] = [await trained(long, timed), await trained(long, timed, 'none')];
  expect(plain.probes).toEqual([]);
  expect(probed.losses).toEqual(plain.losses);
  expect(probed.rows).toEqual(plain.rows);
  expect(probed.series('elapsedMs')).toEqual(plain.series('elapsedMs'));
});

test('each run of a race is probed, and a stop during it ends that run alone', async () => {
  let evaluations = 0;
  const started: Bench = bench(() => ({
    duringEvaluation: () => {
      evaluations += 1;
      if (evaluations === 1) started.session.stop(0);
    },
  }));
  const recorders = [new Recorder(), new Recorder()];
  const jobs = recorders.map((reporter) => ({ experiment: { ...setting, epochs: 1 }, reporter }));
  expect(await started.session.race(jobs, long)).toEqual(['stopped', 'finished']);
  expect(recorders[0]!.probes).toEqual([]);
  expect(recorders[1]!.probes.map(({ step }) => step)).toEqual([100, 200, 300]);
});
