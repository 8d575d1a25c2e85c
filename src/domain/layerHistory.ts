/** What the divergence recorder measures of each convolution and its normalization. */
export type LayerMeasure = 'gradientNorm' | 'relativeUpdate' | 'largestActivation' | 'smallestDeviation';

/**
 * The last sampled steps of a run, layer by layer; each measure is `[samples, layers]`, row by row.
 *
 * - `gradientNorm`: L2 norm of the filter's gradient.
 * - `relativeUpdate`: ‖Δw‖ / ‖w‖ of the filter in this step.
 * - `largestActivation`: largest magnitude of the convolution's output, before any normalization.
 * - `smallestDeviation`: smallest batch (BN) or group (GN) standard deviation; NaN without normalization.
 */
export interface LayerHistory extends Readonly<Record<LayerMeasure, Float32Array>> {
  /** 0-based steps that were sampled, oldest first. */
  readonly steps: readonly number[];
  /** Names of the convolutions, in order of the forward pass. */
  readonly layers: readonly string[];
}
