import type { Dataset } from '#domain/dataset.ts';
import type { Experiment } from '#domain/experiment.ts';
import { areEqualRules } from '#domain/runOptions.ts';
import type { RunOptions } from '#domain/runOptions.ts';
import type { FinderResult, FinderSettings, Preparation, RunStatus } from '#domain/run.ts';
import type { EngineConfig, EngineMemory, TrainingEngine } from '#engine/engine.ts';
import { suggestLearningRates } from '#optim/lrFinder.ts';
import { BusyError, EngineError, failureOf, isDeviceLost } from './errors.ts';
import { finderRun } from './finderRun.ts';
import { Lane } from './lane.ts';
import { SetupError, checkRace, prepareRun } from './plan.ts';
import type { PreparedRun, StartWeightsSource } from './plan.ts';
import { raceRun } from './raceRun.ts';
import type { RunReporter, StateKeeper } from './reporter.ts';
import { PauseSwitch, RunControl } from './runControl.ts';
import { checkStart } from './startPoint.ts';
import type { StartPoint } from './startPoint.ts';
import type { Clock } from './stopwatch.ts';

/**
 * Builds an engine; the session owns it and disposes it at the end of the run.
 * @param onPreparing is told how far measurements and compilation are, where there are any.
 * @param signal tells that nobody waits for the engine any more: what is not yet begun may be left.
 */
export type EngineFactory = (
  config: EngineConfig,
  onPreparing?: (preparation: Preparation) => void,
  signal?: AbortSignal,
) => Promise<TrainingEngine>;

export interface SessionParts {
  readonly createEngine: EngineFactory;
  readonly startWeights: StartWeightsSource;
  readonly clock: Clock;
}

/** A training run as it is asked for. */
export interface TrainingJob {
  readonly experiment: Experiment;
  readonly reporter: RunReporter;
  /** Where its states are kept; absent: nowhere. */
  readonly keeper?: StateKeeper | undefined;
  /** Absent: the run begins with its initial weights. */
  readonly from?: StartPoint | undefined;
  /** Where its initial weights come from; absent: from the seed. */
  readonly startWeights?: StartWeightsSource | undefined;
  /** Stops the run when it has done so many steps; the runs of a race have none. */
  readonly stopAfter?: number | undefined;
  readonly options?: RunOptions | undefined;
}

/** What is going on: the controls of each run, in the order in which they were asked for. */
interface Going {
  readonly pauseSwitch: PauseSwitch;
  readonly controls: readonly RunControl[];
  readonly engines: Set<TrainingEngine>;
  /** Aborted when every run was stopped: whatever is still being prepared is for nobody. */
  readonly abandoned: AbortController;
}

/**
 * Runs training, races and learning-rate finders, one at a time, each run on an engine of its own. Knows
 * nothing of messages, of the DOM or of timers: engines, clock, reporters and keepers come from outside.
 */
