import { describe, expect, test, vi } from 'vitest';
import type { Experiment } from '#domain/experiment.ts';
import type { RunStatus } from '#domain/run.ts';
import { oneCycleV1 } from '#optim/schedules.ts';
import { smooth } from '#optim/smoothing.ts';
import { fakeDataset, FakeEngine, fakeStartWeights } from '#testing/fakeEngine.ts';
import type { FakeEngineOptions } from '#testing/fakeEngine.ts';
import { BusyError } from './errors.ts';
import { bench, dataset, experiment, MemoryKeeper, Recorder } from '#testing/trainingBench.ts';
import type { Bench } from '#testing/trainingBench.ts';
import { TrainingSession } from './session.ts';

async function trainedLosses(
  changes: Partial<Experiment> = {},
  options: FakeEngineOptions = {},
): Promise<number[]> {
  const { session, recorder } = bench(options);
  await session.train({ experiment: { ...experiment, ...changes }, reporter: recorder }, dataset);
  return recorder.losses;
}

describe('training', () => {
  test('tells the tiles of an engine that chooses any, once it is built', async () => {
    const { session, recorder } = bench({ tilesHash: '0a' });
    await session.train({ experiment, reporter: recorder }, dataset);
    expect(recorder.plans.map(({ tilesHash }) => tilesHash)).toEqual([undefined, '0a']);
    expect(recorder.plans[1]).toEqual({ ...recorder.plans[0]!, tilesHash: '0a' });
  });

  test('tells the whole story in order', async () => {
    const { session, recorder, engines } = bench();
    expect(await session.train({ experiment, reporter: recorder }, dataset)).toBe('finished');
    expect(recorder.log).toEqual([
      'preparing',
      'running',
      ...[0, 1, 2].flatMap((epoch) => ['validating 0/40', 'validating 40/40', `epoch ${epoch}`]),
      'finished',
    ]);
    expect(recorder.plans).toHaveLength(1);
    expect(recorder.plans[0]).toMatchObject({
      totalSteps: 18,
      stepsPerEpoch: 6,
      trainCount: 100,
      validCount: 40,
      initialWeightsHash: 'seed-0',
    });
    expect(recorder.losses).toHaveLength(18);
    expect(recorder.losses[17]).toBeLessThan(recorder.losses[0]!);
    expect(engines).toHaveLength(1);
    expect(engines[0]!.isDisposed).toBe(true);
    expect(session.isBusy).toBe(false);
  });

  test('passes on how far the preparation of the engine is', async () => {
    const { session, recorder } = bench({}, [
      { stage: 'measuring tiles', done: 1, total: 1 },
      { stage: 'compiling kernels', done: 1, total: 2 },
    ]);
    await session.train({ experiment, reporter: recorder }, dataset);
    expect(recorder.log.slice(0, 4)).toEqual([
      'preparing',
      'measuring tiles 1/1',
      'compiling kernels 1/2',
      'running',
    ]);
  });

  test('gives rows as fastai does: smoothed over the whole run, evaluated over all validation images', async () => {
    const { session, recorder } = bench({ stepMs: 10 });
    await session.train({ experiment, reporter: recorder }, dataset);
    const smoothed = smooth(recorder.losses);
    recorder.rows.forEach((row, epoch) => {
      expect(row.step).toBe(6 * (epoch + 1));
      expect(row.trainLoss).toBeCloseTo(smoothed[row.step - 1]!, 12);
      expect(row.milliseconds).toBe(60);
      expect(row.accuracy).toBeGreaterThanOrEqual(0);
      expect(row.validLoss).toBeGreaterThan(0);
    });
    expect(recorder.rows[2]!.validLoss).toBeLessThan(recorder.rows[0]!.validLoss);
    recorder.series('smoothed').forEach((value, i) => expect(value).toBeCloseTo(smoothed[i]!, 6));
  });

  test('reports the learning rate, momentum and compute time of each step', async () => {
    const { session, recorder } = bench({ stepMs: 10 });
    await session.train({ experiment, reporter: recorder }, dataset);
    for (let step = 0; step < 18; step++) {
      const { learningRate, momentum } = oneCycleV1(step, 18, 0.5);
      expect(recorder.series('learningRates')[step]).toBe(Math.fround(learningRate));
      expect(recorder.series('momenta')[step]).toBe(Math.fround(momentum));
      expect(recorder.series('elapsedMs')[step]).toBe(10 * (step + 1));
    }
  });

  test('is the same run whatever the engine asks for at a time and however fast it is', async () => {
    const one = await trainedLosses();
    expect(await trainedLosses({}, { stepsPerAdvance: 4 })).toEqual(one);
    expect(await trainedLosses({}, { stepsPerAdvance: 100 })).toEqual(one);
    expect(await trainedLosses({}, { stepMs: 900 })).toEqual(one);
  });

  test('sees other batches with another seed, and the same ones with another normalization', async () => {
    const start = await trainedLosses();
    expect(await trainedLosses({ seed: 1 })).not.toEqual(start);
    expect(await trainedLosses({ norm: 'gn', ws: true })).toEqual(start);
    const hashes = async (changes: Partial<Experiment>): Promise<string> => {
      const { session, recorder } = bench();
      await session.train({ experiment: { ...experiment, ...changes }, reporter: recorder }, dataset);
      return recorder.plans[0]!.orderHash;
    };
    expect(await hashes({ norm: 'gn', epochs: 1 })).toBe(await hashes({}));
    expect(await hashes({ seed: 1 })).not.toBe(await hashes({}));
    expect(await hashes({ batchSize: 8 })).not.toBe(await hashes({}));
  });

  test('sees another order in each epoch, and every image at most once in one', async () => {
    const { session, recorder } = bench({ loss: () => 1 });
    const orders: Uint32Array[] = [];
    const original = FakeEngine.prototype.setOrder;
    FakeEngine.prototype.setOrder = function (order, firstStep) {
      expect(firstStep).toBe(orders.length * 6);
      orders.push(order);
      original.call(this, order, firstStep);
    };
    try {
      await session.train({ experiment, reporter: recorder }, dataset);
    } finally {
      FakeEngine.prototype.setOrder = original;
    }
    expect(orders).toHaveLength(3);
    for (const order of orders) expect(new Set(order).size).toBe(96);
    expect(orders[0]).not.toEqual(orders[1]);
  });

  test('uses the first images only where limits say so', async () => {
    const { session, recorder, engines } = bench();
    await session.train(
      { experiment: { ...experiment, trainLimit: 50, validLimit: 7 }, reporter: recorder },
      dataset,
    );
    expect(recorder.plans[0]).toMatchObject({ trainCount: 50, validCount: 7, stepsPerEpoch: 3 });
    expect(engines[0]!.config.dataset.train.count).toBe(50);
    expect(engines[0]!.config.dataset.valid.labels).toHaveLength(7);
  });

  test('hands over the same images to runs that use the same part of a data set', async () => {
    const { session, engines } = bench();
    for (const trainLimit of [50, 50, 60, 0, 0]) {
      await session.train({ experiment: { ...experiment, trainLimit }, reporter: new Recorder() }, dataset);
    }
    const used = engines.map(({ config }) => config.dataset);
    expect(used[1]).toBe(used[0]);
    expect(used[2]).not.toBe(used[1]);
    expect(used[3]).toBe(dataset);
    expect(used[4]).toBe(dataset);
  });

  test('takes a limit above the number of images as all of them', async () => {
    const { session, recorder } = bench();
    await session.train({ experiment: { ...experiment, trainLimit: 5000 }, reporter: recorder }, dataset);
    expect(recorder.plans[0]!.trainCount).toBe(100);
  });
});

