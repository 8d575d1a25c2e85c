import type { Norm, WsGain } from '#domain/experiment.ts';
import { groupCount, type ConvNorm, type NetworkSpec } from '#domain/resnet.ts';
import * as tf from '#gpu/tf.ts';
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '#gpu/tf.ts';
import { convolve } from '#kernels/tfjs/convolution.ts';
import { scaledGain } from '#kernels/weightStandardization/table.ts';
import { batchNorm, batchNormEvaluation, groupNorm } from './normalization.ts';

/** Tensors by torchvision's names. */
export type TensorMap = ReadonlyMap<string, Tensor>;

/** How BN normalizes: by the batch, whose statistics are reported layer by layer, or by running statistics. */
export type Mode =
  | {
      readonly kind: 'training';
      /** `mean` and `variance` are `[1, 1, 1, C]` and live as long as the surrounding `tidy`. */
      readonly onStatistics?: (layer: string, mean: Tensor, variance: Tensor) => void;
    }
  | { readonly kind: 'evaluation'; readonly statistics: TensorMap };

/** Which network a forward pass computes. */
export interface Arm {
  readonly network: NetworkSpec;
  readonly norm: Norm;
  readonly ws: boolean;
  /** With `ws`; absent: 'unit'. */
  readonly wsGain?: WsGain;
}

/**
 * The network's logits as a graph of tfjs operations, with gradients for every parameter.
 *
 * @param images `[N, H, W, 3]`, normalized.
 * @param parameters as `parameterTable` lists them.
 * @returns `[N, classes]`.
 */
export function forward(arm: Arm, parameters: TensorMap, images: Tensor4D, mode: Mode): Tensor2D {
  const layer = (x: Tensor4D, spec: ConvNorm): Tensor4D => convolutionAndNorm(arm, parameters, x, spec, mode);
  let x = tf.relu(layer(images, arm.network.stem));
  for (const block of arm.network.blocks) {
    const shortcut = block.shortcut ? layer(x, block.shortcut) : x;
    const y = layer(tf.relu(layer(x, block.first)), block.second);
    x = tf.relu(tf.add(y, shortcut));
  }
  const features = tf.mean<Tensor2D>(x, [1, 2]);
  return tf.add(
    tf.matMul(features, named(parameters, 'fc.weight') as Tensor2D),
    named(parameters, 'fc.bias'),
  );
}

function convolutionAndNorm(
  arm: Arm,
  parameters: TensorMap,
  x: Tensor4D,
  { conv, norm }: ConvNorm,
  mode: Mode,
): Tensor4D {
  const standardized = convolve(x, named(parameters, `${conv.name}.weight`) as Tensor4D, conv, arm.ws);
  // A convolution is linear in its filter: what scales the one scales the other.
  const isScaled = arm.ws && arm.wsGain === 'scaled';
  const y = isScaled
    ? tf.mul<Tensor4D>(standardized, scaledGain(conv.kernel ** 2 * conv.inChannels))
    : standardized;
  if (arm.norm === 'none') return y;
  const scale = named(parameters, `${norm.name}.weight`);
  const shift = named(parameters, `${norm.name}.bias`);
  if (arm.norm === 'gn') return groupNorm(y, groupCount(norm.channels), scale, shift);
  if (mode.kind === 'training') {
    return batchNorm(y, scale, shift, (mean, variance) => mode.onStatistics?.(norm.name, mean, variance));
  }
  return batchNormEvaluation(
    y,
    scale,
    shift,
    named(mode.statistics, `${norm.name}.running_mean`),
    named(mode.statistics, `${norm.name}.running_var`),
  );
}

function named(tensors: TensorMap, name: string): Tensor {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`The network has no tensor ${name}`);
  return tensor;
}

/**
 * Cross-entropy of each image, nats, through log-softmax (never the logarithm of a probability).
 * @param logits `[N, classes]`. @param oneHot `[N, classes]`.
 */
export function crossEntropy(logits: Tensor2D, oneHot: Tensor2D): Tensor1D {
  return tf.neg(tf.sum<Tensor1D>(tf.mul(oneHot, tf.logSoftmax(logits)), 1));
}
