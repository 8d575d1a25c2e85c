import type { MapShape } from '../shared/maps.ts';

type Values = ArrayLike<number>;

export interface BatchNormReference {
  readonly y: Float64Array;
  /** `[C]`, and population variance. */
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** Batch statistics of `x` `[N, H*W, C]` and `[relu](gamma * (x - mean) / sqrt(variance + eps) + beta [+ residual])`. */
export function batchNormReference(
  shape: MapShape,
  inputs: {
    x: Values;
    gamma: Values;
    beta: Values;
    residual?: Values | undefined;
    relu: boolean;
    eps: number;
  },
): BatchNormReference {
  const { channels } = shape;
  const count = shape.batch * shape.pixels;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  for (let c = 0; c < channels; c++) {
    for (let p = 0; p < count; p++) mean[c]! += inputs.x[p * channels + c]! / count;
    for (let p = 0; p < count; p++) variance[c]! += (inputs.x[p * channels + c]! - mean[c]!) ** 2 / count;
  }
  return { y: normalizeReference(shape, { ...inputs, mean, variance }), mean, variance };
}

/** The same with given statistics, as in evaluation. */
export function normalizeReference(
  shape: MapShape,
  inputs: {
    x: Values;
    gamma: Values;
    beta: Values;
    mean: Values;
    variance: Values;
    residual?: Values | undefined;
    relu: boolean;
    eps: number;
  },
): Float64Array {
  const { x, gamma, beta, mean, variance, residual, relu, eps } = inputs;
  const y = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const c = i % shape.channels;
    const z =
      (gamma[c]! * (x[i]! - mean[c]!)) / Math.sqrt(variance[c]! + eps) + beta[c]! + (residual?.[i] ?? 0);
    y[i] = relu && z < 0 ? 0 : z;
  }
  return y;
}

/** Running statistics after one batch of `count` values per channel: mean, then unbiased variance. */
export function runningReference(
  before: { mean: Values; variance: Values },
  batch: { mean: Values; variance: Values; count: number },
  momentum: number,
): { mean: Float64Array; variance: Float64Array } {
  const correction = batch.count > 1 ? batch.count / (batch.count - 1) : 1;
  return {
    mean: Float64Array.from(before.mean, (r, c) => (1 - momentum) * r + momentum * batch.mean[c]!),
    variance: Float64Array.from(
      before.variance,
      (r, c) => (1 - momentum) * r + momentum * batch.variance[c]! * correction,
    ),
  };
}

export interface NormGradients {
  readonly dx: Float64Array;
  readonly dz: Float64Array;
  readonly dGamma: Float64Array;
  readonly dBeta: Float64Array;
}

/** Gradients of `batchNormReference`; `y` is its output. */
export function batchNormBackwardReference(
  shape: MapShape,
  inputs: { dy: Values; y: Values; x: Values; gamma: Values; relu: boolean; eps: number },
): NormGradients {
  const { channels } = shape;
  const { dy, y, x, gamma, relu, eps } = inputs;
  const count = shape.batch * shape.pixels;
  const beta = new Float64Array(channels);
  const { mean, variance } = batchNormReference(shape, { x, gamma, beta, relu: false, eps });
  const rstd = variance.map((v) => 1 / Math.sqrt(v + eps));
  const dz = Float64Array.from(dy, (g, i) => (relu && !(y[i]! > 0) ? 0 : g));
  const dx = new Float64Array(dz.length);
  const dGamma = new Float64Array(channels);
  const dBeta = new Float64Array(channels);
  const xhat = (i: number): number => (x[i]! - mean[i % channels]!) * rstd[i % channels]!;
  for (let i = 0; i < dz.length; i++) {
    dBeta[i % channels]! += dz[i]!;
    dGamma[i % channels]! += dz[i]! * xhat(i);
  }
  for (let i = 0; i < dz.length; i++) {
    const c = i % channels;
    dx[i] = gamma[c]! * rstd[c]! * (dz[i]! - dBeta[c]! / count - (xhat(i) * dGamma[c]!) / count);
  }
  return { dx, dz, dGamma, dBeta };
}
