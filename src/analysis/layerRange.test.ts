import { describe, expect, it } from 'vitest';
import type { LayerHistory, LayerMeasure } from '#domain/layerHistory.ts';
import { firstLayerOut } from './layerRange.ts';

const layers = ['conv1', 'layer1.0.conv1', 'layer1.0.conv2'];

/** Values that wobble by 5 %, with changes at (sample, layer, measure). */
function history(
  samples: number,
  changes: readonly (readonly [sample: number, layer: number, measure: LayerMeasure, value: number])[] = [],
): LayerHistory {
  const wobbling = () =>
    Float32Array.from({ length: samples * layers.length }, (_, i) => 1 + 0.05 * Math.sin(7 * i));
  const measures = {
    gradientNorm: wobbling(),
    relativeUpdate: wobbling(),
    largestActivation: wobbling(),
    smallestDeviation: new Float32Array(samples * layers.length).fill(Number.NaN), // a network without norms
  };
  for (const [sample, layer, measure, value] of changes)
    measures[measure][sample * layers.length + layer] = value;
  return { steps: Array.from({ length: samples }, (_, i) => 5 * i + 3), layers, ...measures };
}

describe('firstLayerOut', () => {
  it('finds no exit where every value stays in its range', () => {
    expect(firstLayerOut(history(200))).toBeUndefined();
  });

  it('names the earliest exit, its layer, measure and step', () => {
    const exit = firstLayerOut(
      history(200, [
        [150, 2, 'gradientNorm', 1e6],
        [140, 1, 'largestActivation', 40],
      ]),
    );
    expect(exit).toMatchObject({
      sample: 140,
      step: 703,
      layerIndex: 1,
      layer: 'layer1.0.conv1',
      measure: 'largestActivation',
      value: 40,
    });
    expect(exit!.score).toBeGreaterThan(6);
  });

  it('of several at one sample takes the farthest, downward too', () => {
    const exit = firstLayerOut(
      history(100, [
        [80, 2, 'gradientNorm', 1e-20],
        [80, 0, 'gradientNorm', 10],
      ]),
    );
    expect(exit).toMatchObject({ layer: 'layer1.0.conv2' });
    expect(exit!.score).toBeLessThan(-6);
  });

  it('takes a value that is not finite as an exit, zero as a very small one', () => {
    expect(firstLayerOut(history(100, [[60, 0, 'gradientNorm', Number.NaN]]))).toMatchObject({
      sample: 60,
      score: Number.POSITIVE_INFINITY,
    });
    expect(firstLayerOut(history(100, [[60, 0, 'relativeUpdate', 0]]))!.score).toBeLessThan(-6);
  });

  it('gives a constant measure a range of its own', () => {
    const constant = history(100);
    constant.gradientNorm.fill(1);
    constant.gradientNorm[90 * layers.length] = 1.05;
    expect(firstLayerOut(constant)).toBeUndefined();
    constant.gradientNorm[90 * layers.length] = 1.07;
    expect(firstLayerOut(constant)!.sample).toBe(90);
  });

  it('compares with the preceding hundred samples alone', () => {
    // A rise that the spread of all samples so far would hide: an earlier level was higher too.
    const moved = history(300);
    for (let i = 0; i < 100 * layers.length; i++) moved.gradientNorm[i]! *= 1.15;
    for (let i = 250 * layers.length; i < moved.gradientNorm.length; i++) moved.gradientNorm[i]! *= 1.3;
    const { sample } = firstLayerOut(moved)!;
    expect(sample).toBe(250);
  });

  it('says nothing of a history that is too short', () => {
    expect(firstLayerOut(history(20))).toBeUndefined();
    expect(firstLayerOut(history(20, [[19, 0, 'gradientNorm', 1e9]]))).toBeUndefined();
  });
});
