// Every pass of every distinct convolution of ResNet-18 at width 16, with each candidate of the adapter:
//   node scripts/withBrowser.mjs vitest bench --run --project browser src/kernels/conv2d
// A sample is one submit of REPEATS runs, whose operations the name gives: MFLOP / ms = GFLOP/s.
import { bench, describe } from 'vitest';
import { convNorms, resnet18 } from '#domain/resnet.ts';
import { createStorage, upload } from '#gpu/buffers.ts';
import { requestGpu } from '#gpu/device.ts';
import { pipelineCache } from '#gpu/pipelines.ts';
import { record, type Recording } from '#gpu/replay.ts';
import { benchCases } from './benchConv.ts';
import { convShape, multiplyAdds, type ConvShape } from './shape.ts';
import { convVariants, softwareVariants } from './variants.ts';
import { submitted } from '../shared/submitted.ts';

const WIDTH = 16;
const BATCH = 16;
const REPEATS = 4;

const context = await requestGpu();
const cache = pipelineCache(context);
const buffer = (count: number): GPUBuffer => {
  const out = createStorage(context, 'bench', count * 4);
  const wave = Float32Array.from({ length: count }, (_, i) => Math.sin(1.37 * i) + 0.3);
  upload(context, out, wave);
  return out;
};

const shapes = new Map<string, ConvShape>();
for (const { conv } of convNorms(resnet18({ width: WIDTH, stemPadding: 1, classes: 10 }))) {
  const shape = convShape(conv, BATCH);
  shapes.set(JSON.stringify(shape), shape);
}

const cases = benchCases({ buffer }, [...shapes.values()], (pass, shape) =>
  context.adapter.isFallback
    ? softwareVariants(pass, shape)
    : convVariants(pass, shape, context.limits, context.features),
);

describe(`convolutions on ${context.adapter.description || context.adapter.vendor}`, () => {
  for (const { pass, shape, variant, dispatches } of cases) {
    const { inSize, inChannels, outChannels, kernel, stride } = shape;
    const size = `${inSize}x${inSize}x${inChannels} to ${outChannels}, k${kernel} s${stride}`;
    let recording: Recording | undefined;
    bench(
      `${pass} ${size}, ${variant.name}: ${((2 * REPEATS * multiplyAdds(shape)) / 1e6).toFixed(0)} MFLOP`,
      () => submitted(context, recording!, REPEATS),
      {
        time: 100,
        iterations: 3,
        warmupTime: 20,
        warmupIterations: 1,
        async setup() {
          await cache.compile(dispatches.map(({ shader }) => shader));
          recording ??= record(context, cache, dispatches);
        },
      },
    );
  }
});
