import { mapTuning, type MapShape, type MapTuning } from './maps.ts';
import { isFallback, largestMap, layers, parameters, placeOf, wave, zeros } from './stepBench.ts';

/*
 * What the benchmarks of normalizations share: every layer's maps, in buffers that all layers use in turn, with the
 * ReLU that follows and, where a block ends, the residual.
 */

const tuning = mapTuning(isFallback);
const [x, residual, y, dy] = [wave(largestMap), wave(largestMap), wave(largestMap), wave(largestMap)];
const [dx, dz] = [zeros(largestMap), zeros(largestMap)];
const [packed, gradients] = [zeros(parameters.packedSize), zeros(parameters.packedSize)];

/** Floats of a buffer that serves every layer. */
export function largestOf(size: (shape: MapShape, layerTuning: MapTuning) => number): number {
  return Math.max(...layers.map(({ shape }) => size(shape, tuning)));
}

/** Options of the kernels, but for what a normalization keeps of its own. */
export const normLayers = layers.map(({ name, shape, relu, joins }) => {
  const affine = { gamma: placeOf(`${name}.weight`), beta: placeOf(`${name}.bias`) };
  const common = { shape, tuning, relu, x, y, parameters: { buffer: packed, ...affine } };
  return {
    name,
    shape,
    forward: { ...common, ...(joins ? { residual } : {}) },
    backward: { ...common, dy, dx, gradients: { buffer: gradients, ...affine }, ...(joins ? { dz } : {}) },
  };
});
