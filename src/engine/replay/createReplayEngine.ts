import { inErrorScopes } from '#gpu/buffers.ts';
import type { GpuContext } from '#gpu/device.ts';
import { pipelineCache } from '#gpu/pipelines.ts';
import { record } from '#gpu/replay.ts';
import type { EngineConfig } from '../engine.ts';
import { BufferPool } from './bufferPool.ts';
import { acquireDataset } from './datasetBuffers.ts';
import { buildEvaluation, prepareEvaluation, type EvaluationPlan } from './evaluationRecording.ts';
import { LayerRecorder } from './layerRecorder.ts';
import { ReplayEngine } from './replayEngine.ts';
import { buildStep, type StepOptions } from './trainingStep.ts';

export interface ReplayOptions extends StepOptions {
  readonly onCompile?: (done: number, total: number) => void;
  /** Fills scratch memory with NaN first, so that a value read before it is written shows; for tests. */
  readonly poison?: boolean;
  /** Cuts steps that take long into short submissions, so that the page can draw between them. */
  readonly isGentle?: boolean;
  /** Ends the preparation at its next pause, by its reason. */
  readonly signal?: AbortSignal;
}

/**
 * The engine that NormLab trains with: the whole step recorded once as a list of dispatches over our own
 * WGSL kernels and replayed from prepared bind groups, one command buffer for one or several steps,
 * nothing read back but a ring of losses. Learning rate, momentum, batch order and step number come from
 * buffers that the GPU indexes with its own step counter.
 *
 * @throws {GpuError} when the buffers do not fit, {ShaderError} when a kernel does not compile.
 */
export async function createReplayEngine(
  context: GpuContext,
  config: EngineConfig,
  options: ReplayOptions = {},
): Promise<ReplayEngine> {
  const { signal } = options;
  signal?.throwIfAborted();
  context.check();
  const dataset = await acquireDataset(context, config.dataset);
  const pool = new BufferPool(context, options.poison ?? false);
  let plan: EvaluationPlan | undefined;
  try {
    const step = await inErrorScopes(context, 'allocating the network', () =>
      buildStep(context, config, dataset, pool, options),
    );
    signal?.throwIfAborted();
    const { model, tunings } = step;
    const evaluation = {
      context,
      config,
      dataset,
      pool,
      model,
      tunings,
      cursor: pool.keep('evaluation cursor', 2),
    };
    // Before the first step: what the first evaluation could fail at must not show hours later.
    plan = await inErrorScopes(context, 'allocating the evaluation', () =>
      buildEvaluation(evaluation, 'valid'),
    );
    const measurements = step.layers?.splices.flatMap(({ dispatches }) => dispatches) ?? [];
    await pipelineCache(context).compile(
      [...step.dispatches, ...step.prepare, ...measurements, ...plan.dispatches].map(({ shader }) => shader),
      options.onCompile,
    );
    signal?.throwIfAborted();
    const valid = await inErrorScopes(context, 'preparing the evaluation', () =>
      prepareEvaluation(context, plan!),
    );
    const [recording, layerRecorder] = await inErrorScopes(context, 'preparing the training step', () => {
      const whole = record(context, pipelineCache(context), step.dispatches);
      return [whole, step.layers && new LayerRecorder(context, step.layers, step.dispatches, whole)] as const;
    });
    return new ReplayEngine({
      context,
      config,
      dataset,
      pool,
      step,
      recording,
      layerRecorder,
      evaluation: { ...evaluation, valid },
      beta2: options.beta2,
      isGentle: options.isGentle ?? false,
    });
  } catch (error) {
    plan?.staging.destroy();
    pool.dispose();
    dataset.release();
    throw error;
  }
}
