import type { StopRule } from '#domain/runOptions.ts';
import { describe, expect, test } from 'vitest';
import type { Experiment } from '#domain/experiment.ts';
import type { FakeEngineOptions } from '#testing/fakeEngine.ts';
import { bench, dataset, experiment, MemoryKeeper, Recorder } from '#testing/trainingBench.ts';
import type { Bench } from '#testing/trainingBench.ts';
import type { RunState } from './reporter.ts';
import type { StartPoint } from './startPoint.ts';

interface Kept {
  readonly recorder: Recorder;
  readonly keeper: MemoryKeeper;
  readonly status: string;
}

async function train(
  options: FakeEngineOptions & {
    readonly from?: StartPoint;
    readonly keeper?: MemoryKeeper;
    readonly stopRule?: StopRule;
  } = {},
  changes: Partial<Experiment> = {},
): Promise<Kept> {
  const { from, keeper = new MemoryKeeper(), stopRule, ...engine } = options;
  const { session, recorder } = bench(engine);
  const job = {
    experiment: { ...experiment, ...changes },
    reporter: recorder,
    keeper,
    from,
    ...(stopRule && { options: { stopRule } }),
  };
  return { recorder, keeper, status: await session.train(job, dataset) };
}

/** A run's state and what it had recorded by then. */
function resume({ recorder }: Kept, state: RunState, rows = recorder.rows): StartPoint {
  return {
    kind: 'resume',
    state,
    losses: Float32Array.from(recorder.losses.slice(0, state.step)),
    nextEpoch: rows.filter(({ step }) => step <= state.step).length,
  };
}

describe('states are kept', () => {
  test('at the end', async () => {
    expect((await train()).keeper.steps).toEqual([18]);
  });

  test('ever further apart in compute time, at ends of epochs too, and never two at a time', async () => {
    const { keeper } = await train({ stepMs: 1000 }, { batchSize: 1, epochs: 1 });
    // At 2, 4, 8, 16 and 32 steps of a second, then every 30; a chunk may be late by what is in flight.
    const gaps = keeper.steps.map((step, i) => step - (keeper.steps[i - 1] ?? 0));
    expect(keeper.steps.at(-1)).toBe(100);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(32);
    expect(keeper.steps.length).toBeGreaterThan(5);
    expect(keeper.steps.length).toBeLessThan(10);
    expect((await train({ stepMs: 10_000 })).keeper.steps).toContain(12);
    expect(keeper.most).toBe(1);
  });

  test('with the clock that the run had at that step', async () => {
    const { keeper, recorder } = await train({ stepMs: 1000, evaluationMs: 500 });
    for (const { step, elapsedMs, epochStartedMs } of keeper.states) {
      const epochs = recorder.rows.filter((row) => row.step <= step && row.step < 18).length;
      expect(elapsedMs).toBe(1000 * step + 500 * recorder.rows.filter((row) => row.step <= step).length);
      expect(epochStartedMs).toBeGreaterThanOrEqual(6500 * epochs);
    }
  });

  test('while one is written slowly, the next waits and training goes on', async () => {
    const keeper = new MemoryKeeper();
    let write: () => void = () => undefined;
    keeper.duration = () => new Promise((resolve) => (write = resolve));
    const started: Bench = bench({ stepMs: 5000 });
    started.recorder.onStatus = (status) => status === 'finished' && write();
    const end = started.session.train({ experiment, reporter: started.recorder, keeper }, dataset);
    for (let i = 0; i < 20_000 && started.recorder.log.at(-1) !== 'finished'; i++) await Promise.resolve();
    expect(started.recorder.losses).toHaveLength(18);
    keeper.duration = () => Promise.resolve();
    write();
    expect(await end).toBe('finished');
    expect(keeper.most).toBe(1);
    expect(keeper.steps.at(-1)).toBe(18);
    expect(keeper.steps).toHaveLength(2);
  });

  test('on a pause, at a stop and when asked for', async () => {
    for (const ask of ['pause', 'stop', 'saveState'] as const) {
      const keeper = new MemoryKeeper();
      const started: Bench = bench({ beforeStep: (step) => step === 8 && started.session[ask]() });
      started.recorder.onStatus = (status) => status === 'paused' && started.session.resume();
      await started.session.train({ experiment, reporter: started.recorder, keeper }, dataset);
      expect(keeper.steps[0]).toBeGreaterThan(8);
      expect(keeper.steps[0]).toBeLessThan(13);
      expect(keeper.steps).toHaveLength(ask === 'stop' ? 1 : 2);
    }
  });

  test.each([1, 4])('never one that has diverged (%i steps a call)', async (stepsPerAdvance) => {
    for (let at = 1; at < 18; at++) {
      const { keeper, status } = await train({
        stepsPerAdvance,
        stepMs: 20_000,
        loss: (step, computed) => (step >= at ? Number.NaN : computed),
      });
      expect(status).toBe('diverged');
      expect(keeper.steps.every((step) => step < at)).toBe(true);
    }
  });

  test('with what was measured of the layers, told before the end', async () => {
    const layers = {
      steps: [0, 5],
      layers: ['conv1'],
      gradientNorm: new Float32Array(2),
      relativeUpdate: new Float32Array(2),
      largestActivation: new Float32Array(2),
      smallestDeviation: new Float32Array(2),
    };
    const { recorder } = await train({ layers, loss: (step) => (step < 8 ? 1 : Number.NaN) });
    expect(recorder.log.slice(-3)).toEqual(['diverged at a step', 'layers at 0, 5', 'diverged']);
  });
});

