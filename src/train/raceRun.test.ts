import { describe, expect, test } from 'vitest';
import type { Experiment } from '#domain/experiment.ts';
import type { RunStatus } from '#domain/run.ts';
import { bench, dataset, experiment, MemoryKeeper, Recorder } from '#testing/trainingBench.ts';
import type { Bench } from '#testing/trainingBench.ts';
import type { TrainingJob } from './session.ts';

/** One recorder for each run, and the race as it is asked for. */
function lanes(...changes: readonly Partial<Experiment>[]): { recorders: Recorder[]; jobs: TrainingJob[] } {
  const recorders = changes.map(() => new Recorder());
  const jobs = changes.map((change, i) => ({
    experiment: { ...experiment, ...change },
    reporter: recorders[i]!,
  }));
  return { recorders, jobs };
}

async function alone(change: Partial<Experiment> = {}): Promise<Recorder> {
  const { session, recorder } = bench();
  await session.train({ experiment: { ...experiment, ...change }, reporter: recorder }, dataset);
  return recorder;
}

test('equal runs have no difference at any step, and are the run that each would be alone', async () => {
  const { session } = bench();
  const { recorders, jobs } = lanes({}, {});
  expect(await session.race(jobs, dataset)).toEqual(['finished', 'finished']);
  const single = await alone();
  for (const { losses, rows } of recorders) {
    expect(losses).toEqual(single.losses);
    expect(rows.map(({ validLoss }) => validLoss)).toEqual(single.rows.map(({ validLoss }) => validLoss));
  }
  expect(recorders[0]!.pairs).toEqual([]);
  expect(recorders[1]!.pairs).toEqual(
    [0, 1, 2].map((epoch) => ({ epoch, baseline: 0, mean: 0, standardError: 0 })),
  );
});

test('different runs are compared image by image after each epoch', async () => {
  const { session } = bench();
  const { recorders, jobs } = lanes({}, { maxLearningRate: 0.1 });
  await session.race(jobs, dataset);
  const [first, second] = recorders;
  second!.pairs.forEach(({ epoch, mean, standardError }) => {
    const difference = second!.rows[epoch]!.validLoss - first!.rows[epoch]!.validLoss;
    expect(mean).toBeCloseTo(difference, 6);
    expect(Math.abs(mean)).toBeGreaterThan(1e-4);
    // Far below what unpaired errors would say.
    expect(standardError).toBeGreaterThan(0);
    expect(standardError).toBeLessThan(first!.rows[epoch]!.standardError!);
  });
});

test('takes the same steps in turn, however many each engine asks for', async () => {
  const steps: string[] = [];
  const { session, engines } = bench((engine) => ({
    stepsPerAdvance: engine === 0 ? 4 : 2,
    beforeStep: (step) => void steps.push(`${engine}:${step}`),
  }));
  await session.race(lanes({}, {}, {}).jobs, dataset);
  expect(steps.slice(0, 8)).toEqual(['0:0', '0:1', '1:0', '1:1', '2:0', '2:1', '0:2', '0:3']);
  expect(engines.map(({ computedSteps }) => computedSteps)).toEqual([18, 18, 18]);
});

test('each run has a clock of its own, without the steps, evaluations and pauses of the others', async () => {
  const started: Bench = bench((engine) => ({
    stepMs: engine === 0 ? 10 : 30,
    evaluationMs: engine === 0 ? 100 : 500,
    beforeStep: (step) => engine === 0 && step === 8 && started.session.pause(),
  }));
  const { recorders, jobs } = lanes({}, {});
  recorders[1]!.onStatus = (status) => {
    if (status !== 'paused') return;
    started.clock.advance(60_000);
    started.session.resume();
  };
  expect(await started.session.race(jobs, dataset)).toEqual(['finished', 'finished']);
  expect(recorders[0]!.rows.map(({ milliseconds }) => milliseconds)).toEqual([160, 160, 160]);
  expect(recorders[1]!.rows.map(({ milliseconds }) => milliseconds)).toEqual([680, 680, 680]);
  expect(recorders[0]!.series('elapsedMs').at(-1)).toBe(380);
  expect(recorders[0]!.log.filter((entry) => entry === 'paused')).toHaveLength(1);
});

