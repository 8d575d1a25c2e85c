/** One scalar under AdamW: decoupled decay, current beta1 in the bias correction, eps after the correction. */
export function adamWReference(
  state: { p: number; m: number; v: number },
  g: number,
  options: { t: number; learningRate: number; beta1: number; beta2: number; decay: number; eps: number },
): { p: number; m: number; v: number } {
  const { t, learningRate, beta1, beta2, decay, eps } = options;
  const m = beta1 * state.m + (1 - beta1) * g;
  const v = beta2 * state.v + (1 - beta2) * g * g;
  const p = state.p * (1 - decay * learningRate);
  const corrected = m / (1 - beta1 ** t);
  return { p: p - (learningRate * corrected) / (Math.sqrt(v / (1 - beta2 ** t)) + eps), m, v };
}

/** One scalar under torch's SGD: `b = momentum * b + g + decay * p`, `p = p - lr * b`. */
export function sgdReference(
  state: { p: number; b: number },
  g: number,
  options: { learningRate: number; momentum: number; decay: number },
): { p: number; b: number } {
  const b = options.momentum * state.b + g + options.decay * state.p;
  return { p: state.p - options.learningRate * b, b };
}