describe('pace', () => {
  test('keeps three calls in flight where steps are fast', async () => {
    const { session, recorder, engines } = bench({ stepMs: 1 });
    await session.train({ experiment, reporter: recorder }, dataset);
    expect(engines[0]!.maxPending).toBe(3);
  });

  test.each([
    [55, 2],
    [150, 1],
    [900, 1],
  ])('queues at most 120 ms ahead where a step takes %i ms', async (stepMs, expected) => {
    const { session, recorder, engines } = bench({ stepMs });
    await session.train({ experiment, reporter: recorder }, dataset);
    expect(engines[0]!.maxPending).toBe(expected);
  });

  test('reports at most ten times a second, without losing a step', async () => {
    const { session, recorder, clock } = bench({ stepMs: 5 });
    await session.train(
      { experiment: { ...experiment, batchSize: 1, epochs: 4 }, reporter: recorder },
      dataset,
    );
    expect(recorder.losses).toHaveLength(400);
    expect(clock.read()).toBe(2000);
    expect(recorder.chunks.length).toBeLessThanOrEqual(20 + 4 + 1);
  });

  test('reports every step at once where steps are slow', async () => {
    const { session, recorder } = bench({ stepMs: 300 });
    await session.train({ experiment: { ...experiment, epochs: 1 }, reporter: recorder }, dataset);
    expect(recorder.chunks).toHaveLength(6);
  });
});

