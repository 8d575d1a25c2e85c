import type { Dataset } from '#domain/dataset.ts';
import type { Experiment } from '#domain/experiment.ts';
import type { FinderResult, FinderSettings, Preparation, RunStatus } from '#domain/run.ts';
import type { EngineConfig, EngineMemory, TrainingEngine } from '#engine/engine.ts';
import { finderRun } from './finderRun.ts';
import { prepareRun } from './plan.ts';
import type { PreparedRun, StartWeightsSource } from './plan.ts';
import type { RunReporter } from './reporter.ts';
import { RunControl } from './runControl.ts';
import type { Clock } from './stopwatch.ts';
import { trainingRun } from './trainingRun.ts';
import type { RunParts } from './trainingRun.ts';

/**
 * Builds an engine; the session owns it and disposes it at the end of the run.
 * @param onPreparing is told how far measurements and compilation are, where there are any.
 */
export type EngineFactory = (
  config: EngineConfig,
  onPreparing?: (preparation: Preparation) => void,
) => Promise<TrainingEngine>;

export interface SessionParts {
  readonly createEngine: EngineFactory;
  readonly startWeights: StartWeightsSource;
  readonly clock: Clock;
}

/** A run was asked for while another one is going. */
export class BusyError extends Error {
  override readonly name = 'BusyError';
  constructor() {
    super('Another run is going on; wait for its end or stop it first.');
  }
}

/** No engine could be built for a run; the message is the cause's own. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

// Errors of the device go by name: their classes live with the GPU, which training does not know.

function isDeviceLost(error: unknown): boolean {
  return error instanceof Error && error.name === 'DeviceLostError';
}

/** Whether the device failed under a run: no later result of that device can be trusted. */
function isDeviceFailure(error: unknown): boolean {
  return isDeviceLost(error) || (error instanceof Error && error.name === 'GpuError');
}

/**
 * Runs training and learning-rate finders, one at a time, each on an engine of its own. Knows nothing of
 * messages, of the DOM or of timers: engines, clock and reporters come from outside.
 */
export class TrainingSession {
  readonly #parts: SessionParts;
  #control: RunControl | undefined;
  #engine: TrainingEngine | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  get isBusy(): boolean {
    return this.#control !== undefined;
  }

  /**
   * Trains as the experiment says. An engine that fails ends the run as 'interrupted' (the device failed) or
   * 'failed' (anything else), with the reason as the status's detail.
   *
   * @returns how the run ended, as reported last.
   * @throws {BusyError | SetupError} by rejection, before anything is reported.
   */
  async train(experiment: Experiment, dataset: Dataset, reporter: RunReporter): Promise<RunStatus> {
    return this.#exclusive(async (control) => {
      const prepared = prepareRun(experiment, dataset, this.#parts.startWeights);
      try {
        const status = await this.#withEngine(prepared, reporter, control, trainingRun);
        reporter.status(status);
        return status;
      } catch (error) {
        return reportFailure(error, reporter);
      }
    });
  }

  /**
   * Runs a learning-rate finder for the experiment.
   * @throws {BusyError | SetupError} by rejection, before anything is reported; what the engine rejects with,
   * after it was reported.
   */
  async findLearningRate(
    experiment: Experiment,
    settings: FinderSettings,
    dataset: Dataset,
    reporter: RunReporter,
  ): Promise<FinderResult> {
    return this.#exclusive(async (control) => {
      const prepared = prepareRun(experiment, dataset, this.#parts.startWeights, settings.steps);
      try {
        const result = await this.#withEngine(prepared, reporter, control, (parts) =>
          finderRun(parts, settings),
        );
        reporter.status(result.reason === 'stopped' ? 'stopped' : 'finished');
        return result;
      } catch (error) {
        reportFailure(error, reporter);
        throw error;
      }
    });
  }

  /** Pauses the run between two steps; steps already issued are still recorded. */
  pause(): void {
    this.#control?.pause();
  }

  resume(): void {
    this.#control?.resume();
  }

  /** Ends the run after the steps already issued (about 200 ms); an evaluation is aborted. */
  stop(): void {
    this.#control?.stop();
  }

  /** What the engine of the current run holds; nothing between runs. */
  memory(): EngineMemory {
    return this.#engine?.memory() ?? { gpuBytes: 0, objects: 0 };
  }

  async #exclusive<Result>(run: (control: RunControl) => Promise<Result>): Promise<Result> {
    if (this.#control) throw new BusyError();
    const control = new RunControl();
    this.#control = control;
    try {
      return await run(control);
    } finally {
      this.#control = undefined;
    }
  }

  async #withEngine<Result>(
    prepared: PreparedRun,
    reporter: RunReporter,
    control: RunControl,
    run: (parts: RunParts) => Promise<Result>,
  ): Promise<Result> {
    const { createEngine, clock } = this.#parts;
    reporter.status('preparing');
    reporter.plan(prepared.plan);
    const engine = await createEngine(prepared.engineConfig, (preparation) =>
      reporter.preparing(preparation),
    ).catch((cause: unknown) => {
      // A network that does not fit the GPU is no fault of the device.
      throw isDeviceLost(cause) ? cause : new EngineError(cause);
    });
    this.#engine = engine;
    try {
      return await run({ engine, prepared, reporter, control, clock });
    } finally {
      this.#engine = undefined;
      engine.dispose();
    }
  }
}

function reportFailure(error: unknown, reporter: RunReporter): RunStatus {
  const status = isDeviceFailure(error) ? 'interrupted' : 'failed';
  reporter.status(status, error instanceof Error ? error.message : String(error));
  return status;
}
