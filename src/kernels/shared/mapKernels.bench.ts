// Every kernel of a training step but the convolutions, layer by layer of ResNet-18 at width 16 and batch 16:
//   node scripts/withBrowser.mjs vitest bench --project browser src/kernels/shared
// A sample is one submit that runs a list ten times; docs/performance.md says what the figures mean.
import { bench, describe } from 'vitest';
import { bufferTable, convNorms, groupCount, parameterTable, resnet18 } from '#domain/resnet.ts';
import { createStorage, upload } from '#gpu/buffers.ts';
import type { Dispatch } from '#gpu/command.ts';
import { requestGpu } from '#gpu/device.ts';
import { pipelineCache } from '#gpu/pipelines.ts';
import { record } from '#gpu/replay.ts';
import { relu, reluBackward } from '../activation/kernel.ts';
import { batchNormBackward, batchNormScratchSize, batchNormTraining } from '../batchNorm/kernel.ts';
import { gatherTraining } from '../gather/kernel.ts';
import { groupNormBackward, groupNormForward } from '../groupNorm/kernel.ts';
import { headTraining } from '../head/kernel.ts';
import {
  LARGEST_WORDS,
  largestMagnitudes,
  layerPartsSize,
  layerRow,
  MOST_MAPS,
  rememberFilters,
  ROW_MEASURES,
  statisticsTuning,
} from '../layerStatistics/kernel.ts';
import { optimizerStep } from '../optimizer/kernel.ts';
import { flatTuning } from './flat.ts';
import { mapSize, mapTuning } from './maps.ts';
import { submitted } from './submitted.ts';

const BATCH = 16;
const REPEATS = 10;

const context = await requestGpu();
const cache = pipelineCache(context);
const network = resnet18({ width: 16, stemPadding: 1, classes: 10 });
const parameterPlaces = parameterTable(network, 'bn');
const runningPlaces = bufferTable(network, 'bn');
const tuning = mapTuning(context.adapter.isFallback);
const flat = flatTuning(context.adapter.isFallback);
const scratchOf = (floats: number) => createStorage(context, 'bench', floats * 4);
const at = (places: typeof parameterPlaces, name: string) => places.byName.get(name)!.offset;

const layers = convNorms(network).map(({ norm }) => ({
  name: norm.name,
  shape: { batch: BATCH, pixels: norm.size ** 2, channels: norm.channels },
}));
const largest = Math.max(...layers.map(({ shape }) => mapSize(shape)));
const wave = () => {
  const buffer = scratchOf(largest);
  upload(
    context,
    buffer,
    Float32Array.from({ length: largest }, (_, i) => Math.sin(1.37 * i) + 0.3),
  );
  return buffer;
};
const [x, residual, y, dy] = [wave(), wave(), wave(), wave()];
const [dx, dz] = [scratchOf(largest), scratchOf(largest)];
const [packed, gradients, first, second] = [0, 1, 2, 3].map(() => scratchOf(parameterPlaces.packedSize)) as [
  GPUBuffer,
  GPUBuffer,
  GPUBuffer,
  GPUBuffer,
];
const runningBuffer = scratchOf(runningPlaces.packedSize);
const stats = scratchOf(BATCH * 1024);
const scratch = scratchOf(
  Math.max(
    ...layers.map(({ shape }) => Math.max(batchNormScratchSize(shape, tuning), 2 * BATCH * shape.channels)),
  ),
);
const counter = scratchOf(4);
const labels = scratchOf(BATCH);

