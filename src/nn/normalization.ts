import * as tf from '#gpu/tf.ts';
import type { Tensor, Tensor1D, Tensor4D } from '#gpu/tf.ts';

/** Added to the variance. torch's default for batch and group normalization. */
const EPSILON = 1e-5;
/** Share of the newest batch in the running statistics. torch's default. */
const RUNNING_SHARE = 0.1;

/** Receives the statistics of a batch, `[1, 1, 1, C]` each, population variance; keep them to use them later. */
export type CollectMoments = (mean: Tensor, variance: Tensor) => void;

/**
 * Averages per-image channel means `[N, 1, 1, C]` over whatever else shares statistics; the result
 * broadcasts against them. Every mean has equally many pixels behind it, so the mean of means is the mean.
 */
type Average = (means: Tensor4D) => Tensor4D;

const overBatch: Average = (means) => tf.mean<Tensor4D>(means, 0, true);

/** Per image and group, repeated for each channel of the group. */
function overGroups(groups: number): Average {
  return (means) => {
    const [batch, , , channels] = means.shape;
    const perGroup = channels / groups;
    const grouped = tf.mean(tf.reshape(means, [batch, groups, perGroup]), 2, true);
    return tf.reshape(tf.tile(grouped, [1, 1, perGroup]), means.shape);
  };
}

/**
 * gamma (x - mean) / sqrt(variance + eps) + beta, population variance, with gradients through both moments.
 *
 * Two passes for the moments: E[x²] - E[x]² would lose most digits where |mean| is large against the spread.
 * Vectors are broadcast from rank 4: for short ones of rank 1 tfjs's WebGPU backend takes a path through
 * workgroup memory that is about 30 times slower on software adapters.
 */
function normalize(
  x: Tensor4D,
  scale: Tensor,
  shift: Tensor,
  average: Average,
  collect?: CollectMoments,
): Tensor4D {
  const operation = tf.customGrad((...inputs) => {
    const [source, gamma, beta, save] = inputs as unknown as [Tensor4D, Tensor, Tensor, tf.GradSaveFunc];
    const mean = average(imageMeans(source));
    const centred = tf.sub<Tensor4D>(source, mean);
    const variance = average(imageMeans(tf.square(centred)));
    collect?.(mean, variance);
    const inverse = tf.div<Tensor4D>(1, tf.sqrt(tf.add(variance, EPSILON)));
    const gain = tf.mul<Tensor4D>(inverse, perChannel(gamma));
    save([centred, inverse, gain, gamma]);
    return {
      value: tf.add<Tensor4D>(tf.mul(centred, gain), perChannel(beta)),
      gradFunc: (dy: Tensor4D, saved: Tensor[]) => backward(dy, saved as Saved, average),
    };
  });
  return operation(x, scale, shift);
}

/** x - mean, 1 / deviation, gamma / deviation, gamma. */
type Saved = [centred: Tensor4D, inverse: Tensor4D, gain: Tensor4D, gamma: Tensor];

/**
 * With g = gamma dy and x^ = centred * inverse: dx = inverse (g - avg(g) - x^ avg(g x^)). The two means over
 * pixels that this takes give the gradients of gamma and beta as well.
 */
function backward(dy: Tensor4D, [centred, inverse, gain, gamma]: Saved, average: Average): Tensor[] {
  const means = imageMeans(dy);
  const products = tf.mul<Tensor4D>(imageMeans(tf.mul(dy, centred)), inverse);
  const offset = tf.mul(average(tf.mul(means, perChannel(gamma))), inverse);
  const slope = tf.mul(average(tf.mul(products, perChannel(gamma))), tf.square(inverse));
  const dx = tf.sub(tf.sub(tf.mul(dy, gain), tf.mul(centred, slope)), offset);
  const pixels = dy.shape[1] * dy.shape[2];
  const total = (perImage: Tensor4D): Tensor => tf.mul(tf.reshape(tf.sum(perImage, 0), gamma.shape), pixels);
  return [dx, total(products), total(means)];
}

/** Side of the largest pooling window: few enough additions in a row to keep float32's digits. */
const LARGEST_WINDOW = 8;

/**
 * Means over the pixels of square maps, `[N, 1, 1, C]`, by pooling in stages: on software adapters the
 * barriers of tfjs's reductions cost up to ten times as much.
 */
function imageMeans(x: Tensor4D): Tensor4D {
  let means = x;
  while (means.shape[1] > 1) {
    const window = poolingWindow(means.shape[1]);
    means = tf.avgPool(means, window, window, 'valid');
  }
  return means;
}

/** The largest divisor of `size` up to `LARGEST_WINDOW`, or all of it when it has none. */
function poolingWindow(size: number): number {
  for (let window = Math.min(size, LARGEST_WINDOW); window > 1; window--)
    if (size % window === 0) return window;
  return size;
}

const perChannel = (vector: Tensor): Tensor4D => tf.reshape(vector, [1, 1, 1, vector.size]);

/**
 * Batch normalization with the batch's own statistics.
 * @param x `[N, H, W, C]`. @param scale `[C]`. @param shift `[C]`.
 */
export function batchNorm(x: Tensor4D, scale: Tensor, shift: Tensor, collect?: CollectMoments): Tensor4D {
  return normalize(x, scale, shift, overBatch, collect);
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
  return tf.add(tf.mul(x, perChannel(gain)), perChannel(tf.sub(shift, tf.mul(mean, gain))));
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
  return normalize(x, scale, shift, overGroups(groups));
}
