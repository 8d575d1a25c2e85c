import { createStorage, inErrorScopes } from '#gpu/buffers.ts';
import type { Dispatch } from '#gpu/command.ts';
import type { GpuContext } from '#gpu/device.ts';
import { filterGradient, filterGradientSplits, forward, inputGradient } from '#kernels/conv2d/kernel.ts';
import { filterSize, type ConvShape } from '#kernels/conv2d/shape.ts';
import type { ConvPass, TileVariant } from '#kernels/conv2d/variants.ts';
import { fastest } from './contest.ts';
import type { TiledLayer } from './tiles.ts';

/** A layer and the tiles that may compute it, the default first. */
export interface Contest extends Pick<TiledLayer, 'pass' | 'shape'> {
  readonly candidates: readonly TileVariant[];
}

/** Buffers large enough for every layer. */
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
    return inErrorScopes(context, 'measuring tiles', () => new TileBench(context, contests));
  }

  /** Name of the winner, as `fastest` finds it. */
  fastest({ pass, shape, candidates }: Contest, deadline: number): Promise<string | undefined> {
    const entrants = candidates.map((variant) => ({
      name: variant.name,
      dispatches: async () => this.#dispatches(pass, shape, variant),
    }));
    return fastest(this.#context, pass, entrants, deadline);
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

  dispose(): void {
    for (const buffer of [this.#x, this.#y, this.#filter, this.#partials]) buffer.destroy();
  }
}

function inputSize({ batch, inSize, inChannels }: ConvShape): number {
  return batch * inSize ** 2 * inChannels;
}

function outputSize({ batch, outSize, outChannels }: ConvShape): number {
  return batch * outSize ** 2 * outChannels;
}
