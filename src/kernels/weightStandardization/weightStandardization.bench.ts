// What Weight Standardization adds to a step, and what it replaces, for all filters of ResNet-18 at width 16:
//   node scripts/withBrowser.mjs vitest bench --run --project browser src/kernels/weightStandardization
import { convNorms } from '#domain/resnet.ts';
import { filterGradientSplits } from '../conv2d/kernel.ts';
import { convShape } from '../conv2d/shape.ts';
import { defaultVariant } from '../conv2d/variants.ts';
import { optimizerStep, SCHEDULE_ROW } from '../optimizer/kernel.ts';
import { flatTuning } from '../shared/flat.ts';
import { benchLists, isFallback, network, parameters, placeOf, wave, zeros } from '../shared/stepBench.ts';
import { filterGradients, placePartials, standardizeFilters, statisticsSize } from './kernel.ts';
import { filterTuning } from './table.ts';
import { updateStandardized } from './update.ts';

const BATCH = 2;

const tuning = filterTuning(isFallback);
const filters = convNorms(network).map(({ conv }) => {
  const shape = convShape(conv, BATCH);
  return {
    offset: placeOf(`${conv.name}.weight`),
    fanIn: shape.kernel ** 2 * shape.inChannels,
    outChannels: shape.outChannels,
    splits: filterGradientSplits(shape, defaultVariant('filterGradient', shape, isFallback)),
  };
});
const { places, size } = placePartials(filters);
// Above zero, since AdamW takes roots of squares.
const [packed, gradient, standardized, mean, square] = Array.from({ length: 5 }, () =>
  wave(parameters.packedSize, 1.1),
) as [GPUBuffer, GPUBuffer, GPUBuffer, GPUBuffer, GPUBuffer];
const partials = { buffer: wave(size) };
const statistics = { buffer: wave(statisticsSize(filters)) };
const standardization = { standardized: { buffer: standardized }, statistics };
const optimizer = {
  optimizer: 'adamw' as const,
  packedSize: parameters.packedSize,
  weightDecay: 0,
  parameters: packed,
  gradients: gradient,
  moments: [mean, square],
  schedule: zeros(SCHEDULE_ROW),
  counter: zeros(1),
};

await benchLists(`filters, batch ${BATCH}`, {
  standardize: standardizeFilters(filters, { parameters: { buffer: packed }, ...standardization }, tuning),
  'sum of partials': filterGradients(places, { partials, gradient: { buffer: gradient } }, tuning),
  'sum and Jacobian': filterGradients(
    places,
    { partials, gradient: { buffer: gradient }, standardization },
    tuning,
  ),
  AdamW: optimizerStep({ ...optimizer, tuning: flatTuning(isFallback) }),
  'sum, Jacobian, AdamW and standardize': updateStandardized({
    ...optimizer,
    gradientEvery: 0,
    filters: places,
    partials,
    standardized,
    tuning,
  }),
});
