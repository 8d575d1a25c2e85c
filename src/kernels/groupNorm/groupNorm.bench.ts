// Group norm with ReLU and residual, layer by layer of a step:
//   node scripts/withBrowser.mjs vitest bench --run --project browser src/kernels/groupNorm
import { groupCount } from '#domain/resnet.ts';
import { mapTuning } from '../shared/maps.ts';
import {
  BATCH,
  benchLists,
  isFallback,
  largestMap,
  layers,
  parameters,
  placeOf,
  wave,
  zeros,
} from '../shared/stepBench.ts';
import { groupNormBackward, groupNormForward } from './kernel.ts';

const tuning = mapTuning(isFallback);
const [x, residual, y, dy] = [wave(largestMap), wave(largestMap), wave(largestMap), wave(largestMap)];
const [dx, dz] = [zeros(largestMap), zeros(largestMap)];
const [packed, gradients] = [zeros(parameters.packedSize), zeros(parameters.packedSize)];
const perChannel = 2 * BATCH * Math.max(...layers.map(({ shape }) => shape.channels));
const [stats, scratch] = [zeros(perChannel), zeros(perChannel)];

const common = layers.map(({ name, shape, relu, joins }) => {
  const affine = { gamma: placeOf(`${name}.weight`), beta: placeOf(`${name}.bias`) };
  const groups = groupCount(shape.channels);
  return {
    joins,
    affine,
    kernel: { shape, tuning, groups, relu, x, stats, parameters: { buffer: packed, ...affine } },
  };
});

await benchLists(`group norm of all layers, batch ${BATCH}`, {
  forward: common.flatMap(({ joins, kernel }) =>
    groupNormForward({ ...kernel, ...(joins ? { residual } : {}), y }),
  ),
  backward: common.flatMap(({ joins, affine, kernel }) =>
    groupNormBackward({
      ...kernel,
      dy,
      y,
      dx,
      scratch,
      gradients: { buffer: gradients, ...affine },
      ...(joins ? { dz } : {}),
    }),
  ),
});
