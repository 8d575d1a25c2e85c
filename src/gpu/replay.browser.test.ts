import { describe, expect, it } from 'vitest';
import { testGpu } from '#testing/gpu.ts';
import { words, type Dispatch, type Shader } from './command.ts';
import { record } from './replay.ts';

const addShader: Shader = {
  label: 'add',
  bindings: ['read', 'read_write', 'uniform'],
  code: `
    @group(0) @binding(0) var<storage, read> x: array<f32>;
    @group(0) @binding(1) var<storage, read_write> y: array<f32>;
    @group(0) @binding(2) var<uniform> amount: vec4f;
    @compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3u) {
      if id.x < arrayLength(&y) { y[id.x] = x[id.x] + amount.x; }
    }`,
};

describe('record and replay', () => {
  it('gives each dispatch its own uniforms and runs in order', async () => {
    const { context, cache, executor, f32, readF32, poisoned } = await testGpu();
    const a = f32([1, 2, 3, 4, 5]);
    const b = poisoned(5);
    const c = poisoned(5);
    const add = (from: GPUBuffer, to: GPUBuffer, amount: number): Dispatch => ({
      shader: addShader,
      bindings: [{ buffer: from }, { buffer: to }, { uniform: words(['f', amount]) }],
      workgroups: [2, 1, 1],
    });
    const list = [add(a, b, 10), add(b, c, 100)];
    await executor.run(list);
    expect([...(await readF32(c))]).toEqual([111, 112, 113, 114, 115]);
    const recording = record(context, cache, [...list, add(c, a, 0)]);
    for (let i = 0; i < 3; i++) {
      const encoder = context.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      recording.encode(pass);
      pass.end();
      context.device.queue.submit([encoder.finish()]);
    }
    expect([...(await readF32(a))]).toEqual([331, 332, 333, 334, 335]);
    recording.dispose();
    expect(context.failure).toBeUndefined();
  });

  it('names file, line and column of a shader that does not compile', async () => {
    const { cache } = await testGpu();
    const broken: Shader = {
      ...addShader,
      label: 'broken',
      code: addShader.code.replace('amount.x', 'amount.nope'),
    };
    await expect(cache.compile([broken])).rejects.toThrow(/broken\.wgsl:6:\d+/);
  });
});
