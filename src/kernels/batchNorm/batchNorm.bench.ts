// Batch norm with ReLU and residual, layer by layer of a step:
//   node scripts/withBrowser.mjs vitest bench --run --project browser src/kernels/batchNorm
import { bufferTable } from '#domain/resnet.ts';
import { largestOf, normLayers } from '../shared/normBench.ts';
import { BATCH, benchLists, mostChannels, network, zeros } from '../shared/stepBench.ts';
import { batchNormBackward, batchNormScratchSize, batchNormTraining } from './kernel.ts';

const places = bufferTable(network, 'bn');
const buffer = zeros(places.packedSize);
const placeOfBuffer = (name: string): number => places.byName.get(name)!.offset;
const stats = zeros(2 * mostChannels);
const scratch = zeros(largestOf(batchNormScratchSize));

await benchLists(`batch norm of all layers, batch ${BATCH}`, {
  forward: normLayers.flatMap(({ name, forward }) => {
    const mean = placeOfBuffer(`${name}.running_mean`);
    const variance = placeOfBuffer(`${name}.running_var`);
    return batchNormTraining({ ...forward, stats, scratch, running: { buffer, mean, variance } });
  }),
  backward: normLayers.flatMap(({ backward }) => batchNormBackward({ ...backward, stats, scratch })),
});
