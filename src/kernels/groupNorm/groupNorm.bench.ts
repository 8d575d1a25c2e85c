// Group norm with ReLU and residual, layer by layer of a step:
//   node scripts/withBrowser.mjs vitest bench --run --project browser src/kernels/groupNorm
import { groupCount } from '#domain/resnet.ts';
import { largestOf, normLayers } from '../shared/normBench.ts';
import { BATCH, benchLists, zeros } from '../shared/stepBench.ts';
import { groupNormBackward, groupNormForward, groupNormScratchSize, groupNormStatsSize } from './kernel.ts';

const stats = zeros(largestOf((shape) => groupNormStatsSize(shape, groupCount(shape.channels))));
const scratch = zeros(largestOf(groupNormScratchSize));

await benchLists(`group norm of all layers, batch ${BATCH}`, {
  forward: normLayers.flatMap(({ shape, forward }) =>
    groupNormForward({ ...forward, groups: groupCount(shape.channels), stats }),
  ),
  backward: normLayers.flatMap(({ shape, backward }) =>
    groupNormBackward({ ...backward, groups: groupCount(shape.channels), stats, scratch }),
  ),
});
