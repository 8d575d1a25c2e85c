import * as tf from '#gpu/tf.ts';
import type { Tensor, Tensor4D } from '#gpu/tf.ts';
import type { ConvShape } from '../conv2d/shape.ts';
import { STANDARDIZATION_EPS } from '../weightStandardization/table.ts';

/**
 * The registered kernels, composed of tfjs's stock operations: what runs where there is no WebGPU, and what
 * the WGSL kernels are compared with. Every function returns a new tensor and leaves its arguments alone.
 */

/** Keeps 0 / 0 out of the gradient of a constant filter; far below any deviation of weights. */
const SMALLEST_DEVIATION = 1e-20;

type Padding = [[number, number], [number, number], [number, number], [number, number]];

/** 'same' would pad 0 before and 1 after where torch pads 1 on both sides. */
function explicitPadding({ padding }: ConvShape): Padding {
  return [
    [0, 0],
    [padding, padding],
    [padding, padding],
    [0, 0],
  ];
}

/** @param x `[N, H, W, inC]`. @param filter `[kH, kW, inC, outC]`. */
export function stockConvolution(shape: ConvShape, x: Tensor4D, filter: Tensor4D): Tensor4D {
  return tf.conv2d(x, filter, shape.stride, explicitPadding(shape));
}

/** Gradient of the input, `[N, H, W, inC]`. @param dy `[N, H', W', outC]`. */
export function stockInputGradient(shape: ConvShape, dy: Tensor4D, filter: Tensor4D): Tensor4D {
  const { batch, inSize, inChannels, stride } = shape;
  return run(tf.Conv2DBackpropInput, { dy, filter }, shape, {
    inputShape: [batch, inSize, inSize, inChannels],
    strides: stride,
  });
}

/** Gradient of the filter, `[kH, kW, inC, outC]`. */
export function stockFilterGradient(shape: ConvShape, x: Tensor4D, dy: Tensor4D): Tensor4D {
  const { kernel, inChannels, outChannels, stride } = shape;
  return run(tf.Conv2DBackpropFilter, { x, dy }, shape, {
    filterShape: [kernel, kernel, inChannels, outChannels],
    strides: stride,
  });
}

function run(
  kernel: string,
  inputs: Record<string, Tensor4D>,
  shape: ConvShape,
  attributes: tf.NamedAttrMap,
): Tensor4D {
  const all = { ...attributes, pad: explicitPadding(shape), dataFormat: 'NHWC', dilations: [1, 1] };
  return tf.engine().runKernel<Tensor4D>(kernel, inputs, all);
}

/**
 * Standardizes each output channel of a filter: (w - mean) / (deviation + 1e-5), unbiased deviation.
 * Source: Qiao et al. 2019, arXiv:1903.10520, as the authors' PyTorch code has it.
 */
export function stockStandardize(filter: Tensor4D): Tensor4D {
  return tf.tidy(() => {
    const { centred, divisor } = centre(filter);
    return tf.div(centred, divisor);
  });
}

/** Gradient of the filter before its standardization; it flows through division, deviation and mean. */
export function stockWsFilterGradient(
  shape: ConvShape,
  x: Tensor4D,
  dy: Tensor4D,
  filter: Tensor4D,
): Tensor4D {
  return tf.tidy(() => {
    const { centred, deviation, divisor, freedom } = centre(filter);
    const direct = tf.div(stockFilterGradient(shape, x, dy), divisor);
    // d(deviation)/d(centred) = centred / ((n - 1) deviation); a constant filter passes nothing on.
    const alongCentred = tf.div(tf.sum(tf.mul(direct, centred), [0, 1, 2], true), divisor);
    const share = tf.div(alongCentred, tf.mul(tf.maximum(deviation, SMALLEST_DEVIATION), freedom));
    const gradient = tf.sub(direct, tf.mul(centred, share));
    return tf.sub(gradient, tf.mean(gradient, [0, 1, 2], true));
  });
}

function centre(filter: Tensor4D): { centred: Tensor; deviation: Tensor; divisor: Tensor; freedom: number } {
  // A filter of one weight has no spread: zero, where the unbiased formula would divide by zero.
  const freedom = Math.max(1, filter.size / filter.shape[3] - 1);
  const centred = tf.sub(filter, tf.mean(filter, [0, 1, 2], true));
  const deviation = tf.sqrt(tf.div(tf.sum(tf.square(centred), [0, 1, 2], true), freedom));
  return { centred, deviation, divisor: tf.add(deviation, STANDARDIZATION_EPS), freedom };
}
