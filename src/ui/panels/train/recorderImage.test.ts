import { describe, expect, it } from 'vitest';
import type { LayerHistory } from '#domain/layerHistory.ts';
import { RAMP, recorderImage } from './recorderImage.ts';

/** Two layers, three samples; rows are samples. */
const history: LayerHistory = {
  steps: [5, 10, 15],
  layers: ['conv1', 'conv2'],
  gradientNorm: Float32Array.of(0.01, 1, 0.1, Number.NaN, 1, Infinity),
  relativeUpdate: new Float32Array(6),
  largestActivation: new Float32Array(6).fill(3),
  smallestDeviation: new Float32Array(6).fill(Number.NaN),
};
const pixel = (pixels: Uint8ClampedArray, layer: number, sample: number): number[] =>
  Array.from(pixels.subarray((layer * 3 + sample) * 4, (layer * 3 + sample) * 4 + 4));

describe('recorderImage', () => {
  it('colours by the logarithm, layers from top to bottom', () => {
    const { pixels, range } = recorderImage(history, 'gradientNorm');
    expect(range!.map((value) => Number(value.toFixed(6)))).toEqual([0.01, 1]);
    expect(pixel(pixels, 0, 0)).toEqual([...RAMP[0]!, 255]);
    expect(pixel(pixels, 0, 1)).toEqual([...RAMP[2]!, 255]); // a tenth is half way
    expect(pixel(pixels, 0, 2)).toEqual([...RAMP[4]!, 255]);
  });

  it('marks what is no number, and leaves out what was never measured', () => {
    const { pixels } = recorderImage(history, 'gradientNorm');
    expect(pixel(pixels, 1, 1)).toEqual(pixel(pixels, 1, 2));
    expect(pixel(pixels, 1, 1)).not.toEqual(pixel(pixels, 1, 0));
    const nothing = recorderImage(history, 'smallestDeviation');
    expect(nothing.range).toBeUndefined();
    expect(nothing.pixels.every((value) => value === 0)).toBe(true);
  });

  it('has a scale also where everything is equal or zero', () => {
    expect(recorderImage(history, 'largestActivation').range).toEqual([3, 3]);
    expect(pixel(recorderImage(history, 'relativeUpdate').pixels, 0, 0)).toEqual([...RAMP[0]!, 255]);
  });
});
