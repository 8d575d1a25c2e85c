import { describe, expect, test } from 'vitest';
import type { RunOptions, StopRule } from '#domain/runOptions.ts';
import { smooth } from '#optim/smoothing.ts';
import { bench, dataset, experiment, MemoryKeeper, Recorder } from '#testing/trainingBench.ts';
import { fakeDataset } from '#testing/fakeEngine.ts';
import type { FakeEngineOptions } from '#testing/fakeEngine.ts';
import type { StartPoint } from './startPoint.ts';

async function stopped(
  stopRule: StopRule,
  options: FakeEngineOptions = {},
  epochs = 8,
): Promise<{ recorder: Recorder; keeper: MemoryKeeper; status: string }> {
  const { session, recorder } = bench({ canCancel: true, ...options });
  const keeper = new MemoryKeeper();
  const job = { experiment: { ...experiment, epochs }, reporter: recorder, keeper, options: { stopRule } };
  return { recorder, keeper, status: await session.train(job, dataset) };
}

describe('a stop rule', () => {
  test('of images ends the run with the step that reaches them, and says so', async () => {
    const { recorder, keeper, status } = await stopped(
      { kind: 'images', value: 150 },
      { stepsPerAdvance: 4 },
    );
    expect(status).toBe('stopped');
    expect(recorder.losses).toHaveLength(10);
    expect(recorder.details.at(-1)).toBe('Reached 150 images at step 10.');
    expect(recorder.enders.at(-1)).toBe('rule');
    expect(recorder.probes.map(({ step, count }) => [step, count])).toEqual([[10, 40]]);
    expect(keeper.steps.at(-1)).toBe(10);
  });

  test('of images at the end of an epoch needs no other validation than that of the epoch', async () => {
    const { recorder } = await stopped({ kind: 'images', value: 2 * 6 * 16 });
    expect(recorder.rows.map(({ epoch }) => epoch)).toEqual([0, 1]);
    expect(recorder.probes).toEqual([]);
    expect(recorder.log.at(-1)).toBe('stopped');
  });

  test('of minutes goes by the clock of the run', async () => {
    const { recorder, status } = await stopped({ kind: 'minutes', value: 0.1 }, { stepMs: 1000 });
    expect(status).toBe('stopped');
    expect(recorder.series('elapsedMs').findIndex((ms) => ms >= 6000) + 1).toBe(6);
    expect(recorder.details.at(-1)).toBe('Reached 0.1 min of compute time at step 6.');
    expect(recorder.losses.length).toBeLessThan(10);
  });

  test('of the smoothed training loss ends at the same step however steps are gathered', async () => {
    const falling = { loss: (step: number) => 2 / (1 + step / 10) };
    const target = smooth(Array.from({ length: 30 }, (_, step) => falling.loss(step)))[29]! + 1e-6;
    for (const stepsPerAdvance of [1, 7]) {
      const { recorder, status } = await stopped(
        { kind: 'train-loss', value: target },
        { ...falling, stepsPerAdvance },
      );
      expect(status).toBe('stopped');
      expect(recorder.details.at(-1)).toMatch(/^Reached a smoothed training loss of .* at step 30\.$/);
      expect(recorder.losses.length).toBeGreaterThanOrEqual(30);
      expect(recorder.losses.length).toBeLessThan(48);
      expect(recorder.probes.map(({ step }) => step)).toEqual([recorder.losses.length]);
    }
  });

  test('of the training loss does not take the luck of the first steps for it', async () => {
    const { recorder } = await stopped({ kind: 'train-loss', value: 1 }, { loss: () => 0.5 });
    expect(recorder.details.at(-1)).toMatch(/ at step 20\.$/);
  });

  test('of the validation loss ends after the epoch that reaches it', async () => {
    const { recorder: whole } = await stopped({ kind: 'images', value: 1e6 }, {}, 4);
    expect(whole.log.at(-1)).toBe('finished');
    const value = whole.rows[1]!.validLoss;
    const { recorder, status } = await stopped({ kind: 'valid-loss', value }, {}, 4);
    expect(status).toBe('stopped');
    expect(recorder.rows.map(({ validLoss }) => validLoss)).toEqual(
      whole.rows.slice(0, 2).map(({ validLoss }) => validLoss),
    );
    expect(recorder.probes).toEqual([]);
    expect(recorder.details.at(-1)).toMatch(/^Reached a validation loss of .* at step 12\.$/);
  });

  test('of the validation loss looks at probes where there are any, and says over how many images', async () => {
    // 400 steps an epoch: probes at its quarters.
    const data = fakeDataset(800, 1200);
    const long = { ...experiment, batchSize: 2, epochs: 2, maxLearningRate: 0.05 };
    const train = async (options: RunOptions, from?: StartPoint) => {
      const { session, recorder } = bench({ canCancel: true });
      const keeper = new MemoryKeeper();
      await session.train({ experiment: long, reporter: recorder, keeper, options, from }, data);
      return { recorder, keeper };
    };
    const { recorder: whole } = await train({});
    const value = whole.probes[1]!.validLoss;
    expect(whole.probes[0]!.validLoss).toBeGreaterThan(value);
    const stopRule = { kind: 'valid-loss', value } as const;
    const { recorder, keeper } = await train({ stopRule });
    expect(recorder.log.at(-1)).toBe('stopped');
    expect(recorder.losses).toHaveLength(200);
    expect(recorder.details.at(-1)).toMatch(
      /^Reached a validation loss of .* over the first 1,000 images at step 200\.$/,
    );
    // It is validated as it is: no other probe closes it.
    expect(recorder.probes).toEqual(whole.probes.slice(0, 2));
    const { recorder: unprobed } = await train({ stopRule, probes: 'none' });
    expect(unprobed.probes).toEqual([]);
    expect(unprobed.losses.length).toBeGreaterThanOrEqual(400);
    // Resumed, it goes on without its rule.
    const { recorder: rest } = await train(
      { stopRule },
      {
        kind: 'resume',
        state: keeper.states.at(-1)!,
        losses: Float32Array.from(recorder.losses),
        nextEpoch: 0,
        validLoss: value,
      },
    );
    expect(rest.log.at(-1)).toBe('finished');
  });

  test('that is met with the last step lets the run finish', async () => {
    const { recorder, status } = await stopped({ kind: 'images', value: 3 * 96 }, {}, 3);
    expect(status).toBe('finished');
    expect([recorder.details.at(-1), recorder.enders.at(-1)]).toEqual([undefined, undefined]);
    expect(recorder.rows).toHaveLength(3);
  });

  test('changes no loss before it', async () => {
    const { recorder: whole } = await stopped({ kind: 'images', value: 1e6 }, {}, 3);
    const { recorder } = await stopped({ kind: 'images', value: 150 }, {}, 3);
    expect(recorder.losses).toEqual(whole.losses.slice(0, 10));
  });

  test.each([
    { kind: 'images', value: 150 },
    { kind: 'minutes', value: 1 / 6 },
    { kind: 'train-loss', value: 2.2 },
    { kind: 'valid-loss', value: 2.2 },
  ] as const)('of $kind lets a run go on that it has stopped', async (stopRule) => {
    const { recorder, keeper } = await stopped(stopRule, { stepMs: 1000 }, 6);
    expect(recorder.log.at(-1)).toBe('stopped');
    const state = keeper.states.at(-1)!;
    expect(state.step).toBe(recorder.losses.length);
    const { session, recorder: more } = bench({ stepMs: 1000 });
    const from = {
      kind: 'resume',
      state,
      losses: Float32Array.from(recorder.losses),
      nextEpoch: recorder.rows.length,
      validLoss: Math.min(...recorder.rows.map(({ validLoss }) => validLoss)),
    } as const;
    const job = { experiment: { ...experiment, epochs: 6 }, reporter: more, from, options: { stopRule } };
    expect(await session.train(job, dataset)).toBe('finished');
    expect(state.step + more.losses.length).toBe(36);
  });

  test('of minutes ends each run of a race by its own clock, and the others go on', async () => {
    const { session } = bench((engine) => ({ stepMs: engine === 0 ? 100 : 1000, canCancel: true }));
    const recorders = [new Recorder(), new Recorder()];
    const jobs = recorders.map((reporter) => ({
      experiment,
      reporter,
      options: { stopRule: { kind: 'minutes', value: 0.1 } as const },
    }));
    expect(await session.race(jobs, dataset)).toEqual(['finished', 'stopped']);
    expect(recorders[0]!.losses).toHaveLength(18);
    expect(recorders[1]!.details.at(-1)).toBe('Reached 0.1 min of compute time at step 6.');
  });

  test('must be that of all runs of a race', async () => {
    const { session } = bench();
    const jobs = [100, 200].map((value) => ({
      experiment,
      reporter: new Recorder(),
      options: { stopRule: { kind: 'images', value } as const },
    }));
    await expect(session.race(jobs, dataset)).rejects.toThrow('share their stop rule');
  });

  test('leaves the last word to the user: a stop gives up the closing validation', async () => {
    const started = bench({
      duringEvaluation: () => started.session.stop(),
    });
    const job = {
      experiment,
      reporter: started.recorder,
      options: { stopRule: { kind: 'images', value: 64 } as const },
    };
    expect(await started.session.train(job, dataset)).toBe('stopped');
    expect(started.recorder.losses).toHaveLength(4);
    expect(started.recorder.probes).toEqual([]);
  });
});