describe('pause, resume and stop', () => {
  test('pauses between steps, excludes the pause from its times and goes on as if nothing had been', async () => {
    const started: Bench = bench({ stepMs: 10, beforeStep: (step) => step === 8 && started.session.pause() });
    const { session, recorder, clock } = started;
    const paused = new Promise<void>((resolve) => {
      recorder.onStatus = (status) => status === 'paused' && resolve();
    });
    const end = session.train({ experiment, reporter: recorder }, dataset);
    await paused;
    const before = recorder.losses.length;
    expect(before).toBeGreaterThan(8);
    expect(before).toBeLessThan(12);
    clock.advance(60_000);
    for (let i = 0; i < 100; i++) await Promise.resolve();
    expect(recorder.losses).toHaveLength(before);
    session.resume();
    expect(await end).toBe('finished');
    expect(recorder.log.filter((entry) => !entry.startsWith('v') && !entry.startsWith('e'))).toEqual([
      'preparing',
      'running',
      'paused',
      'running',
      'finished',
    ]);
    expect(recorder.losses).toEqual(await trainedLosses());
    expect(recorder.rows[1]!.milliseconds).toBe(60);
    expect(recorder.series('elapsedMs').at(-1)).toBe(180);
  });

  test('stops after the steps already issued and keeps them', async () => {
    const started: Bench = bench({ beforeStep: (step) => step === 8 && started.session.stop() });
    const { session, recorder, engines } = started;
    expect(await session.train({ experiment, reporter: recorder }, dataset)).toBe('stopped');
    expect(recorder.log.at(-1)).toBe('stopped');
    expect(recorder.rows).toHaveLength(1);
    expect(recorder.losses.length).toBeGreaterThan(8);
    expect(recorder.losses.length).toBe(engines[0]!.computedSteps);
    expect(recorder.losses.length).toBeLessThanOrEqual(8 + 1 + 3);
    expect(engines[0]!.isDisposed).toBe(true);
  });

  test.each([1, 4])('gives up the step that the stop comes in (%i steps a call)', async (stepsPerAdvance) => {
    const started: Bench = bench({
      stepsPerAdvance,
      canCancel: true,
      beforeStep: (step) => step === 8 && started.session.stop(),
    });
    const { session, recorder, engines } = started;
    const keeper = new MemoryKeeper();
    expect(await session.train({ experiment, reporter: recorder, keeper }, dataset)).toBe('stopped');
    expect(recorder.losses).toEqual((await trainedLosses()).slice(0, 8));
    expect(engines[0]!.computedSteps).toBe(8);
    const whole = { reporter: new Recorder(), keeper: new MemoryKeeper() };
    await bench().session.train({ experiment, ...whole, stopAfter: 8 }, dataset);
    const clock = { elapsedMs: 0, epochStartedMs: 0 };
    expect({ ...keeper.states.at(-1)!, ...clock }).toEqual({ ...whole.keeper.states.at(-1)!, ...clock });
  });

  test('pauses before the evaluation where the pause came during the last steps of an epoch', async () => {
    const started: Bench = bench({ beforeStep: (step) => step === 5 && started.session.pause() });
    const { session, recorder } = started;
    recorder.onStatus = (status) => status === 'paused' && session.resume();
    expect(await session.train({ experiment, reporter: recorder }, dataset)).toBe('finished');
    expect(recorder.log.slice(0, 5)).toEqual([
      'preparing',
      'running',
      'paused',
      'running',
      'validating 0/40',
    ]);
    expect(recorder.losses).toEqual(await trainedLosses());
  });

  test('stops out of a pause', async () => {
    const started: Bench = bench({ beforeStep: (step) => step === 3 && started.session.pause() });
    started.recorder.onStatus = (status) => status === 'paused' && started.session.stop();
    expect(await started.session.train({ experiment, reporter: started.recorder }, dataset)).toBe('stopped');
    expect(started.recorder.log).toEqual(['preparing', 'running', 'paused', 'stopped']);
  });

  test('stops while it prepares', async () => {
    const { session, recorder, engines } = bench();
    recorder.onStatus = (status) => status === 'preparing' && session.stop();
    expect(await session.train({ experiment, reporter: recorder }, dataset)).toBe('stopped');
    expect(recorder.log).toEqual(['preparing', 'stopped']);
    expect(engines[0]!.computedSteps).toBe(0);
    expect(engines[0]!.isDisposed).toBe(true);
  });

  test('aborts an evaluation, which then has no row', async () => {
    const started: Bench = bench({ duringEvaluation: () => started.session.stop() });
    const { session, recorder } = started;
    expect(await session.train({ experiment, reporter: recorder }, dataset)).toBe('stopped');
    expect(recorder.log).toEqual(['preparing', 'running', 'validating 0/40', 'stopped']);
    expect(recorder.losses).toHaveLength(6);
    expect(recorder.rows).toEqual([]);
  });

  test('refuses a second run while one is going', async () => {
    const { session, recorder } = bench();
    const first = session.train({ experiment, reporter: recorder }, dataset);
    await expect(session.train({ experiment, reporter: new Recorder() }, dataset)).rejects.toThrow(BusyError);
    const settings = { start: 1e-7, end: 10, steps: 100 };
    await expect(session.findLearningRate(experiment, settings, dataset, new Recorder())).rejects.toThrow(
      'Another run is going on',
    );
    expect(await first).toBe('finished');
    expect(await session.train({ experiment, reporter: new Recorder() }, dataset)).toBe('finished');
  });

  test('holds memory while a run is going and none between runs', async () => {
    const { session, recorder } = bench();
    let during = 0;
    recorder.onStatus = (status) => {
      if (status === 'running') during = session.memory().objects;
    };
    await session.train({ experiment, reporter: recorder }, dataset);
    expect(during).toBeGreaterThan(0);
    expect(session.memory()).toEqual({ gpuBytes: 0, objects: 0 });
  });
});

