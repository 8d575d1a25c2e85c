import * as tf from '#gpu/tf.ts';
import type { Tensor4D } from '#gpu/tf.ts';
import { convShape, type ConvShape } from '../conv2d/shape.ts';
import { KERNEL } from './names.ts';
import { registerKernels } from './register.ts';

registerKernels();

/**
 * Convolution without bias, with gradients for input and filter: NormLab's own kernels on WebGPU, stock
 * operations elsewhere.
 *
 * @param x `[N, H, W, inC]`, square. @param filter `[k, k, inC, outC]`.
 * @param ws whether the filter is standardized first; the gradient of `filter` flows through that.
 * @returns `[N, H', W', outC]`.
 * @throws {RangeError} when the shapes do not fit each other.
 */
export function convolve(
  x: Tensor4D,
  filter: Tensor4D,
  options: { readonly stride: number; readonly padding: number },
  ws: boolean,
): Tensor4D {
  const shape = shapeOf(x.shape, filter.shape, options);
  const kernel = ws ? KERNEL.wsConvolution : KERNEL.convolution;
  return tf.engine().runKernel<Tensor4D>(kernel, { x, filter }, { ...shape });
}

/** Sizes of a convolution of tensors. */
export function shapeOf(
  x: readonly [number, number, number, number],
  filter: readonly [number, number, number, number],
  { stride, padding }: { readonly stride: number; readonly padding: number },
): ConvShape {
  const [batch, inSize, width, inChannels] = x;
  const [kernel, kernelWidth, filterChannels, outChannels] = filter;
  if (inSize !== width || kernel !== kernelWidth || filterChannels !== inChannels) {
    throw new RangeError(
      `convolve: input [${x.join(', ')}] and filter [${filter.join(', ')}] must be square, with equal channels`,
    );
  }
  const outSize = Math.floor((inSize + 2 * padding - kernel) / stride) + 1;
  return convShape({ inChannels, outChannels, kernel, stride, padding, inSize, outSize }, batch);
}
