import { createStorage, inErrorScopes } from '#gpu/buffers.ts';
import type { Dispatch } from '#gpu/command.ts';
import type { GpuContext } from '#gpu/device.ts';
import { GpuError, ShaderError } from '#gpu/errors.ts';
import { pipelineCache } from '#gpu/pipelines.ts';
import { record, type Recording } from '#gpu/replay.ts';
import { filterGradient, filterGradientSplits, forward, inputGradient } from '#kernels/conv2d/kernel.ts';
import { filterSize, type ConvShape } from '#kernels/conv2d/shape.ts';
import type { ConvPass, TileVariant } from '#kernels/conv2d/variants.ts';
import type { TiledLayer } from './tiles.ts';

/** A layer and the tiles that may compute it, the default first. */
export interface Contest extends Pick<TiledLayer, 'pass' | 'shape'> {
  readonly candidates: readonly TileVariant[];
}

/** A measurement lasts at least this long, so that the wait for the queue does not decide it. */
const SAMPLE_MS = 4;
const DOING = 'measuring tiles';

/** Buffers large enough for every layer, and a stopwatch. */
export class TileBench {
  readonly #context: GpuContext;
  readonly #x: GPUBuffer;
  readonly #y: GPUBuffer;
  readonly #filter: GPUBuffer;
  readonly #partials: GPUBuffer;

  private constructor(context: GpuContext, contests: readonly Contest[]) {
    this.#context = context;
    const largest = (label: string, size: (contest: Contest) => number): GPUBuffer =>
      createStorage(context, `tuning ${label}`, 4 * Math.max(...contests.map(size)));
    this.#x = largest('input', ({ shape }) => inputSize(shape));
    this.#y = largest('output', ({ shape }) => outputSize(shape));
    this.#filter = largest('filter', ({ shape }) => filterSize(shape));
    this.#partials = largest('partials', ({ pass, shape, candidates }) =>
      pass === 'filterGradient'
        ? Math.max(...candidates.map((variant) => filterGradientSplits(shape, variant))) * filterSize(shape)
        : 0,
    );
  }

  /** @throws {GpuError} when the buffers do not fit: those of the training step would not either. */
  static open(context: GpuContext, contests: readonly Contest[]): Promise<TileBench> {
    return inErrorScopes(context, DOING, () => new TileBench(context, contests));
  }

  /**
   * Name of the fastest candidate that could be timed before `deadline`, of `performance.now()`; undefined where none
   * was. One that is not made for so large a layer, does not compile or is rejected by the GPU takes no part.
   */
  async fastest({ pass, shape, candidates }: Contest, deadline: number): Promise<string | undefined> {
    let best: { readonly name: string | undefined; readonly ms: number } = { name: undefined, ms: Infinity };
    if (performance.now() >= deadline) return best.name;
    const entrants = candidates.flatMap((variant) => {
      try {
        const dispatches = this.#dispatches(pass, shape, variant);
        const shaders = dispatches.map(({ shader }) => shader);
        return { variant, dispatches, compiled: pipelineCache(this.#context).compile(shaders) };
      } catch (error) {
        leftOut(pass, variant, error);
        return [];
      }
    });
    // All at once, and none while another is timed.
    await Promise.allSettled(entrants.map(({ compiled }) => compiled));
    for (const { variant, dispatches, compiled } of entrants) {
      if (performance.now() >= deadline) break;
      try {
        await compiled;
        const ms = await this.#time(dispatches, best.ms);
        if (ms < best.ms) best = { name: variant.name, ms };
      } catch (error) {
        leftOut(pass, variant, error);
      }
    }
    return best.name;
  }

  #dispatches(pass: ConvPass, shape: ConvShape, variant: TileVariant): Dispatch[] {
    const x = { buffer: this.#x, size: inputSize(shape) * 4 };
    const y = { buffer: this.#y, size: outputSize(shape) * 4 };
    const filter = { buffer: this.#filter, size: filterSize(shape) * 4 };
    if (pass === 'forward') return forward(shape, { input: x, filter, output: y }, variant);
    if (pass === 'inputGradient') {
      return inputGradient(
        shape,
        { outputGradient: y, filter, inputGradient: x },
        { accumulate: false },
        variant,
      );
    }
    const partialsSize = filterGradientSplits(shape, variant) * filterSize(shape) * 4;
    const partials = { buffer: this.#partials, size: partialsSize };
    return filterGradient(shape, { input: x, outputGradient: y, partials }, variant);
  }

  /** Milliseconds of one run, or the first rough figure where that is far above `best` already. */
  async #time(dispatches: readonly Dispatch[], best: number): Promise<number> {
    const recording = await inErrorScopes(this.#context, DOING, () =>
      record(this.#context, pipelineCache(this.#context), dispatches),
    );
    try {
      await this.#run(recording, 1);
      const rough = await this.#run(recording, 1);
      if (rough > 2 * best + SAMPLE_MS) return rough;
      const repeats = Math.max(1, Math.min(64, Math.ceil(SAMPLE_MS / rough)));
      const samples = [];
      for (let i = 0; i < 2; i++) samples.push(await this.#run(recording, repeats));
      return Math.min(...samples) / repeats;
    } finally {
      recording.dispose();
    }
  }

  async #run(recording: Recording, repeats: number): Promise<number> {
    const { device } = this.#context;
    const started = performance.now();
    const accepted = inErrorScopes(this.#context, DOING, () => {
      const encoder = device.createCommandEncoder({ label: 'tuning' });
      const pass = encoder.beginComputePass({ label: 'tuning' });
      for (let i = 0; i < repeats; i++) recording.encode(pass);
      pass.end();
      device.queue.submit([encoder.finish()]);
    });
    // Awaited after the work; a rejection must not count as unhandled until then.
    accepted.catch(() => undefined);
    await device.queue.onSubmittedWorkDone();
    const milliseconds = performance.now() - started;
    await accepted;
    this.#context.check();
    return milliseconds;
  }

  dispose(): void {
    for (const buffer of [this.#x, this.#y, this.#filter, this.#partials]) buffer.destroy();
  }
}

/** @throws the error itself, where it is no fault of the variant. */
function leftOut(pass: ConvPass, variant: TileVariant, error: unknown): void {
  if (!(error instanceof RangeError || error instanceof ShaderError || error instanceof GpuError))
    throw error;
  console.warn(`The tile “${variant.name}” cannot be used here (${pass}):`, error);
}

function inputSize({ batch, inSize, inChannels }: ConvShape): number {
  return batch * inSize ** 2 * inChannels;
}

function outputSize({ batch, outSize, outChannels }: ConvShape): number {
  return batch * outSize ** 2 * outChannels;
}
