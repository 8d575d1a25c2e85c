import * as tf from '#gpu/tf.ts';
import type { Tensor, Tensor1D, Tensor4D } from '#gpu/tf.ts';

/** Added to the variance. torch's default for batch and group normalization. */
const EPSILON = 1e-5;
/** Share of the newest batch in the running statistics. torch's default. */
const RUNNING_SHARE = 0.1;

/** Receives the batch statistics of a layer, `[1, 1, 1, C]` each; population variance. Keep to use later. */
export type CollectMoments = (mean: Tensor, variance: Tensor) => void;

/**
 * (x - mean) / sqrt(variance + eps) over `axes`, population variance; gradients flow through both moments.
 * Two passes: E[x²] - E[x]² would lose most digits where |mean| is large against the spread.
 */
function standardized(x: Tensor, axes: number[], collect?: CollectMoments): Tensor {
  const operation = tf.customGrad((input, save) => {
    const source = input as Tensor;
    const mean = tf.mean(source, axes, true);
    const centred = tf.sub(source, mean);
    const variance = tf.mean(tf.square(centred), axes, true);
    collect?.(mean, variance);
    const scale = tf.div(1, tf.sqrt(tf.add(variance, EPSILON)));
    const value = tf.mul(centred, scale);
    (save as (tensors: Tensor[]) => void)([value, scale]);
    return {
      value,
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [y, deviation] = saved as [Tensor, Tensor];
        const along = tf.mul(y, tf.mean(tf.mul(dy, y), axes, true));
        return tf.mul(tf.sub(tf.sub(dy, tf.mean(dy, axes, true)), along), deviation);
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
  return tf.add(tf.mul(standardized(x, [0, 1, 2], collect), scale), shift);
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
  return tf.add(tf.mul(tf.sub(x, mean), gain), shift);
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
  const [batch, height, width, channels] = x.shape;
  if (channels % groups !== 0) {
    throw new Error(`groupNorm: channels (${channels}) must be divisible by groups (${groups})`);
  }
  const grouped = tf.reshape(x, [batch, height * width, groups, channels / groups]);
  return tf.add(tf.mul(tf.reshape(standardized(grouped, [1, 3]), x.shape), scale), shift);
}
