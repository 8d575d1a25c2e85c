import type { BufferSlice, Dispatch } from '#gpu/command.ts';
import { filterGradientDispatch, splitCount } from './filter.ts';
import { gatherDispatch } from './gather.ts';
import type { ConvShape } from './shape.ts';
import { tilesDispatch, tileSplits } from './tiles.ts';
import type { TileVariant } from './variants.ts';

/**
 * The convolution of a batch.
 * `input` `[N, H, W, inC]`, `filter` `[kH, kW, inC, outC]`, `output` `[N, H', W', outC]`, all f32.
 */
export function forward(
  shape: ConvShape,
  { input, filter, output }: { input: BufferSlice; filter: BufferSlice; output: BufferSlice },
  variant: TileVariant,
): Dispatch[] {
  return [
    variant.kind === 'tiles'
      ? tilesDispatch('forward', shape, { a: input, b: filter, result: output }, false, variant)
      : gatherDispatch(
          { shape, pass: 'forward', accumulate: false, source: input, filter, result: output },
          variant,
        ),
  ];
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
): Dispatch[] {
  const { outputGradient: source, filter, inputGradient: result } = buffers;
  return [
    variant.kind === 'tiles'
      ? tilesDispatch('inputGradient', shape, { a: source, b: filter, result }, accumulate, variant)
      : gatherDispatch({ shape, pass: 'inputGradient', accumulate, source, filter, result }, variant),
  ];
}

/**
 * Gradient with respect to the filter, as `filterGradientSplits(shape, variant)` partial sums:
 * `partials` `[splits, kH, kW, inC, outC]`. `filterGradients` of `weightStandardization/` adds them up.
 */
export function filterGradient(
  shape: ConvShape,
  buffers: { input: BufferSlice; outputGradient: BufferSlice; partials: BufferSlice },
  variant: TileVariant,
): Dispatch[] {
  const { input, outputGradient, partials } = buffers;
  return [
    variant.kind === 'tiles'
      ? tilesDispatch(
          'filterGradient',
          shape,
          { a: input, b: outputGradient, result: partials },
          false,
          variant,
        )
      : filterGradientDispatch(shape, buffers, variant),
  ];
}

/** Partial sums that `filterGradient` writes: enough to occupy the adapter. */
export function filterGradientSplits(shape: ConvShape, variant: TileVariant): number {
  return variant.kind === 'tiles' ? tileSplits(shape, variant) : splitCount(shape, variant);
}
