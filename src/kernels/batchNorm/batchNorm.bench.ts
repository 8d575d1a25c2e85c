// Batch norm with ReLU and residual, layer by layer of a step:
//   node scripts/withBrowser.mjs vitest bench --run --project browser src/kernels/batchNorm
import { bufferTable } from '#domain/resnet.ts';
import { mapTuning } from '../shared/maps.ts';
import {
  BATCH,
  benchLists,
  isFallback,
  largestMap,
  layers,
  network,
  parameters,
  placeOf,
  wave,
  zeros,
} from '../shared/stepBench.ts';
import { batchNormBackward, batchNormScratchSize, batchNormTraining } from './kernel.ts';

const tuning = mapTuning(isFallback);
const places = bufferTable(network, 'bn');
const [x, residual, y, dy] = [wave(largestMap), wave(largestMap), wave(largestMap), wave(largestMap)];
const [dx, dz] = [zeros(largestMap), zeros(largestMap)];
const [packed, gradients] = [zeros(parameters.packedSize), zeros(parameters.packedSize)];
const running = zeros(places.packedSize);
const stats = zeros(2 * Math.max(...layers.map(({ shape }) => shape.channels)));
const scratch = zeros(Math.max(...layers.map(({ shape }) => batchNormScratchSize(shape, tuning))));

const common = layers.map(({ name, shape, relu, joins }) => {
  const affine = { gamma: placeOf(`${name}.weight`), beta: placeOf(`${name}.bias`) };
  return {
    joins,
    affine,
    kernel: { shape, tuning, relu, x, stats, scratch, parameters: { buffer: packed, ...affine } },
    running: {
      buffer: running,
      mean: places.byName.get(`${name}.running_mean`)!.offset,
      variance: places.byName.get(`${name}.running_var`)!.offset,
    },
  };
});

await benchLists(`batch norm of all layers, batch ${BATCH}`, {
  forward: common.flatMap(({ joins, kernel, running }) =>
    batchNormTraining({ ...kernel, ...(joins ? { residual } : {}), running, y }),
  ),
  backward: common.flatMap(({ joins, affine, kernel }) =>
    batchNormBackward({
      ...kernel,
      dy,
      y,
      dx,
      gradients: { buffer: gradients, ...affine },
      ...(joins ? { dz } : {}),
    }),
  ),
});