describe('dropouts', () => {
  test('a run that diverges drops out, is freed at once, and the others go on', async () => {
    const started: Bench = bench((engine) => ({
      loss: (step, computed) => (engine === 0 && step >= 8 ? Number.NaN : computed),
    }));
    const { recorders, jobs } = lanes({}, {}, {});
    let isFreed = false;
    recorders[1]!.onStatus = (status) => {
      if (status === 'finished') isFreed = started.engines[0]!.isDisposed;
    };
    expect(await started.session.race(jobs, dataset)).toEqual(['diverged', 'finished', 'finished']);
    expect(isFreed).toBe(true);
    expect(recorders[0]!.losses).toHaveLength(9);
    expect(recorders[1]!.losses).toEqual((await alone()).losses);
    const pairs = recorders.map((one) => one.pairs.map(({ epoch, baseline }) => [epoch, baseline]));
    expect(pairs).toEqual([
      [],
      [[0, 0]],
      // Without the first run the others are compared with each other.
      [
        [0, 0],
        [0, 1],
        [1, 1],
        [2, 1],
      ],
    ]);
  });

  test('one run is stopped, and the others go on', async () => {
    const started: Bench = bench((engine) => ({
      beforeStep: (step) => engine === 2 && step === 8 && started.session.stop(1),
    }));
    const { recorders, jobs } = lanes({}, {}, {});
    expect(await started.session.race(jobs, dataset)).toEqual(['finished', 'stopped', 'finished']);
    expect(recorders[1]!.losses.length).toBeLessThan(13);
    expect(recorders[2]!.losses).toEqual((await alone()).losses);
    // With the first after every epoch, with the second once.
    expect(recorders[2]!.pairs.map(({ baseline }) => baseline)).toEqual([0, 1, 0, 0]);
  });

  test('one run is stopped out of a pause, and the pause goes on for the others', async () => {
    const started: Bench = bench((engine) => ({
      beforeStep: (step) => engine === 0 && step === 4 && started.session.pause(),
    }));
    const { recorders, jobs } = lanes({}, {});
    recorders[0]!.onStatus = (status) => status === 'paused' && started.session.stop(0);
    let endedFirst: RunStatus | undefined;
    const end = started.session.race(jobs, dataset).then((statuses) => {
      endedFirst = statuses[0];
      return statuses;
    });
    for (let i = 0; i < 2000; i++) await Promise.resolve();
    expect(recorders[0]!.log.at(-1)).toBe('stopped');
    expect([endedFirst, recorders[1]!.log.at(-1)]).toEqual([undefined, 'paused']);
    started.session.resume();
    expect(await end).toEqual(['stopped', 'finished']);
    expect(recorders[1]!.log.filter((entry) => entry === 'paused')).toHaveLength(1);
  });

  test('a failed device ends all that are still going', async () => {
    const { session, engines } = bench((engine) => ({
      beforeStep: (step) => {
        if (engine === 1 && step === 8) throw Object.assign(new Error('lost'), { name: 'DeviceLostError' });
      },
      loss: (step, computed) => (engine === 0 && step === 2 ? Number.NaN : computed),
    }));
    const { jobs } = lanes({}, {}, {});
    expect(await session.race(jobs, dataset)).toEqual(['diverged', 'interrupted', 'interrupted']);
    expect(engines.every(({ isDisposed }) => isDisposed)).toBe(true);
    expect(session.memory()).toEqual({ gpuBytes: 0, objects: 0 });
  });
});

test.each([
  [{ batchSize: 8 }, '“Batch size”: 16 and 8'],
  [{ epochs: 1 }, '3 and 1'],
  [{ seed: 1 }, '0 and 1'],
  [{ width: 8 }, '8'],
  [{ stemPadding: 0 }, '0'],
  [{ augmentation: 'none' }, 'none'],
  [{ trainLimit: 50 }, '0 and 50'],
  [{ validLimit: 5 }, '0 and 5'],
] satisfies [Partial<Experiment>, string][])('refuses runs that differ in %o', async (change, sentence) => {
  const { session, engines } = bench();
  const { recorders, jobs } = lanes(
    { augmentation: 'crop-flip', stemPadding: 1 },
    { augmentation: 'crop-flip', stemPadding: 1, ...change },
  );
  await expect(session.race(jobs, dataset)).rejects.toThrow(sentence);
  expect([recorders[0]!.log, engines]).toEqual([[], []]);
});

test('refuses a race of one', async () => {
  await expect(bench().session.race(lanes({}).jobs, dataset)).rejects.toThrow('2 to 6 runs, not 1');
});