describe('divergence', () => {
  test.each([1, 4])(
    'ends exactly at the step whose loss is NaN (%i steps a call)',
    async (stepsPerAdvance) => {
      const { session, recorder } = bench({
        stepsPerAdvance,
        loss: (step, computed) => (step >= 8 ? Number.NaN : computed),
      });
      expect(await session.train({ experiment, reporter: recorder }, dataset)).toBe('diverged');
      expect(recorder.losses).toHaveLength(9);
      expect(recorder.losses[8]).toBeNaN();
      expect(recorder.divergences).toEqual([
        {
          step: 8,
          loss: Number.NaN,
          learningRate: oneCycleV1(8, 18, 0.5).learningRate,
          reason: 'not-finite',
        },
      ]);
      expect(recorder.log.slice(-2)).toEqual(['diverged at a step', 'diverged']);
      expect(recorder.rows).toHaveLength(1);
    },
  );

  test('ends a run whose loss explodes', async () => {
    const { session, recorder } = bench({
      loss: (step, computed) => (step < 9 ? computed : 3 * 10 ** (step - 8)),
    });
    expect(await session.train({ experiment, reporter: recorder }, dataset)).toBe('diverged');
    const [divergence] = recorder.divergences;
    expect(divergence).toMatchObject({ step: 10, loss: 300, reason: 'above-threshold' });
    expect(recorder.losses).toHaveLength(11);
  });

  test('ends a run whose gradient explodes', async () => {
    const { session, recorder } = bench({ gradientNorm: (step) => (step === 130 ? 1e4 : 1) });
    const long = { ...experiment, epochs: 30 };
    expect(await session.train({ experiment: long, reporter: recorder }, dataset)).toBe('diverged');
    expect(recorder.divergences).toMatchObject([{ step: 130, reason: 'gradient-exploded' }]);
  });

  test('lets a run go on whose gradient explodes where it is clipped', async () => {
    const { session, recorder } = bench({ gradientNorm: (step) => (step === 130 ? 1e4 : 1) });
    const long = { ...experiment, epochs: 30, gradientClip: 1 };
    expect(await session.train({ experiment: long, reporter: recorder }, dataset)).toBe('finished');
    expect(recorder.divergences).toEqual([]);
  });
});

