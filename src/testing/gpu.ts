import { expect } from 'vitest';
import { createStorage, download, upload } from '#gpu/buffers.ts';
import { requestGpu, type GpuContext } from '#gpu/device.ts';
import { Executor } from '#gpu/executor.ts';
import { PipelineCache } from '#gpu/pipelines.ts';

export interface TestGpu {
  readonly context: GpuContext;
  readonly cache: PipelineCache;
  readonly executor: Executor;
  /** A storage buffer holding `data`. */
  f32(data: ArrayLike<number>): GPUBuffer;
  u32(data: ArrayLike<number>): GPUBuffer;
  /** A storage buffer of NaN, so that an output nobody writes shows. */
  poisoned(count: number): GPUBuffer;
  readF32(buffer: GPUBuffer, count?: number): Promise<Float32Array>;
  readU32(buffer: GPUBuffer, count?: number): Promise<Uint32Array>;
}

let shared: Promise<TestGpu> | undefined;

/** The test file's device. Fails, never skips, when there is no adapter. */
export function testGpu(): Promise<TestGpu> {
  shared ??= create();
  return shared;
}

async function create(): Promise<TestGpu> {
  const context = await requestGpu();
  const cache = new PipelineCache(context);
  const filled = (data: Float32Array | Uint32Array): GPUBuffer => {
    const buffer = createStorage(context, 'test', data.byteLength);
    upload(context, buffer, data);
    return buffer;
  };
  return {
    context,
    cache,
    executor: new Executor(context, cache),
    f32: (data) => filled(Float32Array.from(data)),
    u32: (data) => filled(Uint32Array.from(data)),
    poisoned: (count) => filled(new Float32Array(count).fill(NaN)),
    readF32: async (buffer, count = buffer.size / 4) =>
      new Float32Array(await download(context, buffer, 0, count * 4)),
    readU32: async (buffer, count = buffer.size / 4) =>
      new Uint32Array(await download(context, buffer, 0, count * 4)),
  };
}

/** Asserts `|actual - expected| <= atol + rtol * |expected|` element by element and reports the worst one. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: { atol: number; rtol: number; label?: string },
): void {
  const label = tolerance.label ?? 'values';
  expect(actual.length, `${label}: length`).toBe(expected.length);
  let worst = { excess: 0, index: -1 };
  for (let i = 0; i < expected.length; i++) {
    const a = actual[i]!;
    const e = expected[i]!;
    if (!Number.isFinite(a) || !Number.isFinite(e)) {
      if (!Object.is(a, e)) expect.fail(`${label}[${i}] is ${a}, expected ${e}`);
      continue;
    }
    const excess = Math.abs(a - e) / (tolerance.atol + tolerance.rtol * Math.abs(e));
    if (excess > worst.excess) worst = { excess, index: i };
  }
  if (worst.excess > 1) {
    const { index, excess } = worst;
    expect.fail(
      `${label}[${index}] is ${actual[index]}, expected ${expected[index]}: ${excess.toFixed(2)} times the tolerance`,
    );
  }
}
