// The batch of a step out of a data set of bytes:
//   node scripts/withBrowser.mjs vitest bench --run --project browser src/kernels/gather
import type { Dispatch } from '#gpu/command.ts';
import { BATCH, benchLists, zeros } from '../shared/stepBench.ts';
import { gatherTraining, orderBufferWords } from './kernel.ts';

const COUNT = 100;
/** Bytes of an image, and values. */
const IMAGE = 32 * 32 * 3;

const batch = (augment: boolean): Dispatch[] =>
  gatherTraining({
    source: { images: zeros((COUNT * IMAGE) / 4), labels: zeros(COUNT / 4), count: COUNT },
    batch: BATCH,
    mean: [0.5, 0.5, 0.5],
    deviation: [0.25, 0.25, 0.25],
    x: zeros(BATCH * IMAGE),
    labels: zeros(BATCH),
    order: zeros(orderBufferWords(COUNT)),
    counter: zeros(1),
    augment,
    seed: 1,
  });

await benchLists(`gather, batch ${BATCH}`, { 'as it is': batch(false), 'crop and flip': batch(true) });