describe('failures', () => {
  class DeviceLostError extends Error {
    override readonly name = 'DeviceLostError';
  }

  test('a lost device interrupts the run and records nothing after it', async () => {
    const { session, recorder, engines } = bench({
      beforeStep: (step) => {
        if (step === 8) throw new DeviceLostError('The GPU was lost (unknown): crash');
      },
    });
    expect(await session.train({ experiment, reporter: recorder }, dataset)).toBe('interrupted');
    expect(recorder.log.at(-1)).toBe('interrupted');
    expect(recorder.details.at(-1)).toBe('The GPU was lost (unknown): crash');
    expect(recorder.losses).toEqual((await trainedLosses()).slice(0, 8));
    expect(engines[0]!.isDisposed).toBe(true);
    expect(session.isBusy).toBe(false);
  });

  test('a device lost during an evaluation leaves no row', async () => {
    const { session, recorder } = bench({
      duringEvaluation: () => {
        throw new DeviceLostError('lost');
      },
    });
    expect(await session.train({ experiment, reporter: recorder }, dataset)).toBe('interrupted');
    expect(recorder.rows).toEqual([]);
    expect(recorder.losses).toHaveLength(6);
  });

  test('any other error fails the run with its reason', async () => {
    const { session, recorder } = bench({
      beforeStep: (step) => {
        if (step === 2) throw new Error('no such kernel');
      },
    });
    expect(await session.train({ experiment, reporter: recorder }, dataset)).toBe('failed');
    expect(recorder.details.at(-1)).toBe('no such kernel');
    expect(recorder.losses).toHaveLength(2);
  });

  test.each<[string, RunStatus, Error]>([
    ['does not fit', 'failed', Object.assign(new Error('No memory.'), { name: 'GpuError' })],
    ['does not compile', 'failed', new SyntaxError('No memory.')],
    ['loses its device', 'interrupted', new DeviceLostError('No memory.')],
  ])('an engine that %s ends the run as %s', async (_, status, error) => {
    const recorder = new Recorder();
    const session = new TrainingSession({
      clock: () => 0,
      startWeights: (_network, _norm, seed) => fakeStartWeights(seed),
      createEngine: () => Promise.reject(error),
    });
    expect(await session.train({ experiment, reporter: recorder }, dataset)).toBe(status);
    expect(recorder.log).toEqual(['preparing', status]);
    expect(recorder.details.at(-1)).toBe('No memory.');
    expect(session.isBusy).toBe(false);
  });

  test('a stop during the preparation ends the run at once, and the late engine is given back', async () => {
    const recorder = new Recorder();
    const late: { readonly engine: FakeEngine; readonly arrive: () => void }[] = [];
    const signals: (AbortSignal | undefined)[] = [];
    const session = new TrainingSession({
      clock: () => 0,
      startWeights: (_network, _norm, seed) => fakeStartWeights(seed),
      createEngine: (config, _onPreparing, signal) => {
        signals.push(signal);
        const engine = new FakeEngine(config);
        return new Promise((resolve) => late.push({ engine, arrive: () => resolve(engine) }));
      },
    });
    const ended = session.train({ experiment, reporter: recorder }, dataset);
    session.stop();
    expect(await ended).toBe('stopped');
    expect(recorder.log).toEqual(['preparing', 'stopped']);
    expect(session.isBusy).toBe(false);
    expect(signals[0]!.aborted).toBe(true);
    late[0]!.arrive();
    await vi.waitFor(() => expect(late[0]!.engine.isDisposed).toBe(true));

    const finder = new Recorder();
    const found = session.findLearningRate(experiment, { start: 1e-6, end: 1, steps: 20 }, dataset, finder);
    session.stop();
    expect(await found).toMatchObject({ reason: 'stopped', stoppedAt: 0 });
    expect(finder.log).toEqual(['preparing', 'stopped']);
  });

  test('a race goes on being prepared while one of its runs is not stopped', async () => {
    const { session, recorder } = bench();
    const other = new Recorder();
    const ended = session.race(
      [
        { experiment, reporter: recorder },
        { experiment: { ...experiment, ws: !experiment.ws }, reporter: other },
      ],
      dataset,
    );
    session.stop(0);
    expect(await ended).toEqual(['stopped', 'finished']);
  });

  test('an engine that answers other steps than it was asked for fails the run', async () => {
    const { session, recorder, engines } = bench();
    const end = session.train({ experiment, reporter: recorder }, dataset);
    await Promise.resolve();
    const engine = engines[0]!;
    const advance = engine.advance.bind(engine);
    engine.advance = async (count) => {
      const results = await advance(count);
      return { ...results, firstStep: results.firstStep + 1 };
    };
    expect(await end).toBe('failed');
    expect(recorder.details.at(-1)).toBe('The engine answered steps 1 to 1 when asked for 0 to 0.');
  });

  test.each([
    [{ batchSize: 512 }, 'Batch size 512 is larger than the 100 training images.'],
    [{ trainLimit: 8 }, 'Batch size 16 is larger than the 8 training images.'],
    [
      { batchSize: 64, epochs: 1 },
      'One-cycle needs at least 2 steps, and 100 training images in batches of 64 make 1',
    ],
  ] satisfies [Partial<Experiment>, string][])(
    'refuses %o before anything is reported',
    async (changes, sentence) => {
      const { session, recorder, engines } = bench();
      await expect(
        session.train({ experiment: { ...experiment, ...changes }, reporter: recorder }, dataset),
      ).rejects.toThrow(sentence);
      expect(recorder.log).toEqual([]);
      expect(engines).toEqual([]);
      expect(session.isBusy).toBe(false);
    },
  );

  test('refuses a data set without validation images', async () => {
    const { session, recorder } = bench();
    await expect(session.train({ experiment, reporter: recorder }, fakeDataset(100, 0))).rejects.toThrow(
      'no validation images',
    );
  });
});

