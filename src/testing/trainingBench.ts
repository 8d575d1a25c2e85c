import type { Experiment } from '#domain/experiment.ts';
import type { LayerHistory } from '#domain/layerHistory.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import type {
  Divergence,
  EpochRow,
  Preparation,
  ProbeRow,
  RunPlan,
  RunStatus,
  StepChunk,
} from '#domain/run.ts';
import type { RunEnder } from '#domain/runOptions.ts';
import { FakeClock, fakeDataset, FakeEngine, FakeQueue, fakeStartWeights } from './fakeEngine.ts';
import type { FakeEngineOptions } from './fakeEngine.ts';
import type { LanePair, RunReporter, RunState, StateKeeper } from '#train/reporter.ts';
import { TrainingSession } from '#train/session.ts';

/** What tests of runs share: a small experiment, a reporter that remembers, a session on fake engines. */

export const dataset = fakeDataset(100, 40);
export const experiment: Experiment = {
  ...defaultExperiment(),
  batchSize: 16, // six steps an epoch; four images are dropped
  epochs: 3,
  maxLearningRate: 0.5,
};

/** Keeps everything that was reported, in order. */
export class Recorder implements RunReporter {
  readonly log: string[] = [];
  readonly chunks: StepChunk[] = [];
  readonly rows: EpochRow[] = [];
  readonly probes: ProbeRow[] = [];
  readonly divergences: Divergence[] = [];
  readonly pairs: LanePair[] = [];
  readonly details: (string | undefined)[] = [];
  readonly enders: (RunEnder | undefined)[] = [];
  plans: RunPlan[] = [];
  firstStep: number | undefined;
  onStatus: (status: RunStatus) => void = () => {};

  status(status: RunStatus, detail?: string, endedBy?: RunEnder): void {
    this.log.push(status);
    this.details.push(detail);
    this.enders.push(endedBy);
    this.onStatus(status);
  }
  plan(plan: RunPlan): void {
    this.plans.push(plan);
  }
  preparing({ stage, done, total }: Preparation): void {
    this.log.push(`${stage} ${done}/${total}`);
  }
  steps(chunk: StepChunk): void {
    this.firstStep ??= chunk.firstStep;
    if (chunk.firstStep !== this.firstStep + this.losses.length) {
      throw new Error(`a gap before step ${chunk.firstStep}`);
    }
    this.chunks.push(chunk);
  }
  validating(done: number, total: number): void {
    this.log.push(`validating ${done}/${total}`);
  }
  epoch(row: EpochRow): void {
    this.log.push(`epoch ${row.epoch}`);
    this.rows.push(row);
  }
  probe(row: ProbeRow): void {
    this.log.push(`probe at ${row.step}`);
    this.probes.push(row);
  }
  diverged(divergence: Divergence): void {
    this.log.push('diverged at a step');
    this.divergences.push(divergence);
  }
  layers(history: LayerHistory): void {
    this.log.push(`layers at ${history.steps.join(', ')}`);
  }
  paired(validation: LanePair): void {
    this.pairs.push(validation);
  }

  get losses(): number[] {
    return this.chunks.flatMap(({ losses }) => [...losses]);
  }
  series(name: 'smoothed' | 'learningRates' | 'momenta' | 'elapsedMs'): number[] {
    return this.chunks.flatMap((chunk) => [...chunk[name]]);
  }
}

export interface Bench {
  readonly session: TrainingSession;
  readonly engines: FakeEngine[];
  readonly clock: FakeClock;
  readonly recorder: Recorder;
}

/** @param options of every engine, or of the n-th one. */
export function bench(
  options: FakeEngineOptions | ((engine: number) => FakeEngineOptions) = {},
  preparations: readonly Preparation[] = [],
): Bench {
  const clock = new FakeClock();
  const queue = new FakeQueue();
  const engines: FakeEngine[] = [];
  const session = new TrainingSession({
    clock: clock.read,
    startWeights: (_network, _norm, seed) => fakeStartWeights(seed),
    createEngine: async (config, onPreparing) => {
      for (const preparation of preparations) onPreparing?.(preparation);
      const own = typeof options === 'function' ? options(engines.length) : options;
      const engine = new FakeEngine(config, { clock, queue, ...own });
      engines.push(engine);
      return engine;
    },
  });
  return { session, engines, clock, recorder: new Recorder() };
}

/** Keeps states in memory. */
export class MemoryKeeper implements StateKeeper {
  readonly states: RunState[] = [];
  /** Writes that are going on, and the most there were at once. */
  #writing = 0;
  most = 0;
  duration: () => Promise<void> = () => Promise.resolve();

  async keep(state: RunState): Promise<void> {
    this.#writing += 1;
    this.most = Math.max(this.most, this.#writing);
    await this.duration();
    this.states.push(state);
    this.#writing -= 1;
  }

  get steps(): number[] {
    return this.states.map(({ step }) => step);
  }
}
