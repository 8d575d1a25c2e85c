/** Weight Standardization of one filter `[fanIn, outC]` to deviation `gain`, in double precision, with what backward needs. */
export function standardizeReference(
  filter: ArrayLike<number>,
  fanIn: number,
  outChannels: number,
  eps: number,
  gain = 1,
): { standardized: Float64Array; deviation: Float64Array } {
  const standardized = new Float64Array(fanIn * outChannels);
  const deviation = new Float64Array(outChannels);
  for (let o = 0; o < outChannels; o++) {
    let mean = 0;
    for (let i = 0; i < fanIn; i++) mean += filter[i * outChannels + o]! / fanIn;
    let squares = 0;
    for (let i = 0; i < fanIn; i++) squares += (filter[i * outChannels + o]! - mean) ** 2;
    // A filter of one weight has no spread: zero, where the unbiased formula would divide by zero.
    deviation[o] = Math.sqrt(squares / Math.max(fanIn - 1, 1));
    for (let i = 0; i < fanIn; i++) {
      standardized[i * outChannels + o] =
        (gain * (filter[i * outChannels + o]! - mean)) / (deviation[o]! + eps);
    }
  }
  return { standardized, deviation };
}

/**
 * Gradient with respect to the filter from that with respect to the standardized filter, both
 * `[fanIn, outC]`: through the division, the deviation and the mean, one after another.
 */
export function standardizeGradientReference(
  filter: ArrayLike<number>,
  gradient: ArrayLike<number>,
  fanIn: number,
  outChannels: number,
  eps: number,
  gain = 1,
): Float64Array {
  const { standardized, deviation } = standardizeReference(filter, fanIn, outChannels, eps);
  const out = new Float64Array(fanIn * outChannels);
  for (let o = 0; o < outChannels; o++) {
    const sd = deviation[o]!;
    // w^ = centred / (sd + eps)
    let gradientOfDeviation = 0;
    for (let i = 0; i < fanIn; i++) {
      const at = i * outChannels + o;
      gradientOfDeviation -= (gradient[at]! * standardized[at]!) / (sd + eps);
    }
    // sd = sqrt(sum of centred^2 / (fanIn - 1)); a constant filter passes nothing on
    const centredGradient = Float64Array.from({ length: fanIn }, (_, i) => {
      const at = i * outChannels + o;
      const centred = standardized[at]! * (sd + eps);
      return gradient[at]! / (sd + eps) + (sd > 0 ? (gradientOfDeviation * centred) / ((fanIn - 1) * sd) : 0);
    });
    // centred = w - mean
    let mean = 0;
    for (let i = 0; i < fanIn; i++) mean += centredGradient[i]! / fanIn;
    for (let i = 0; i < fanIn; i++) out[i * outChannels + o] = gain * (centredGradient[i]! - mean);
  }
  return out;
}
