import { Tuner } from '#engine/replay/tuner.ts';
import { requestGpu } from '#gpu/device.ts';
import { compareSystems, type CompareOptions, type Comparison } from './compare.ts';

/** The benchmark without a browser: `scripts/bench.mjs` puts Dawn's WebGPU into `navigator.gpu` first. */
export async function compareInNode(options: CompareOptions): Promise<Comparison> {
  const context = await requestGpu();
  try {
    const tuner = new Tuner(context);
    return await compareSystems(context, options, {
      choose: (run) => tuner.choose(run),
    });
  } finally {
    context.dispose();
  }
}
