/**
 * Optimizer arithmetic on one scalar and fastai v2's one-cycle, in the plainest form. Never imported by the
 * app: this documents which of several published forms NormLab trains with, and serves the tests.
 */

/** One step: learning rate, first beta (or momentum) and gradient. */
export type ScalarStep = readonly [learningRate: number, beta1: number, gradient: number];

/**
 * - `current`: what NormLab trains with. PyTorch's form of today, eps added after the bias correction.
 * - `v1`: PyTorch's form of spring 2019, under fastai v1: eps added before the correction.
 * - `v2`: fastai v2's formula; with its eps of 1e-5.
 * - `running-product`: `tf.train.adam`, which corrects by the product of the betas so far (wrong while beta1
 *   cycles) and has an eps of 1e-7.
 */
export type AdamWForm = 'current' | 'v1' | 'v2' | 'running-product';

/**
 * AdamW with decoupled decay on one scalar: p ← p·(1 − wd·η) first, then the Adam update with bias
 * correction by the current beta1 to the power t.
 * @returns the parameter after each step.
 */
export function scalarAdamW(
  form: AdamWForm,
  start: number,
  steps: readonly ScalarStep[],
  { weightDecay = 0.01, beta2 = 0.99 } = {},
): number[] {
  const eps = { current: 1e-8, v1: 1e-8, v2: 1e-5, 'running-product': 1e-7 }[form];
  let p = start;
  let m = 0;
  let v = 0;
  let product = 1;
  return steps.map(([learningRate, beta1, gradient], i) => {
    const t = i + 1;
    p *= 1 - weightDecay * learningRate;
    m = beta1 * m + (1 - beta1) * gradient;
    v = beta2 * v + (1 - beta2) * gradient ** 2;
    product *= beta1;
    const correction1 = 1 - (form === 'running-product' ? product : beta1 ** t);
    const correction2 = 1 - beta2 ** t;
    p -=
      form === 'v1'
        ? (((learningRate * Math.sqrt(correction2)) / correction1) * m) / (Math.sqrt(v) + eps)
        : ((learningRate / correction1) * m) / (Math.sqrt(v / correction2) + eps);
    return p;
  });
}

/**
 * fastai v2's `fit_one_cycle`: rises over a quarter of the steps, floor M / 1e5, position k / N.
 * Source: fastai v2, `callback/schedule.py`, `combined_cos`.
 */
export function oneCycleV2(
  step: number,
  totalSteps: number,
  maxLearningRate: number,
): { learningRate: number; momentum: number } {
  const cosine = (start: number, end: number, position: number): number =>
    start + ((1 + Math.cos(Math.PI * (1 - position))) * (end - start)) / 2;
  const position = step / totalSteps;
  return position < 0.25
    ? {
        learningRate: cosine(maxLearningRate / 25, maxLearningRate, position / 0.25),
        momentum: cosine(0.95, 0.85, position / 0.25),
      }
    : {
        learningRate: cosine(maxLearningRate, maxLearningRate / 1e5, (position - 0.25) / 0.75),
        momentum: cosine(0.85, 0.95, (position - 0.25) / 0.75),
      };
}
