import type { BufferSlice, Dispatch } from '#gpu/command.ts';
import { filterGradientDispatches, splitCount } from './filter.ts';
import { gatherDispatches } from './gather.ts';
import type { ConvShape } from './shape.ts';
import { tilesDispatches, tileSplits } from './tiles.ts';
import type { TileVariant } from './variants.ts';

/**
 * The convolution of a batch.
 * `input` `[N, H, W, inC]`, `filter` `[kH, kW, inC, outC]`, `output` `[N, H', W', outC]`, all f32.
 * @param dispatches about so many that the pass is cut into, here and below (`dispatches.ts`): the bits are the same.
 */
export function forward(
  shape: ConvShape,
  { input, filter, output }: { input: BufferSlice; filter: BufferSlice; output: BufferSlice },
  variant: TileVariant,
  dispatches = 1,
): Dispatch[] {
  if (variant.kind === 'tiles') {
    const buffers = { a: input, b: filter, result: output };
    return tilesDispatches('forward', shape, buffers, false, variant, dispatches);
  }
  const buffers = { source: input, filter, result: output };
  return gatherDispatches({ shape, pass: 'forward', accumulate: false, ...buffers }, variant, dispatches);
}

/**
 * Gradient with respect to the input, written to `inputGradient` `[N, H, W, inC]` or, with `accumulate`,
 * added to what it holds. Without `accumulate` every element is written.
 */
export function inputGradient(
  shape: ConvShape,
  buffers: { outputGradient: BufferSlice; filter: BufferSlice; inputGradient: BufferSlice },
  { accumulate }: { accumulate: boolean },
  variant: TileVariant,
  dispatches = 1,
): Dispatch[] {
  const { outputGradient: source, filter, inputGradient: result } = buffers;
  if (variant.kind === 'tiles') {
    const tiled = { a: source, b: filter, result };
    return tilesDispatches('inputGradient', shape, tiled, accumulate, variant, dispatches);
  }
  const gather = { shape, pass: 'inputGradient', accumulate, source, filter, result } as const;
  return gatherDispatches(gather, variant, dispatches);
}

/**
 * Gradient with respect to the filter, as `filterGradientSplits(shape, variant)` partial sums:
 * `partials` `[splits, kH, kW, inC, outC]`. `filterGradients` of `weightStandardization/` adds them up.
 */
export function filterGradient(
  shape: ConvShape,
  buffers: { input: BufferSlice; outputGradient: BufferSlice; partials: BufferSlice },
  variant: TileVariant,
  dispatches = 1,
): Dispatch[] {
  if (variant.kind === 'strips') return filterGradientDispatches(shape, buffers, variant, dispatches);
  const { input, outputGradient, partials } = buffers;
  const tiled = { a: input, b: outputGradient, result: partials };
  return tilesDispatches('filterGradient', shape, tiled, false, variant, dispatches);
}

/** Partial sums that `filterGradient` writes: enough to occupy the adapter. */
export function filterGradientSplits(shape: ConvShape, variant: TileVariant): number {
  return variant.kind === 'tiles' ? tileSplits(shape, variant) : splitCount(shape, variant);
}
