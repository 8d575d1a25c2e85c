// Ceilings of memory for kernels that compute next to nothing: what docs/performance.md divides their bytes by.
//   node scripts/withBrowser.mjs vitest bench --run --project browser src/kernels/shared/bandwidth
// A sample is one submit. Bytes over the time of a sample are the bandwidth; a large buffer does not fit a cache,
// the small one, of a training step's size, does where there is one.
import { bench, describe } from 'vitest';
import { createStorage } from '#gpu/buffers.ts';
import type { Dispatch, Shader } from '#gpu/command.ts';
import { requestGpu } from '#gpu/device.ts';
import { pipelineCache } from '#gpu/pipelines.ts';
import { record } from '#gpu/replay.ts';
import { foldWorkgroups, mapTuning } from './maps.ts';
import { submitted } from './submitted.ts';

const MEGABYTES = { small: 4, large: 128 } as const;

const context = await requestGpu();
const cache = pipelineCache(context);
const { isFallback } = context.adapter;
const { lanes } = mapTuning(isFallback);
/** Vectors that one invocation moves: long loops for software adapters, as in the optimizer's tuning. */
const vectorsPerLane = isFallback ? 256 : 4;

/** Each invocation walks over every `LANES`-th vector of its workgroup's part. */
function shader(label: string, body: string): Shader {
  return {
    label,
    code: `override LANES: u32;
      override VECTORS: u32;
      @group(0) @binding(0) var<storage, read> source: array<vec4f>;
      @group(0) @binding(1) var<storage, read_write> result: array<vec4f>;
      @compute @workgroup_size(LANES)
      fn main(
        @builtin(workgroup_id) wg: vec3u,
        @builtin(num_workgroups) workgroups: vec3u,
        @builtin(local_invocation_index) lane: u32,
      ) {
        let group = wg.y * workgroups.x + wg.x;
        let first = group * LANES * VECTORS + lane;
        ${body}
      }`,
    bindings: ['read', 'read_write'],
    constants: { LANES: lanes, VECTORS: vectorsPerLane },
  };
}

const COPY = `for (var k = 0u; k < VECTORS; k++) {
  let i = first + k * LANES;
  if i < arrayLength(&source) { result[i] = source[i]; }
}`;
const READ = `var sum = vec4f();
for (var k = 0u; k < VECTORS; k++) {
  let i = first + k * LANES;
  if i < arrayLength(&source) { sum += source[i]; }
}
result[group * LANES + lane] = sum;`;

for (const [size, megabytes] of Object.entries(MEGABYTES)) {
  const bytes = megabytes * 2 ** 20;
  const [source, result] = [createStorage(context, 'source', bytes), createStorage(context, 'result', bytes)];
  const workgroups = foldWorkgroups(Math.ceil(bytes / 16 / (lanes * vectorsPerLane)));
  const lists: Record<string, Dispatch[]> = Object.fromEntries(
    Object.entries({ 'copy, read and written': COPY, 'sum, read': READ }).map(([label, body]) => [
      label,
      [{ shader: shader(label, body), bindings: [{ buffer: source }, { buffer: result }], workgroups }],
    ]),
  );
  await cache.compile(Object.values(lists).flatMap((list) => list.map((dispatch) => dispatch.shader)));
  describe(`${size}: ${megabytes} MiB, ${context.adapter.vendor} ${context.adapter.architecture}`, () => {
    for (const [label, list] of Object.entries(lists)) {
      const recording = record(context, cache, list);
      bench(label, () => submitted(context, recording), { time: 1000, warmupIterations: 1 });
    }
  });
}
