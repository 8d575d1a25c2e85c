// What a step whose layers are measured does besides:
//   node scripts/withBrowser.mjs vitest bench --run --project browser src/kernels/layerStatistics
import { convNorms } from '#domain/resnet.ts';
import type { Dispatch } from '#gpu/command.ts';
import { mapSize } from '../shared/maps.ts';
import {
  BATCH,
  benchLists,
  isFallback,
  largestMap,
  layers,
  mostChannels,
  network,
  parameters,
  wave,
  zeros,
} from '../shared/stepBench.ts';
import {
  LARGEST_WORDS,
  largestMagnitudes,
  layerPartsSize,
  layerRow,
  MOST_MAPS,
  rememberFilters,
  ROW_MEASURES,
  statisticsTuning,
} from './kernel.ts';

const EPS = 1e-5;

const tuning = statisticsTuning(isFallback);
const { packedSize: size } = parameters;
const filters = convNorms(network).map(({ conv }) => parameters.byName.get(`${conv.name}.weight`)!);
const [after, before, gradients] = [zeros(size), zeros(size), zeros(size)];
const largest = zeros(layers.length * LARGEST_WORDS);
const x = wave(largestMap);
const values = { buffer: zeros(2 * mostChannels) };
const maps = layers.map(({ shape }, layer) => {
  const { channels } = shape;
  const deviations = { values, first: channels, stride: 1, count: channels, eps: EPS };
  return { x, size: mapSize(shape), deviations, layer };
});
const activations: Dispatch[] = [];
for (let i = 0; i < maps.length; i += MOST_MAPS) {
  activations.push(...largestMagnitudes({ layers: maps.slice(i, i + MOST_MAPS), largest, tuning }));
}

await benchLists(`layer statistics, batch ${BATCH}`, {
  activations,
  'copy of the filters': rememberFilters({ parameters: after, before, size }),
  'filters and row': layerRow({
    filters,
    gradients,
    before,
    after,
    parts: zeros(layerPartsSize(filters, tuning)),
    largest,
    eps: EPS,
    counter: zeros(1),
    every: 5,
    rows: 1,
    ring: zeros(layers.length * ROW_MEASURES.length),
    tuning,
  }),
});