test('a run that was stopped says so when its last state could not be read back', async () => {
  const started: Bench = bench({ beforeStep: (step) => step === 4 && started.session.stop() });
  const { recorders, jobs } = lanes({});
  recorders[0]!.onStatus = (status) => {
    if (status !== 'stopped') return;
    started.engines[0]!.snapshot = () => Promise.reject(new Error('The state is lost.'));
  };
  const keeper = new MemoryKeeper();
  expect(await started.session.train({ ...jobs[0]!, keeper }, dataset)).toBe('stopped');
  expect(recorders[0]!.log.at(-1)).toBe('stopped');
  expect(recorders[0]!.details.at(-1) ?? '').toContain('The state is lost.');
  expect(started.engines[0]!.isDisposed).toBe(true);
});

describe('states', () => {
  /** A race whose second engine is three times as slow, with a state of each run about every other second. */
  async function race(
    more: readonly Partial<TrainingJob>[] = [],
    act: (session: Bench['session'], engine: number, step: number) => void = () => undefined,
  ): Promise<{ recorders: Recorder[]; keepers: MemoryKeeper[]; statuses: readonly RunStatus[] }> {
    const started: Bench = bench((engine) => ({
      stepMs: engine === 0 ? 400 : 1200,
      beforeStep: (step) => act(started.session, engine, step),
    }));
    const { recorders, jobs } = lanes({}, { maxLearningRate: 0.1 });
    const keepers = jobs.map(() => new MemoryKeeper());
    const statuses = await started.session.race(
      jobs.map((job, i) => ({ ...job, keeper: keepers[i]!, ...more[i] })),
      dataset,
    );
    return { recorders, keepers, statuses };
  }

  const startOf = (recorder: Recorder, keeper: MemoryKeeper, step: number): Partial<TrainingJob> => ({
    from: {
      kind: 'resume',
      state: keeper.states.find((state) => state.step === step)!,
      losses: Float32Array.from(recorder.losses.slice(0, step)),
      nextEpoch: recorder.rows.filter((row) => row.step <= step).length,
    },
  });

  test('are kept of all runs after the same steps, and the race goes on from them as if nothing had been', async () => {
    const whole = await race();
    const [first, second] = whole.keepers;
    expect(first!.steps.length).toBeGreaterThan(2);
    expect(second!.steps).toEqual(first!.steps);
    for (const step of first!.steps.slice(0, -1)) {
      const rest = await race(whole.recorders.map((one, i) => startOf(one, whole.keepers[i]!, step)));
      for (const [i, { losses, rows, pairs }] of rest.recorders.entries()) {
        const before = whole.recorders[i]!;
        const epochs = before.rows.filter((row) => row.step <= step).length;
        expect(losses).toEqual(before.losses.slice(step));
        expect(rows.map(({ validLoss }) => validLoss)).toEqual(
          before.rows.slice(epochs).map(({ validLoss }) => validLoss),
        );
        expect(pairs).toEqual(before.pairs.slice(epochs));
      }
    }
  });

  test('one that was cut off between two evaluations evaluates both, and writes the missing row alone', async () => {
    const whole = await race();
    const begun = await race([{ stopAfter: 6 }, { stopAfter: 6 }]);
    begun.recorders[1]!.rows.pop(); // as if it had never been written
    const rest = await race(begun.recorders.map((one, i) => startOf(one, begun.keepers[i]!, 6)));
    expect(rest.recorders.map(({ rows }) => rows.map(({ epoch }) => epoch))).toEqual([
      [1, 2],
      [0, 1, 2],
    ]);
    expect(rest.recorders[1]!.pairs).toEqual(whole.recorders[1]!.pairs);
  });

  test('asked for of one run, are kept of all', async () => {
    const { keepers } = await race([], (session, engine, step) => {
      if (engine === 1 && step === 1) session.saveState(1);
    });
    expect(keepers[0]!.steps[0]).toBeLessThan(5);
    expect(keepers[1]!.steps).toEqual(keepers[0]!.steps);
  });

  test('of a pause are of the same step, whenever it is asked for', async () => {
    for (const asks of [0, 1]) {
      let isPaused = false;
      const { keepers, statuses } = await race([], (session, engine, step) => {
        if (engine === asks && step === 4 && !isPaused) {
          isPaused = true;
          session.pause();
          // When both have told of it, and written their states.
          setTimeout(() => session.resume());
        }
      });
      expect(statuses).toEqual(['finished', 'finished']);
      expect(keepers[1]!.steps).toEqual(keepers[0]!.steps);
    }
  });
});

test('keeps the states of every run', async () => {
  const { session } = bench();
  const keepers = [new MemoryKeeper(), new MemoryKeeper()];
  const { jobs } = lanes({}, {});
  await session.race(
    jobs.map((job, i) => ({ ...job, keeper: keepers[i]! })),
    dataset,
  );
  expect(keepers.map(({ steps }) => steps)).toEqual([[18], [18]]);
});
