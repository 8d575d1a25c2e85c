// The update of all parameters:
//   node scripts/withBrowser.mjs vitest bench --run --project browser src/kernels/optimizer
import type { Dispatch } from '#gpu/command.ts';
import { flatTuning } from '../shared/flat.ts';
import { benchLists, isFallback, parameters, zeros } from '../shared/stepBench.ts';
import { momentCount, optimizerStep, SCHEDULE_ROW } from './kernel.ts';

const { packedSize } = parameters;

const step = (optimizer: 'adamw' | 'sgd'): Dispatch[] =>
  optimizerStep({
    optimizer,
    packedSize,
    weightDecay: 0.01,
    parameters: zeros(packedSize),
    gradients: zeros(packedSize),
    moments: Array.from({ length: momentCount(optimizer) }, () => zeros(packedSize)),
    schedule: zeros(SCHEDULE_ROW),
    counter: zeros(1),
    tuning: flatTuning(isFallback),
  });

await benchLists(`${packedSize} parameters`, { AdamW: step('adamw'), SGD: step('sgd') });
