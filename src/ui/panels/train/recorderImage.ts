import type { LayerHistory, LayerMeasure } from '#domain/layerHistory.ts';

/** Cividis, which people see alike whatever their colour vision. Source: Nuñez, Anderton & Renslow 2018. */
export const RAMP: readonly (readonly [number, number, number])[] = [
  [0, 34, 78],
  [67, 78, 108],
  [125, 124, 120],
  [188, 175, 111],
  [254, 232, 56],
];
/** What has no number: nothing of the ramp is red. */
const NOT_A_NUMBER = [204, 36, 66] as const;

export interface RecorderImage {
  /** Layers from top to bottom, samples from left to right: `[layers, samples, 4]` RGBA. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  /** Ends of the colour scale, which is logarithmic; undefined where nothing was measured. */
  readonly range: readonly [number, number] | undefined;
}

/** Colour of a share of the ramp from 0 to 1. */
function rampColour(share: number): readonly [number, number, number] {
  const at = Math.min(Math.max(share, 0), 1) * (RAMP.length - 1);
  const low = RAMP[Math.min(Math.floor(at), RAMP.length - 2)]!;
  const high = RAMP[Math.min(Math.floor(at), RAMP.length - 2) + 1]!;
  const part = at - Math.min(Math.floor(at), RAMP.length - 2);
  return [0, 1, 2].map((i) => Math.round(low[i]! + part * (high[i]! - low[i]!))) as [number, number, number];
}

/**
 * One measure of a recorded run as a picture, a pixel for each layer and sample, coloured by its logarithm. What
 * was measured and is no number is red; what a network does not have (deviations without normalization) is
 * transparent.
 */
export function recorderImage(history: LayerHistory, measure: LayerMeasure): RecorderImage {
  const values = history[measure];
  const samples = history.steps.length;
  const layers = history.layers.length;
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const value of values) {
    if (!(Number.isFinite(value) && value > 0)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const isKnown = high > 0;
  const span = Math.log(high / low) || 1;
  const pixels = new Uint8ClampedArray(layers * samples * 4);
  for (let layer = 0; layer < layers; layer++) {
    const isMeasured = values.some((value, i) => i % layers === layer && !Number.isNaN(value));
    for (let sample = 0; sample < samples; sample++) {
      const value = values[sample * layers + layer]!;
      if (Number.isNaN(value) && !isMeasured) continue;
      const colour = !Number.isFinite(value)
        ? NOT_A_NUMBER
        : rampColour(isKnown && value > 0 ? Math.log(value / low) / span : 0);
      pixels.set([...colour, 255], (layer * samples + sample) * 4);
    }
  }
  return { pixels, range: isKnown ? [low, high] : undefined };
}
