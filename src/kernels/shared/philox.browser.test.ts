import { expect, it } from 'vitest';
import { philoxInto, type Counter } from '#lib/philox.ts';
import { testGpu } from '#testing/gpu.ts';
import philoxCode from './philox.wgsl?raw';

it('gives the words of the CPU twin, known answers included', async () => {
  const { executor, u32, readU32 } = await testGpu();
  const inputs = [
    [0, 0, 0, 0, 0, 0],
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0],
    [5, 0x80000000, 0x7fffffff, 1, 0xffff, 0x10000],
  ];
  const code = `${philoxCode}
    @group(0) @binding(0) var<storage, read> inputs: array<u32>;
    @group(0) @binding(1) var<storage, read_write> words: array<vec4u>;
    @compute @workgroup_size(1) fn main(@builtin(workgroup_id) wg: vec3u) {
      let at = wg.x * 6u;
      let counter = vec4u(inputs[at], inputs[at + 1u], inputs[at + 2u], inputs[at + 3u]);
      words[wg.x] = philox(counter, vec2u(inputs[at + 4u], inputs[at + 5u]));
    }`;
  const words = u32(new Uint32Array(4 * inputs.length));
  await executor.run([
    {
      shader: { label: 'philoxTest', code, bindings: ['read', 'read_write'] },
      bindings: [{ buffer: u32(inputs.flat()) }, { buffer: words }],
      workgroups: [inputs.length, 1, 1],
    },
  ]);
  const expected = new Uint32Array(4 * inputs.length);
  inputs.forEach((input, i) => {
    philoxInto(expected, 4 * i, input.slice(0, 4) as unknown as Counter, input[4]!, input[5]!);
  });
  expect(await readU32(words)).toEqual(expected);
  expect([...expected.subarray(0, 4)]).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
});