const lists: Record<string, Dispatch[]> = {};
const add = (name: string, dispatches: readonly Dispatch[]) => (lists[name] ??= []).push(...dispatches);
for (const { name, shape } of layers) {
  const affine = { gamma: at(parameterPlaces, `${name}.weight`), beta: at(parameterPlaces, `${name}.bias`) };
  const hasRelu = !name.includes('downsample');
  const joins = name.endsWith('bn2');
  const common = { shape, tuning, relu: hasRelu, x, stats, parameters: { buffer: packed, ...affine } };
  const skip = joins ? { residual } : {};
  const back = { dy, y, dx, scratch, gradients: { buffer: gradients, ...affine }, ...(joins ? { dz } : {}) };
  const running = {
    buffer: runningBuffer,
    mean: at(runningPlaces, `${name}.running_mean`),
    variance: at(runningPlaces, `${name}.running_var`),
  };
  const groups = groupCount(shape.channels);
  add('batch norm forward', batchNormTraining({ ...common, ...skip, running, scratch, y }));
  add('batch norm backward', batchNormBackward({ ...common, ...back }));
  add('group norm forward', groupNormForward({ ...common, ...skip, groups, y }));
  add('group norm backward', groupNormBackward({ ...common, ...back, groups }));
  if (!hasRelu) continue;
  const size = mapSize(shape);
  add('ReLU forward', relu({ size, tuning: flat, x, ...skip, y }));
  add('ReLU backward', reluBackward({ size, tuning: flat, dy, y, dz }));
}
const classifier = { weight: at(parameterPlaces, 'fc.weight'), bias: at(parameterPlaces, 'fc.bias') };
add(
  'head',
  headTraining({
    shape: layers.at(-1)!.shape,
    tuning,
    classes: network.classes,
    features: x,
    parameters: { buffer: packed, ...classifier },
    gradients: { buffer: gradients, ...classifier },
    labels,
    logits: scratchOf(BATCH * network.classes),
    results: scratchOf(BATCH * 2),
    pooled: scratchOf(BATCH * network.features),
    dLogits: scratchOf(BATCH * network.classes),
    dFeatures: dx,
    counter,
    ring: scratchOf(8),
    ringSize: 4,
  }),
);
add(
  'AdamW',
  optimizerStep({
    optimizer: 'adamw',
    packedSize: parameterPlaces.packedSize,
    weightDecay: 0.01,
    parameters: packed,
    gradients,
    moments: [first, second],
    schedule: scratchOf(4),
    counter,
    tuning: flat,
  }),
);
add(
  'gather with crop and flip',
  gatherTraining({
    source: { images: scratchOf(100 * 768), labels: scratchOf(25), count: 100 },
    batch: BATCH,
    mean: [0.5, 0.5, 0.5],
    deviation: [0.25, 0.25, 0.25],
    x,
    labels,
    order: scratchOf(4 + BATCH),
    counter,
    augment: true,
    seed: 1,
  }),
);
const filters = convNorms(network).map(({ conv }) => parameterPlaces.byName.get(`${conv.name}.weight`)!);
const statistics = statisticsTuning(context.adapter.isFallback);
const largestOfLayers = scratchOf(layers.length * LARGEST_WORDS);
const maps = layers.map(({ shape }, layer) => ({
  x,
  size: mapSize(shape),
  deviations: {
    values: { buffer: stats },
    first: shape.channels,
    stride: 1,
    count: shape.channels,
    eps: 1e-5,
  },
  layer,
}));
for (let i = 0; i < maps.length; i += MOST_MAPS) {
  add(
    'layer statistics: activations',
    largestMagnitudes({ layers: maps.slice(i, i + MOST_MAPS), largest: largestOfLayers, tuning: statistics }),
  );
}
add('layer statistics: filters', [
  ...rememberFilters({ parameters: packed, before: first, size: parameterPlaces.packedSize }),
  ...layerRow({
    filters,
    gradients,
    before: first,
    after: packed,
    parts: scratchOf(layerPartsSize(filters, statistics)),
    largest: largestOfLayers,
    eps: 1e-5,
    counter,
    every: 5,
    rows: 200,
    ring: scratchOf(200 * layers.length * ROW_MEASURES.length),
    tuning: statistics,
  }),
]);
await cache.compile(Object.values(lists).flatMap((list) => list.map(({ shader }) => shader)));

describe(`width 16, batch ${BATCH}, ${REPEATS} times, ${context.adapter.vendor} ${context.adapter.architecture}`, () => {
  for (const [name, list] of Object.entries(lists)) {
    const recording = record(context, cache, Array.from({ length: REPEATS }, () => list).flat());
    bench(`${name} (${list.length} dispatches)`, () => submitted(context, recording), {
      time: 1000,
      warmupIterations: 1,
    });
  }
});
