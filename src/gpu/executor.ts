import { inErrorScopes } from './buffers.ts';
import type { Dispatch } from './command.ts';
import type { GpuContext } from './device.ts';
import type { PipelineCache } from './pipelines.ts';
import { record } from './replay.ts';

/**
 * Runs dispatches at once, each with fresh bind groups and a submit of its own: the eager path, slow and
 * obvious, that tests compare replay with.
 */
export class Executor {
  readonly #context: GpuContext;
  readonly #cache: PipelineCache;

  constructor(context: GpuContext, cache: PipelineCache) {
    this.#context = context;
    this.#cache = cache;
  }

  /**
   * Resolves when the commands were accepted; read a buffer to wait for their results.
   * @throws {ShaderError | GpuError}
   */
  async run(dispatches: readonly Dispatch[]): Promise<void> {
    const { device } = this.#context;
    await this.#cache.compile(dispatches.map(({ shader }) => shader));
    for (const dispatch of dispatches) {
      await inErrorScopes(this.#context, dispatch.shader.label, () => {
        const recording = record(this.#context, this.#cache, [dispatch]);
        const encoder = device.createCommandEncoder({ label: dispatch.shader.label });
        const pass = encoder.beginComputePass({ label: dispatch.shader.label });
        recording.encode(pass);
        pass.end();
        device.queue.submit([encoder.finish()]);
        recording.dispose();
      });
    }
  }
}
