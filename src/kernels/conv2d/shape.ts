import type { ConvSpec } from '#domain/resnet.ts';

/** A convolution of one batch: `[N, H, W, inC]` by `[kH, kW, inC, outC]` gives `[N, H', W', outC]`, no bias. */
export interface ConvShape {
  /** N, images. */
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  /** kH = kW, pixels. */
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  /** H = W of the input, pixels. */
  readonly inSize: number;
  /** H' = W' of the output: floor((inSize + 2 padding - kernel) / stride) + 1. */
  readonly outSize: number;
}

/** @throws {RangeError} when the extents do not describe a convolution. */
export function convShape(spec: Omit<ConvSpec, 'name'>, batch: number): ConvShape {
  const { inChannels, outChannels, kernel, stride, padding, inSize, outSize } = spec;
  const extents = { batch, inChannels, outChannels, kernel, stride, inSize, outSize };
  for (const [axis, extent] of Object.entries(extents)) {
    if (!(Number.isInteger(extent) && extent > 0)) {
      throw new RangeError(`conv2d: ${axis} is ${extent}; it must be a positive integer`);
    }
  }
  const expected = Math.floor((inSize + 2 * padding - kernel) / stride) + 1;
  if (!(Number.isInteger(padding) && padding >= 0) || outSize !== expected) {
    throw new RangeError(
      `conv2d: outSize is ${outSize}; input ${inSize}, kernel ${kernel}, stride ${stride}, padding ${padding} give ${expected}`,
    );
  }
  return { batch, inChannels, outChannels, kernel, stride, padding, inSize, outSize };
}

/** Elements of the filter. */
export function filterSize(shape: ConvShape): number {
  return shape.kernel ** 2 * shape.inChannels * shape.outChannels;
}

/** Multiply-adds of one pass: the same for forward, input gradient and filter gradient. */
export function multiplyAdds(shape: ConvShape): number {
  return shape.batch * shape.outSize ** 2 * filterSize(shape);
}