export class TrainingSession {
  readonly #parts: SessionParts;
  #going: Going | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  get isBusy(): boolean {
    return this.#going !== undefined;
  }

  /**
   * Trains as the experiment says. An engine that fails ends the run as 'interrupted' (the device failed) or
   * 'failed' (anything else), with the reason as the status's detail.
   *
   * @returns how the run ended, as reported last, once its states are kept.
   * @throws {BusyError | SetupError} by rejection, before anything is reported.
   */
  async train(job: TrainingJob, dataset: Dataset): Promise<RunStatus> {
    const [status] = await this.#train([job], dataset);
    return status!;
  }

  /**
   * Trains two to six runs side by side: one step of each in turn on the same batches. A run that diverges or
   * is stopped drops out. An engine that fails ends all that are still going.
   *
   * @returns how each ended, in their order, once their states are kept.
   * @throws {BusyError | SetupError} by rejection, before anything is reported.
   */
  async race(jobs: readonly TrainingJob[], dataset: Dataset): Promise<readonly RunStatus[]> {
    checkRace(jobs.map(({ experiment }) => experiment));
    const [first] = jobs;
    if (!jobs.every(({ options }) => areEqualRules(options?.stopRule, first?.options?.stopRule))) {
      throw new SetupError('The runs of a race must share their stop rule.');
    }
    return this.#train(jobs, dataset);
  }

  /**
   * Runs a learning-rate finder for the experiment.
   * @param startWeights where its initial weights come from; absent: from the seed.
   * @throws {BusyError | SetupError} by rejection, before anything is reported; what the engine rejects with,
   * after it was reported.
   */
  async findLearningRate(
    experiment: Experiment,
    settings: FinderSettings,
    dataset: Dataset,
    reporter: RunReporter,
    startWeights = this.#parts.startWeights,
  ): Promise<FinderResult> {
    return this.#exclusive(1, async (going) => {
      const prepared = prepareRun(experiment, dataset, startWeights, settings.steps);
      const { pauseSwitch, controls } = going;
      reporter.status('preparing');
      reporter.plan(prepared.plan);
      try {
        const engine = await this.#createEngine(going, prepared, reporter);
        const { clock } = this.#parts;
        const control = controls[0]!;
        const result = await finderRun({ engine, prepared, reporter, control, pauseSwitch, clock }, settings);
        reporter.status(result.reason === 'stopped' ? 'stopped' : 'finished');
        return result;
      } catch (error) {
        if (error instanceof Abandoned) {
          reporter.status('stopped');
          const nothing = suggestLearningRates(new Float64Array(), [], settings.steps);
          return { stoppedAt: 0, reason: 'stopped', ...nothing };
        }
        const { status, detail } = failureOf(error);
        reporter.status(status, detail);
        throw error;
      }
    });
  }

  /** Pauses between two steps; steps already issued are still recorded. All runs of a race pause together. */
  pause(): void {
    this.#going?.pauseSwitch.pause();
  }

  resume(): void {
    this.#going?.pauseSwitch.resume();
  }

  /** Takes one step of each run during a pause; between two epochs, their validation before it. */
  step(): void {
    this.#going?.pauseSwitch.step();
  }

  /**
   * Ends a run after its last whole step, within about 200 ms; an evaluation is aborted, and so is the preparation
   * when no run is left that it is for.
   * @param index of the run in its race; absent: all.
   */
  stop(index?: number): void {
    for (const [i, control] of this.#going?.controls.entries() ?? []) {
      if (index === undefined || index === i) control.stop();
    }
    if (this.#going?.controls.every(({ isStopped }) => isStopped)) this.#going.abandoned.abort();
  }

  /** Asks a run to keep its state soon; nothing happens where none are kept. */
  saveState(index = 0): void {
    this.#going?.controls[index]?.saveState();
  }

  /** What the engines of the current runs hold; nothing between runs. */
  memory(): EngineMemory {
    const sum = { gpuBytes: 0, objects: 0 };
    for (const engine of this.#going?.engines ?? []) {
      const { gpuBytes, objects } = engine.memory();
      sum.gpuBytes += gpuBytes;
      sum.objects += objects;
    }
    return sum;
  }

  async #train(jobs: readonly TrainingJob[], dataset: Dataset): Promise<readonly RunStatus[]> {
    return this.#exclusive(jobs.length, async (going) => {
      const prepared = jobs.map(({ experiment, from, startWeights }) => {
        const one = prepareRun(experiment, dataset, startWeights ?? this.#parts.startWeights);
        if (from) checkStart(one, from);
        return one;
      });
      for (const [i, { reporter }] of jobs.entries()) {
        reporter.status('preparing');
        reporter.plan(prepared[i]!.plan);
      }
      const lanes: Lane[] = [];
      try {
        for (const [i, job] of jobs.entries()) {
          const engine = await this.#createEngine(going, prepared[i]!, job.reporter);
          const { reporter, keeper, from, stopAfter, options } = job;
          const { clock } = this.#parts;
          const control = going.controls[i]!;
          const release = (): void => {
            going.engines.delete(engine);
            engine.dispose();
          };
          lanes.push(
            new Lane({
              engine,
              prepared: prepared[i]!,
              reporter,
              control,
              keeper,
              from,
              stopAfter,
              options,
              clock,
              release,
            }),
          );
        }
        await raceRun(lanes, going.pauseSwitch, this.#parts.clock);
      } catch (error) {
        if (error instanceof Abandoned) {
          for (const { reporter } of jobs) reporter.status('stopped');
          return jobs.map(() => 'stopped');
        }
        const { status, detail } = failureOf(error);
        for (const [i, { reporter }] of jobs.entries()) {
          if (lanes[i]) lanes[i].fail(status, detail);
          else reporter.status(status, detail);
        }
        if (lanes.length < jobs.length) return jobs.map(() => status);
      } finally {
        await Promise.all(lanes.map((lane) => lane.settled()));
      }
      return lanes.map((lane) => lane.status!);
    });
  }

  async #exclusive<Result>(runs: number, run: (going: Going) => Promise<Result>): Promise<Result> {
    if (this.#going) throw new BusyError();
    const pauseSwitch = new PauseSwitch();
    const controls = Array.from({ length: runs }, () => new RunControl(pauseSwitch));
    const going: Going = { pauseSwitch, controls, engines: new Set(), abandoned: new AbortController() };
    this.#going = going;
    try {
      return await run(going);
    } finally {
      this.#going = undefined;
      for (const engine of going.engines) engine.dispose();
    }
  }

  async #createEngine(going: Going, prepared: PreparedRun, reporter: RunReporter): Promise<TrainingEngine> {
    const { signal } = going.abandoned;
    const created = this.#parts
      .createEngine(prepared.engineConfig, (preparation) => reporter.preparing(preparation), signal)
      .catch((cause: unknown) => {
        // A network that does not fit the GPU is no fault of the device.
        throw isDeviceLost(cause) ? cause : new EngineError(cause);
      });
    const engine = await untilAborted(created, signal);
    if (!engine) {
      // Compilers cannot be interrupted: what they were for goes when they are done.
      created.then(
        (late) => late.dispose(),
        () => undefined,
      );
      throw new Abandoned();
    }
    going.engines.add(engine);
    const { tilesHash } = engine;
    if (tilesHash !== undefined) reporter.plan({ ...prepared.plan, tilesHash });
    return engine;
  }
}

/** Every run was stopped before its engine was ready. */
class Abandoned extends Error {}

/** What the promise resolves to; undefined as soon as the signal is aborted. */
async function untilAborted<Value extends object>(
  promise: Promise<Value>,
  signal: AbortSignal,
): Promise<Value | undefined> {
  if (signal.aborted) return undefined;
  let leave!: () => void;
  const aborted = new Promise<undefined>((resolve) => {
    leave = () => resolve(undefined);
    signal.addEventListener('abort', leave, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
