import * as tf from '#gpu/tf.ts';
import type { Tensor, Tensor1D, Tensor4D } from '#gpu/tf.ts';

/** Added to the variance. torch's default for batch and group normalization. */
const EPSILON = 1e-5;
/** Share of the newest batch in the running statistics. torch's default. */
const RUNNING_SHARE = 0.1;

/** Receives the statistics of a batch, `[1, 1, 1, C]` each, population variance; keep them to use them later. */
export type CollectMoments = (mean: Tensor, variance: Tensor) => void;

/** Averages a map over the values that share statistics; the result broadcasts against the map, channels last. */
type Average = (x: Tensor4D) => Tensor4D;

const overBatch: Average = (x) => tf.mean<Tensor4D>(x, [0, 1, 2], true);

/** Per image and group, repeated for each channel of the group: `[N, 1, 1, C]`. */
function overGroups(groups: number): Average {
  return (x) => {
    const [batch, , , channels] = x.shape;
    const perGroup = channels / groups;
    // Equally many pixels stand behind every channel, so the mean of their means is the group's.
    const means = tf.reshape(tf.mean(x, [1, 2]), [batch, groups, perGroup]);
    const group = tf.tile(tf.mean(means, 2, true), [1, 1, perGroup]);
    return tf.reshape(group, [batch, 1, 1, channels]);
  };
}

/**
 * (x - mean) / sqrt(variance + eps), population variance; gradients flow through both moments.
 * Two passes: E[x²] - E[x]² would lose most digits where |mean| is large against the spread.
 */
function standardized(x: Tensor4D, average: Average, collect?: CollectMoments): Tensor4D {
  const operation = tf.customGrad((input, save) => {
    const source = input as Tensor4D;
    const mean = average(source);
    const centred = tf.sub<Tensor4D>(source, mean);
    const variance = average(tf.square(centred));
    collect?.(mean, variance);
    const scale = tf.div(1, tf.sqrt(tf.add(variance, EPSILON)));
    const value = tf.mul<Tensor4D>(centred, scale);
    (save as (tensors: Tensor[]) => void)([value, scale]);
    return {
      value,
      gradFunc: (dy: Tensor4D, saved: Tensor[]) => {
        const [y, deviation] = saved as [Tensor4D, Tensor];
        const along = tf.mul(y, average(tf.mul(dy, y)));
        return tf.mul(tf.sub(tf.sub(dy, average(dy)), along), deviation);
      },
    };
  });
  return operation(x);
}

/**
 * Batch normalization with the batch's own statistics.
 * @param x `[N, H, W, C]`. @param scale `[C]`. @param shift `[C]`.
 */
export function batchNorm(x: Tensor4D, scale: Tensor, shift: Tensor, collect?: CollectMoments): Tensor4D {
  return affine(standardized(x, overBatch, collect), scale, shift);
}

/** Batch normalization with running statistics, `[C]` each. */
export function batchNormEvaluation(
  x: Tensor4D,
  scale: Tensor,
  shift: Tensor,
  mean: Tensor,
  variance: Tensor,
): Tensor4D {
  const gain = tf.div(scale, tf.sqrt(tf.add(variance, EPSILON)));
  return affine(x, gain, tf.sub(shift, tf.mul(mean, gain)));
}

/**
 * The running statistics after one more batch: 0.9 of the old plus 0.1 of the new.
 *
 * @param running packed means and variances of all layers. @param batch the batch's, packed alike, with
 * population variances. @param unbias 1 for means, n / (n - 1) for variances of n values: torch keeps the
 * unbiased variance.
 */
export function blendStatistics(running: Tensor1D, batch: Tensor1D, unbias: Tensor1D): Tensor1D {
  return tf.tidy(() =>
    tf.add(tf.mul(running, 1 - RUNNING_SHARE), tf.mul(tf.mul(batch, unbias), RUNNING_SHARE)),
  );
}

/**
 * Group normalization: statistics per image over H, W and the C / groups channels of a group.
 * @param x `[N, H, W, C]`; `groups` divides C. @param scale `[C]`. @param shift `[C]`.
 */
export function groupNorm(x: Tensor4D, groups: number, scale: Tensor, shift: Tensor): Tensor4D {
  const channels = x.shape[3];
  if (channels % groups !== 0) {
    throw new Error(`groupNorm: channels (${channels}) must be divisible by groups (${groups})`);
  }
  return affine(standardized(x, overGroups(groups)), scale, shift);
}

/**
 * x * scale + shift per channel. The vectors are broadcast from rank 4: for short vectors of rank 1 tfjs's
 * WebGPU backend takes a path through workgroup memory that is about 30 times slower on software adapters.
 */
function affine(x: Tensor, scale: Tensor, shift: Tensor): Tensor4D {
  const perChannel = [1, 1, 1, scale.size];
  return tf.add(tf.mul(x, tf.reshape(scale, perChannel)), tf.reshape(shift, perChannel));
}
