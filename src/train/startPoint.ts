import type { OptimizerName } from '#domain/experiment.ts';
import type { EngineState, NamedTensors, TrainingEngine } from '#engine/engine.ts';
import { SetupError } from './plan.ts';
import type { PreparedRun } from './plan.ts';
import type { RunState } from './reporter.ts';

/** Where a run begins that does not begin with its initial weights. */
export type StartPoint =
  | {
      /** The same run goes on, bit for bit where the device is the same. */
      readonly kind: 'resume';
      readonly state: RunState;
      /** Raw losses that the run has recorded, up to the state's step. */
      readonly losses: Float32Array;
      /** First epoch that has no row yet. */
      readonly nextEpoch: number;
      /** Lowest validation loss before: of epochs, and of probes inside them. */
      readonly validLoss?: number;
    }
  | {
      /** A new run with other settings takes over the state of another one; its own steps begin there. */
      readonly kind: 'fork';
      readonly state: EngineState & Pick<RunState, 'gradients'>;
      /** That the state's moments belong to. */
      readonly optimizer: OptimizerName;
    };

/** @throws {SetupError} when the state is of no use to this run. */
export function checkStart({ plan, weights }: PreparedRun, from: StartPoint): void {
  const { step, parameters } = from.state;
  const room = plan.totalSteps - (from.kind === 'fork' ? 1 : 0);
  if (step > room) {
    throw new SetupError(
      `The state to continue has done ${step} steps, and these settings make a run of ${plan.totalSteps}.`,
    );
  }
  for (const [name, values] of weights) {
    const kept = parameters.get(name);
    if (kept ? kept.length !== values.length : from.kind === 'resume') {
      throw new SetupError(
        `The state to continue has another network: ${name} has ${kept?.length ?? 0} values in place of ` +
          `${values.length}. Width, padding of the stem and the number of classes must stay.`,
      );
    }
  }
}

/**
 * Brings a fresh engine to where its run begins.
 *
 * A fork takes over every parameter and running statistic that its own network has too; what another
 * normalization brings along starts fresh. Moments are taken over where the optimizer is the same; with another
 * one they start at zero, while its step count goes on, so that the schedule does.
 *
 * @returns the state that a fork begins with.
 */
export async function prepareEngine(
  engine: TrainingEngine,
  prepared: PreparedRun,
  from: StartPoint | undefined,
): Promise<EngineState | undefined> {
  if (from?.kind === 'resume') {
    await engine.restore(from.state);
    return undefined;
  }
  await engine.initialize(prepared.weights);
  if (!from) return undefined;
  const state = forkState(await engine.snapshot(), from.state, {
    withMoments: from.optimizer === prepared.plan.experiment.optimizer,
  });
  await engine.restore(state);
  return state;
}

function forkState(fresh: EngineState, taken: EngineState, options: { withMoments: boolean }): EngineState {
  const merge = (own: NamedTensors, other: NamedTensors | undefined): NamedTensors =>
    new Map(Array.from(own, ([name, values]) => [name, other?.get(name) ?? values]));
  return {
    step: taken.step,
    parameters: merge(fresh.parameters, taken.parameters),
    buffers: merge(fresh.buffers, taken.buffers),
    moments: fresh.moments.map((moment, i) =>
      options.withMoments ? merge(moment, taken.moments[i]) : moment,
    ),
  };
}
