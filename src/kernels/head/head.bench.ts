// Pool, linear layer, loss and their gradients:
//   node scripts/withBrowser.mjs vitest bench --run --project browser src/kernels/head
import { mapSize, mapTuning } from '../shared/maps.ts';
import {
  BATCH,
  benchLists,
  isFallback,
  layers,
  network,
  parameters,
  placeOf,
  wave,
  zeros,
} from '../shared/stepBench.ts';
import { headTraining, RESULT_WORDS } from './kernel.ts';

const { shape } = layers.at(-1)!;
const { classes, features } = network;
const classifier = { weight: placeOf('fc.weight'), bias: placeOf('fc.bias') };

await benchLists(`head, batch ${BATCH}`, {
  'forward and gradients': headTraining({
    shape,
    tuning: mapTuning(isFallback),
    classes,
    features: wave(mapSize(shape)),
    parameters: { buffer: zeros(parameters.packedSize), ...classifier },
    gradients: { buffer: zeros(parameters.packedSize), ...classifier },
    labels: zeros(BATCH),
    logits: zeros(BATCH * classes),
    results: zeros(BATCH * RESULT_WORDS),
    pooled: zeros(BATCH * features),
    dLogits: zeros(BATCH * classes),
    dFeatures: zeros(mapSize(shape)),
    counter: zeros(1),
    ring: zeros(RESULT_WORDS),
    ringSize: 1,
  }),
});
