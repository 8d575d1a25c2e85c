import { bench, describe } from 'vitest';
import { convNorms, parameterTable, resnet18 } from '#domain/resnet.ts';
import { createStorage, upload } from '#gpu/buffers.ts';
import type { Dispatch } from '#gpu/command.ts';
import { requestGpu } from '#gpu/device.ts';
import { pipelineCache } from '#gpu/pipelines.ts';
import { record } from '#gpu/replay.ts';
import { mapSize, type MapShape } from './maps.ts';
import { submitted } from './submitted.ts';

/*
 * What the benchmarks of single kernels share: the layers of ResNet-18 at width 16 and batch 16, buffers for them, and
 * what a sample is. docs/performance.md says what the figures mean.
 */

export const BATCH = 16;
/** Runs of a list in one sample, which is one submit. */
const REPEATS = 10;

export const context = await requestGpu();
export const { isFallback } = context.adapter;
export const network = resnet18({ width: 16, stemPadding: 1, classes: 10 });
export const parameters = parameterTable(network, 'bn');

/** A convolution's output and what its normalization does with it. */
export interface BenchLayer {
  /** Of the normalization. */
  readonly name: string;
  readonly shape: MapShape;
  readonly relu: boolean;
  /** Ends a block, and so adds its shortcut. */
  readonly joins: boolean;
}

export const layers: readonly BenchLayer[] = convNorms(network).map(({ norm: { name, size, channels } }) => ({
  name,
  shape: { batch: BATCH, pixels: size ** 2, channels },
  relu: !name.includes('downsample'),
  joins: name.endsWith('bn2'),
}));

/** Values of the largest layer. */
export const largestMap = Math.max(...layers.map(({ shape }) => mapSize(shape)));

/** Channels of the widest layer. */
export const mostChannels = Math.max(...layers.map(({ shape }) => shape.channels));

/** First element of a parameter in a packed buffer. */
export function placeOf(name: string): number {
  return parameters.byName.get(name)!.offset;
}

/** A storage buffer of so many zeros. */
export function zeros(count: number): GPUBuffer {
  return createStorage(context, 'bench', count * 4);
}

/** A storage buffer of so many numbers around `mean`, none of them subnormal. */
export function wave(count: number, mean = 0.3): GPUBuffer {
  const buffer = zeros(count);
  upload(
    context,
    buffer,
    Float32Array.from({ length: count }, (_, i) => Math.sin(1.37 * i) + mean),
  );
  return buffer;
}

/** Makes a benchmark of each list of dispatches; `what` names them all. */
export async function benchLists(what: string, lists: Record<string, readonly Dispatch[]>): Promise<void> {
  const cache = pipelineCache(context);
  await cache.compile(Object.values(lists).flatMap((list) => list.map(({ shader }) => shader)));
  const { vendor, architecture } = context.adapter;
  describe(`${what}, width 16, ${REPEATS} times, ${vendor} ${architecture}`, () => {
    for (const [name, list] of Object.entries(lists)) {
      const recording = record(context, cache, list);
      const title = `${name} (${list.length} ${list.length === 1 ? 'dispatch' : 'dispatches'})`;
      bench(title, () => submitted(context, recording, REPEATS), { time: 1000, warmupIterations: 1 });
    }
  });
}
