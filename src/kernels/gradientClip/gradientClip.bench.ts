// What clipping adds to a step without Weight Standardization:
//   node scripts/withBrowser.mjs vitest bench --run --project browser src/kernels/gradientClip
import { benchLists, isFallback, parameters, wave, zeros } from '../shared/stepBench.ts';
import { clipCoefficient, clipPartsSize, clipTuning } from './kernel.ts';

const { packedSize } = parameters;
const tuning = clipTuning(isFallback);

await benchLists(`${packedSize} gradients`, {
  'norm and coefficient': clipCoefficient({
    gradients: wave(packedSize),
    packedSize,
    largest: 1,
    parts: zeros(clipPartsSize(packedSize, tuning)),
    coefficient: zeros(1),
    tuning,
  }),
});
