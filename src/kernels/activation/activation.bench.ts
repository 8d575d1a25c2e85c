// ReLU where it stands alone, in a network without normalization, with the residual where a block ends:
//   node scripts/withBrowser.mjs vitest bench --run --project browser src/kernels/activation
import { flatTuning } from '../shared/flat.ts';
import { mapSize } from '../shared/maps.ts';
import { BATCH, benchLists, isFallback, largestMap, layers, wave, zeros } from '../shared/stepBench.ts';
import { relu, reluBackward } from './kernel.ts';

const tuning = flatTuning(isFallback);
const [x, residual, y, dy] = [wave(largestMap), wave(largestMap), wave(largestMap), wave(largestMap)];
const dz = zeros(largestMap);
const withRelu = layers.filter((layer) => layer.relu);

await benchLists(`ReLU of all layers, batch ${BATCH}`, {
  forward: withRelu.flatMap(({ shape, joins }) =>
    relu({ size: mapSize(shape), tuning, x, ...(joins ? { residual } : {}), y }),
  ),
  backward: withRelu.flatMap(({ shape }) => reluBackward({ size: mapSize(shape), tuning, dy, y, dz })),
});
