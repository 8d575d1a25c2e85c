import type { MapShape } from '../shared/maps.ts';

type Values = ArrayLike<number>;

export interface GroupNormReference {
  readonly y: Float64Array;
  /** `[N, G]`, and population variance. */
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** `[relu](gamma * (x - mean) / sqrt(variance + eps) + beta [+ residual])`, statistics per image and group. */
export function groupNormReference(
  shape: MapShape,
  groups: number,
  inputs: {
    x: Values;
    gamma: Values;
    beta: Values;
    residual?: Values | undefined;
    relu: boolean;
    eps: number;
  },
): GroupNormReference {
  const { batch, channels } = shape;
  const { x, gamma, beta, residual, relu, eps } = inputs;
  const groupOf = grouping(shape, groups);
  const count = (shape.pixels * channels) / groups;
  const mean = new Float64Array(batch * groups);
  const variance = new Float64Array(batch * groups);
  for (let i = 0; i < x.length; i++) mean[groupOf(i)]! += x[i]! / count;
  for (let i = 0; i < x.length; i++) variance[groupOf(i)]! += (x[i]! - mean[groupOf(i)]!) ** 2 / count;
  const y = Float64Array.from(x, (value, i) => {
    const xhat = (value - mean[groupOf(i)]!) / Math.sqrt(variance[groupOf(i)]! + eps);
    const z = gamma[i % channels]! * xhat + beta[i % channels]! + (residual?.[i] ?? 0);
    return relu && z < 0 ? 0 : z;
  });
  return { y, mean, variance };
}

/** Gradients of `groupNormReference`; `y` is its output. */
export function groupNormBackwardReference(
  shape: MapShape,
  groups: number,
  inputs: { dy: Values; y: Values; x: Values; gamma: Values; relu: boolean; eps: number },
): { dx: Float64Array; dz: Float64Array; dGamma: Float64Array; dBeta: Float64Array } {
  const { batch, channels } = shape;
  const { dy, y, x, gamma, relu, eps } = inputs;
  const groupOf = grouping(shape, groups);
  const count = (shape.pixels * channels) / groups;
  const beta = new Float64Array(channels);
  const { mean, variance } = groupNormReference(shape, groups, { x, gamma, beta, relu: false, eps });
  const rstd = variance.map((v) => 1 / Math.sqrt(v + eps));
  const xhat = (i: number): number => (x[i]! - mean[groupOf(i)]!) * rstd[groupOf(i)]!;
  const dz = Float64Array.from(dy, (g, i) => (relu && !(y[i]! > 0) ? 0 : g));
  const dGamma = new Float64Array(channels);
  const dBeta = new Float64Array(channels);
  const sum = new Float64Array(batch * groups);
  const sumXhat = new Float64Array(batch * groups);
  for (let i = 0; i < dz.length; i++) {
    const c = i % channels;
    dBeta[c]! += dz[i]!;
    dGamma[c]! += dz[i]! * xhat(i);
    sum[groupOf(i)]! += gamma[c]! * dz[i]!;
    sumXhat[groupOf(i)]! += gamma[c]! * dz[i]! * xhat(i);
  }
  const dx = Float64Array.from(dz, (g, i) => {
    const group = groupOf(i);
    const centred = gamma[i % channels]! * g - sum[group]! / count - (xhat(i) * sumXhat[group]!) / count;
    return rstd[group]! * centred;
  });
  return { dx, dz, dGamma, dBeta };
}

/** Maps a place in `[N, H*W, C]` to its group in `[N, G]`. */
function grouping({ pixels, channels }: MapShape, groups: number): (i: number) => number {
  return (i) =>
    Math.floor(i / (pixels * channels)) * groups + Math.floor(((i % channels) * groups) / channels);
}
