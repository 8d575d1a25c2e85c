import type { OptimizerName } from '#domain/experiment.ts';
import * as tf from '#gpu/tf.ts';
import type { Tensor, Tensor1D } from '#gpu/tf.ts';

/** fastai v1's AdamW: `partial(optim.Adam, betas=(0.9, 0.99))`. */
const BETA_2 = 0.99;
/** Added to the corrected root of the second moment. torch's default. */
const EPSILON = 1e-8;

export interface UpdateSettings {
  /** 1-based count of updates since the moments were zero. */
  readonly t: number;
  readonly learningRate: number;
  /** SGD's momentum, or AdamW's first beta, of this step. */
  readonly momentum: number;
  readonly weightDecay: number;
}

// A type, not an interface: tf.tidy takes only what has an index signature.
export type UpdateResult = { parameters: Tensor1D; moments: Tensor1D[] };

/** Tensors as long as the parameters that an optimizer keeps between steps, zero at first. */
export const MOMENT_COUNT: Readonly<Record<OptimizerName, number>> = { adamw: 2, sgd: 1 };

/**
 * One update of all parameters, packed in one vector: the update is the same for each of them, norm scales,
 * shifts and biases included. Scalars are computed in double precision and rounded once.
 *
 * `adamw` is fastai v1's in today's torch form: decoupled decay, then
 * `p - eta / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)`, with the current beta1 to the power t.
 * `sgd` is torch's: `b = mu b + g + wd p`, `p - eta b`.
 *
 * @returns new tensors; the arguments are not disposed.
 */
export function update(
  optimizer: OptimizerName,
  parameters: Tensor1D,
  gradient: Tensor1D,
  moments: readonly Tensor1D[],
  settings: UpdateSettings,
): UpdateResult {
  const formula = optimizer === 'adamw' ? adamw : sgd;
  return tf.tidy(() => formula(parameters, gradient, moments, settings));
}

/** Added to the norm, as torch does. */
const CLIP_EPSILON = 1e-6;

/**
 * All gradients, packed in one vector, shrunk so that their L2 norm is at most `largest`: torch's `clip_grad_norm_`
 * (Pascanu et al. 2013, arXiv:1211.5063). Where the norm is not finite all become NaN.
 *
 * @returns a new tensor; the argument is not disposed.
 */
export function clipGradient(gradient: Tensor1D, largest: number): Tensor1D {
  return tf.tidy(() => {
    // The largest one is taken out first, so that squares stay in range; of zeros it is one.
    const magnitude = tf.max(tf.abs(gradient));
    const unit = tf.where(tf.equal(magnitude, 0), tf.onesLike(magnitude), magnitude);
    const norm = tf.mul(tf.sqrt(tf.sum(tf.square(tf.div(gradient, unit)))), unit);
    const coefficient = tf.minimum(tf.div(largest, tf.add(norm, CLIP_EPSILON)), 1);
    // Zero times a norm that is not finite is NaN, which a minimum may lose.
    return tf.mul(gradient, tf.add(coefficient, tf.mul(norm, 0)));
  });
}

function adamw(
  parameters: Tensor1D,
  gradient: Tensor1D,
  moments: readonly Tensor1D[],
  { t, learningRate, momentum, weightDecay }: UpdateSettings,
): UpdateResult {
  const [m, v] = moments as [Tensor1D, Tensor1D];
  const correction1 = 1 - momentum ** t;
  const correction2 = 1 - BETA_2 ** t;
  const first = blend(m, momentum, gradient, 1 - momentum);
  const second = blend(v, BETA_2, tf.square(gradient), 1 - BETA_2);
  const divisor = tf.add(tf.div(tf.sqrt(second), Math.sqrt(correction2)), EPSILON);
  const moved = tf.mul(tf.div(first, divisor), learningRate / correction1);
  const decayed = tf.mul(parameters, 1 - weightDecay * learningRate);
  return { parameters: tf.sub(decayed, moved), moments: [first, second] };
}

function sgd(
  parameters: Tensor1D,
  gradient: Tensor1D,
  moments: readonly Tensor1D[],
  { learningRate, momentum, weightDecay }: UpdateSettings,
): UpdateResult {
  const [velocity] = moments as [Tensor1D];
  const next: Tensor1D = tf.add(blend(velocity, momentum, parameters, weightDecay), gradient);
  return { parameters: tf.sub(parameters, tf.mul(next, learningRate)), moments: [next] };
}

function blend(a: Tensor, shareOfA: number, b: Tensor, shareOfB: number): Tensor1D {
  return tf.add(tf.mul(a, shareOfA), tf.mul(b, shareOfB));
}
