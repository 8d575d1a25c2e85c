import type { MapShape } from '../shared/maps.ts';

type Values = ArrayLike<number>;

export interface HeadReference {
  /** `[N, C]`. */
  readonly pooled: Float64Array;
  /** `[N, K]`. */
  readonly logits: Float64Array;
  /** `[N]`, nats. */
  readonly losses: Float64Array;
  /** `[N]`, 1 where the largest logit is the label's; NaN logits are wrong. */
  readonly correct: number[];
  /** Gradients of the mean loss. */
  readonly dLogits: Float64Array;
  readonly dWeight: Float64Array;
  readonly dBias: Float64Array;
  readonly dFeatures: Float64Array;
}

/** Global average pool, linear classifier, softmax cross-entropy and their gradients. */
export function headReference(
  shape: MapShape,
  classes: number,
  inputs: { features: Values; weight: Values; bias: Values; labels: Values },
): HeadReference {
  const { batch, pixels, channels } = shape;
  const { features, weight, bias, labels } = inputs;
  const pooled = new Float64Array(batch * channels);
  const logits = new Float64Array(batch * classes);
  const losses = new Float64Array(batch);
  const correct: number[] = [];
  const dLogits = new Float64Array(batch * classes);
  const dWeight = new Float64Array(channels * classes);
  const dBias = new Float64Array(classes);
  const dFeatures = new Float64Array(features.length);
  for (let n = 0; n < batch; n++) {
    for (let p = 0; p < pixels; p++) {
      for (let c = 0; c < channels; c++) {
        pooled[n * channels + c]! += features[(n * pixels + p) * channels + c]! / pixels;
      }
    }
    for (let k = 0; k < classes; k++) {
      let sum = bias[k]!;
      for (let c = 0; c < channels; c++) sum += pooled[n * channels + c]! * weight[c * classes + k]!;
      logits[n * classes + k] = sum;
    }
    const row = logits.subarray(n * classes, (n + 1) * classes);
    const label = labels[n]!;
    const largest = Math.max(...row);
    const sum = row.reduce((total, logit) => total + Math.exp(logit - largest), 0);
    losses[n] = Math.log(sum) + largest - row[label]!;
    correct.push(!row.includes(NaN) && row.indexOf(largest) === label ? 1 : 0);
    for (let k = 0; k < classes; k++) {
      const d = (Math.exp(row[k]! - largest) / sum - (k === label ? 1 : 0)) / batch;
      dLogits[n * classes + k] = d;
      dBias[k]! += d;
      for (let c = 0; c < channels; c++) {
        dWeight[c * classes + k]! += d * pooled[n * channels + c]!;
        for (let p = 0; p < pixels; p++) {
          dFeatures[(n * pixels + p) * channels + c]! += (d * weight[c * classes + k]!) / pixels;
        }
      }
    }
  }
  return { pooled, logits, losses, correct, dLogits, dWeight, dBias, dFeatures };
}
