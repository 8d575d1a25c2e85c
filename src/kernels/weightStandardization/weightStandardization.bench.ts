// What Weight Standardization adds to a step, and what it replaces, for all filters of ResNet-18 at width 16:
//   node scripts/withBrowser.mjs vitest bench --run --project browser src/kernels/weightStandardization
// A sample is one submit that runs a list ten times.
import { bench, describe } from 'vitest';
import { convNorms, parameterTable, resnet18 } from '#domain/resnet.ts';
import { createStorage, upload } from '#gpu/buffers.ts';
import type { Dispatch } from '#gpu/command.ts';
import { requestGpu } from '#gpu/device.ts';
import { pipelineCache } from '#gpu/pipelines.ts';
import { record } from '#gpu/replay.ts';
import { filterGradientSplits } from '../conv2d/kernel.ts';
import { convShape } from '../conv2d/shape.ts';
import { defaultVariant } from '../conv2d/variants.ts';
import { optimizerStep } from '../optimizer/kernel.ts';
import { filterGradients, placePartials, standardizeFilters, statisticsSize } from './kernel.ts';
import { filterTuning } from './table.ts';
import { updateStandardized } from './update.ts';
import { flatTuning } from '../shared/flat.ts';
import { submitted } from '../shared/submitted.ts';

const BATCH = 2;
const REPEATS = 10;

const context = await requestGpu();
const cache = pipelineCache(context);
const { isFallback } = context.adapter;
const tuning = filterTuning(isFallback);
const network = resnet18({ width: 16, stemPadding: 1, classes: 10 });
const parameters = parameterTable(network, 'bn');
const filters = convNorms(network).map(({ conv }) => {
  const shape = convShape(conv, BATCH);
  return {
    offset: parameters.byName.get(`${conv.name}.weight`)!.offset,
    fanIn: shape.kernel ** 2 * shape.inChannels,
    outChannels: shape.outChannels,
    splits: filterGradientSplits(shape, defaultVariant('filterGradient', shape, isFallback)),
  };
});
const { places, size } = placePartials(filters);
const buffer = (count: number): GPUBuffer => {
  const out = createStorage(context, 'bench', count * 4);
  upload(
    context,
    out,
    Float32Array.from({ length: count }, (_, i) => 0.1 * Math.sin(1.37 * i) + 0.03),
  );
  return out;
};
const [packed, gradient, standardized, mean, square] = Array.from({ length: 5 }, () =>
  buffer(parameters.packedSize),
) as [GPUBuffer, GPUBuffer, GPUBuffer, GPUBuffer, GPUBuffer];
const partials = { buffer: buffer(size) };
const statistics = { buffer: buffer(statisticsSize(filters)) };
const standardization = { standardized: { buffer: standardized }, statistics };
const optimizer = {
  optimizer: 'adamw' as const,
  packedSize: parameters.packedSize,
  weightDecay: 0,
  parameters: packed,
  gradients: gradient,
  moments: [mean, square],
  schedule: createStorage(context, 'bench', 16),
  counter: createStorage(context, 'bench', 4),
};

const lists: Record<string, Dispatch[]> = {
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
};

for (const dispatches of Object.values(lists)) await cache.compile(dispatches.map(({ shader }) => shader));

describe(`${REPEATS} times on ${context.adapter.description || context.adapter.vendor}`, () => {
  for (const [name, dispatches] of Object.entries(lists)) {
    const recording = record(context, cache, dispatches);
    bench(name, () => submitted(context, recording, REPEATS), {
      time: 600,
      iterations: 5,
      warmupTime: 50,
      warmupIterations: 1,
    });
  }
});
