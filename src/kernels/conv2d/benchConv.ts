import type { Dispatch } from '#gpu/command.ts';
import { filterGradient, filterGradientSplits, forward, inputGradient } from './kernel.ts';
import { filterSize, multiplyAdds, type ConvShape } from './shape.ts';
import type { ConvPass, TileVariant } from './variants.ts';

/** What the benchmark needs of a GPU. Buffers belong to the caller, who frees them after `benchConv`. */
export interface BenchGpu {
  /** A storage buffer of `count` finite f32 values, none of them subnormal. */
  buffer(count: number): GPUBuffer;
  /** Milliseconds that `dispatches` take once they are compiled: the median of several runs. */
  time(dispatches: readonly Dispatch[]): Promise<number>;
}

export interface ConvRow {
  readonly pass: ConvPass;
  readonly shape: ConvShape;
  readonly variant: string;
  readonly milliseconds: number;
  /** Two operations per multiply-add that the shape needs, whatever the variant wastes. */
  readonly gigaflops: number;
}

/** Times every variant that `variants` names for every pass of every shape. */
export async function benchConv(
  gpu: BenchGpu,
  shapes: readonly ConvShape[],
  variants: (pass: ConvPass, shape: ConvShape) => readonly TileVariant[],
): Promise<ConvRow[]> {
  const rows: ConvRow[] = [];
  for (const { pass, shape, variant, dispatches } of benchCases(gpu, shapes, variants)) {
    const milliseconds = await gpu.time(dispatches);
    const gigaflops = (2 * multiplyAdds(shape)) / milliseconds / 1e6;
    rows.push({ pass, shape, variant: variant.name, milliseconds, gigaflops });
  }
  return rows;
}

/** The dispatches that `benchConv` times. */
export function* benchCases(
  gpu: Pick<BenchGpu, 'buffer'>,
  shapes: readonly ConvShape[],
  variants: (pass: ConvPass, shape: ConvShape) => readonly TileVariant[],
): Generator<{ pass: ConvPass; shape: ConvShape; variant: TileVariant; dispatches: Dispatch[] }> {
  for (const shape of shapes) {
    const input = { buffer: gpu.buffer(shape.batch * shape.inSize ** 2 * shape.inChannels) };
    const output = { buffer: gpu.buffer(shape.batch * shape.outSize ** 2 * shape.outChannels) };
    const filter = { buffer: gpu.buffer(filterSize(shape)) };
    for (const variant of variants('forward', shape)) {
      const dispatches = forward(shape, { input, filter, output }, variant);
      yield { pass: 'forward', shape, variant, dispatches };
    }
    for (const variant of variants('inputGradient', shape)) {
      const buffers = { outputGradient: output, filter, inputGradient: input };
      const dispatches = inputGradient(shape, buffers, { accumulate: false }, variant);
      yield { pass: 'inputGradient', shape, variant, dispatches };
    }
    for (const variant of variants('filterGradient', shape)) {
      const partials = { buffer: gpu.buffer(filterGradientSplits(shape, variant) * filterSize(shape)) };
      const dispatches = filterGradient(shape, { input, outputGradient: output, partials }, variant);
      yield { pass: 'filterGradient', shape, variant, dispatches };
    }
  }
}