describe('learning-rate finder', () => {
  const settings = { start: 1e-4, end: 10, steps: 20 };

  test('leaves the training after it bit for bit as it would have been', async () => {
    const { session, recorder } = bench();
    await session.findLearningRate(experiment, settings, dataset, new Recorder());
    await session.train({ experiment, reporter: recorder }, dataset);
    expect(recorder.losses).toEqual(await trainedLosses());
    expect(recorder.rows).toHaveLength(3);
  });

  test('starts from the weights and batches of training, and goes on through the epochs', async () => {
    const { session, recorder, engines } = bench();
    const result = await session.findLearningRate(experiment, settings, dataset, recorder);
    expect(result).toMatchObject({ reason: 'completed', stoppedAt: 19 });
    expect(recorder.losses).toHaveLength(20);
    expect(recorder.losses[0]).toBe((await trainedLosses())[0]);
    expect(recorder.log).toEqual(['preparing', 'running', 'finished']);
    expect(recorder.plans[0]).toMatchObject({ totalSteps: 20, stepsPerEpoch: 6 });
    recorder
      .series('learningRates')
      .forEach((rate, k) => expect(rate).toBe(Math.fround(1e-4 * 1e5 ** (k / 20))));
    expect(new Set(recorder.series('momenta'))).toEqual(new Set([Math.fround(0.9)]));
    expect(engines[0]!.isDisposed).toBe(true);
  });

  test('stops where the smoothed loss exceeds four times its best, with the points so far', async () => {
    const { session, recorder } = bench({ loss: (step) => (step < 10 ? 2 : 60), stepsPerAdvance: 3 });
    const result = await session.findLearningRate(experiment, settings, dataset, recorder);
    expect(result).toMatchObject({ reason: 'loss-exploded', stoppedAt: 10 });
    expect(recorder.losses).toHaveLength(11);
  });

  test('says that a loss was not finite', async () => {
    const { session, recorder } = bench({ loss: (step) => (step < 4 ? 2 : Number.POSITIVE_INFINITY) });
    const result = await session.findLearningRate(experiment, settings, dataset, recorder);
    expect(result).toMatchObject({ reason: 'not-finite', stoppedAt: 4 });
    expect(recorder.losses).toHaveLength(5);
  });

  test('keeps the curve of a finder that the user stops', async () => {
    const started: Bench = bench({ beforeStep: (step) => step === 8 && started.session.stop() });
    const { session, recorder } = started;
    const result = await session.findLearningRate(experiment, settings, dataset, recorder);
    expect(result.reason).toBe('stopped');
    expect(result.stoppedAt).toBe(recorder.losses.length - 1);
    expect(result.suggestions).toHaveLength(5);
    expect(recorder.log.at(-1)).toBe('stopped');
  });

  test('pauses and resumes', async () => {
    const started: Bench = bench({ beforeStep: (step) => step === 8 && started.session.pause() });
    const { session, recorder } = started;
    recorder.onStatus = (status) => status === 'paused' && session.resume();
    expect((await session.findLearningRate(experiment, settings, dataset, recorder)).reason).toBe(
      'completed',
    );
    expect(recorder.log).toEqual(['preparing', 'running', 'paused', 'running', 'finished']);
    expect(recorder.losses).toHaveLength(20);
  });

  test('reports a failed device and rejects', async () => {
    class GpuError extends Error {
      override readonly name = 'GpuError';
    }
    const { session, recorder } = bench({
      beforeStep: (step) => {
        if (step === 8) throw new GpuError('The GPU rejected a command.');
      },
    });
    await expect(session.findLearningRate(experiment, settings, dataset, recorder)).rejects.toThrow(GpuError);
    expect(recorder.log.at(-1)).toBe('interrupted');
    expect(recorder.losses).toHaveLength(8);
  });

  test('runs with a single step per epoch and without a one-cycle to fit', async () => {
    const { session, recorder } = bench();
    await session.findLearningRate({ ...experiment, batchSize: 64, epochs: 1 }, settings, dataset, recorder);
    expect(recorder.losses).toHaveLength(20);
  });
});