describe('a run that goes on', () => {
  test.each([1, 4])(
    'is the run that it would have been, from any state (%i steps a call)',
    async (stepsPerAdvance) => {
      const whole = await train({ stepsPerAdvance, stepMs: 3000, evaluationMs: 100 });
      expect(whole.keeper.states.length).toBeGreaterThan(2);
      for (const state of whole.keeper.states) {
        const rest = await train({
          stepsPerAdvance,
          stepMs: 3000,
          evaluationMs: 100,
          from: resume(whole, state),
        });
        expect(rest.status).toBe('finished');
        expect(rest.recorder.losses).toEqual(whole.recorder.losses.slice(state.step));
        for (const name of ['smoothed', 'learningRates', 'momenta', 'elapsedMs'] as const) {
          expect(rest.recorder.series(name)).toEqual(whole.recorder.series(name).slice(state.step));
        }
        expect(rest.recorder.rows).toEqual(whole.recorder.rows.slice(3 - rest.recorder.rows.length));
        expect(rest.recorder.firstStep ?? 18).toBe(state.step);
        if (state.step < 18) expect(rest.keeper.states.at(-1)).toEqual(whole.keeper.states.at(-1));
      }
    },
  );

  test('evaluates first where the epoch of its state was not evaluated any more', async () => {
    const whole = await train({ stepMs: 20_000, stepsPerAdvance: 6 });
    const state = whole.keeper.states[0]!;
    expect(state.step).toBe(12);
    const rows = whole.recorder.rows.filter(({ step }) => step < state.step);
    const rest = await train({ stepMs: 20_000, from: resume(whole, state, rows) });
    expect(rest.recorder.log.slice(0, 4)).toEqual([
      'preparing',
      'running',
      'validating 0/40',
      'validating 40/40',
    ]);
    expect(rest.recorder.rows[0]!.validLoss).toBe(whole.recorder.rows[rows.length]!.validLoss);
  });

  test('remembers the best loss: it diverges where it would have', async () => {
    const loss = (step: number): number => (step < 9 ? 0.01 : 5);
    const whole = await train({ loss, stepMs: 1000 });
    expect(whole.status).toBe('diverged');
    const state = whole.keeper.states.findLast(({ step }) => step > 4)!;
    const rest = await train({ loss, stepMs: 1000, from: resume(whole, state) });
    expect(rest.recorder.divergences).toEqual(whole.recorder.divergences);
  });

  test('remembers its gradients: it diverges where it would have', async () => {
    const gradientNorm = (step: number): number =>
      step % 5 > 0 ? Number.NaN : step < 150 ? 1 + (step % 7) : step === 150 ? 350 : step === 180 ? 450 : 1;
    const options = { gradientNorm, stepMs: 1000 };
    const changes = { batchSize: 1, epochs: 2 };
    const whole = await train(options, changes);
    expect(whole.recorder.divergences).toMatchObject([{ step: 180, reason: 'gradient-exploded' }]);
    expect(whole.keeper.states.filter(({ step }) => step < 100 || step > 150).length).toBeGreaterThan(3);
    for (const state of whole.keeper.states) {
      const rest = await train({ ...options, from: resume(whole, state) }, changes);
      expect(rest.recorder.divergences).toEqual(whole.recorder.divergences);
    }
  });

  test('from a state of before it is not measured against gradients that it never saw', async () => {
    const gradientNorm = (step: number): number => (step < 100 ? 1 : step === 180 ? 0.5 : 1e-4);
    const options = { gradientNorm, stepMs: 1000 };
    const changes = { batchSize: 1, epochs: 2 };
    const whole = await train(options, changes);
    const { gradients, ...state } = whole.keeper.states.findLast(({ step }) => step < 150)!;
    expect(gradients?.first).toBe(1);
    const rest = await train({ ...options, from: resume(whole, state) }, changes);
    expect(rest.recorder.log.at(-1)).toBe('finished');
    expect(rest.keeper.states.at(-1)!.gradients).toBeUndefined();
  });

  test('is refused with a state of another network or beyond its end', async () => {
    const { keeper } = await train();
    const state = keeper.states[0]!;
    const { session, recorder } = bench();
    const go = (from: StartPoint, changes: Partial<Experiment> = {}): Promise<unknown> =>
      session.train({ experiment: { ...experiment, ...changes }, reporter: recorder, from }, dataset);
    const other = { ...state, parameters: new Map([['weight', new Float32Array(3)]]) };
    await expect(
      go({ kind: 'resume', state: other, losses: new Float32Array(18), nextEpoch: 0 }),
    ).rejects.toThrow('another network: weight has 3 values in place of 40');
    await expect(go({ kind: 'fork', state, optimizer: 'adamw' })).rejects.toThrow(
      'has done 18 steps, and these settings make a run of 18',
    );
    expect(recorder.log).toEqual([]);
  });
});

describe('a fork', () => {
  test('goes on without a rule that has ended the run before it', async () => {
    const stopRule = { kind: 'images', value: 6 * experiment.batchSize } as const;
    const parent = await train({ stepMs: 1000, stopRule });
    expect(parent.status).toBe('stopped');
    const state = parent.keeper.states.at(-1)!;
    expect(state.step).toBe(6);
    const from = { kind: 'fork', state, optimizer: experiment.optimizer } as const;
    const beyond = await train({ stepMs: 1000, from, stopRule });
    expect(beyond.status).toBe('finished');
    expect(beyond.recorder.losses).toHaveLength(12);
    // One that lies ahead of it holds.
    const ahead = { kind: 'images', value: 8 * experiment.batchSize } as const;
    expect((await train({ stepMs: 1000, from, stopRule: ahead })).recorder.losses).toHaveLength(2);
  });

  const broken = {
    stepMs: 1000,
    loss: (step: number, computed: number) => (step < 15 ? computed : Number.NaN),
  };

  test('takes over weights and moments, and its own steps and schedule begin there', async () => {
    const parent = await train(broken);
    const state = parent.keeper.states.at(-1)!;
    const fork = await train(
      { stepMs: 1000, from: { kind: 'fork', state, optimizer: experiment.optimizer } },
      { maxLearningRate: 0.05 },
    );
    expect(fork.status).toBe('finished');
    expect(fork.recorder.firstStep).toBe(state.step);
    expect(fork.recorder.losses).toHaveLength(18 - state.step);
    expect(fork.recorder.losses[0]).toBe(parent.recorder.losses[state.step]);
    // Kept at once, since the parent's state may be gone when the fork has to be resumed.
    expect(fork.keeper.states[0]).toMatchObject({ step: state.step, elapsedMs: 0, moments: state.moments });
  });

  test('measures its gradients by those of its own and of the first steps before', async () => {
    const changes = { batchSize: 1, epochs: 2 };
    const parent = await train({ gradientNorm: () => 3, stepMs: 1000 }, changes);
    const state = parent.keeper.states.findLast(({ step }) => step < 100)!;
    const from = { kind: 'fork', state, optimizer: experiment.optimizer } as const;
    const at = (norm: number) => (step: number) => (step === state.step + 60 ? norm : 0.001);
    const calm = await train({ gradientNorm: at(299), from, stepMs: 1000 }, changes);
    expect(calm.status).toBe('finished');
    const broken = await train({ gradientNorm: at(301), from, stepMs: 1000 }, changes);
    expect(broken.recorder.divergences).toMatchObject([
      { step: state.step + 60, reason: 'gradient-exploded' },
    ]);
    expect(broken.keeper.states[0]!.gradients).toEqual({ first: 3, last: [] });
  });

  test('with another optimizer begins with moments of zero', async () => {
    const state = (await train(broken)).keeper.states.at(-1)!;
    const { keeper } = await train({ from: { kind: 'fork', state, optimizer: 'sgd' } });
    expect(new Set(keeper.states[0]!.moments[0]!.get('weight'))).toEqual(new Set([0]));
    expect(keeper.states[0]!.parameters).toEqual(state.parameters);
  });

  test('starts afresh what the parent does not have', async () => {
    const state = (await train(broken)).keeper.states.at(-1)!;
    const { keeper } = await train({
      from: { kind: 'fork', state: { ...state, buffers: new Map() }, optimizer: experiment.optimizer },
    });
    expect(keeper.states[0]!.buffers).toEqual(new Map([['mean', Float32Array.of(0)]]));
  });
});
