import { describe, expect, it } from 'vitest';
import { testGpu } from '#testing/gpu.ts';
import { foldWorkgroups } from '../shared/maps.ts';
import { signal } from '../shared/testData.ts';
import { relu, reluBackward } from './kernel.ts';
import { reluBackwardReference, reluReference } from './reference.ts';

describe('activation', () => {
  it.each([
    { size: 1, residual: false },
    { size: 7 * 13, residual: true },
    { size: 4 * 1000 + 4, residual: true },
    { size: 4096, residual: false },
  ])(
    'equals the reference, forward and backward: $size values, residual $residual',
    async ({ size, residual }) => {
      const { context, executor, f32, poisoned, readF32 } = await testGpu();
      const x = signal(1, size, 0, 1);
      const skip = residual ? signal(2, size, 0, 1) : undefined;
      const dy = signal(3, size, 0, 1);
      const y = poisoned(size);
      const dz = poisoned(size);
      await executor.run([
        ...relu({ size, x: f32(x), ...(skip ? { residual: f32(skip) } : {}), y }),
        ...reluBackward({ size, dy: f32(dy), y, dz }),
      ]);
      const actual = await readF32(y, size);
      // One rounded addition: exact.
      expect(actual).toEqual(Float32Array.from(reluReference(x, skip)));
      expect(await readF32(dz, size)).toEqual(Float32Array.from(reluBackwardReference(dy, actual)));
      expect(context.failure).toBeUndefined();
    },
  );

  it('reaches every value when the workgroups fold into a second row', async () => {
    const { executor, f32, poisoned, readF32 } = await testGpu();
    const size = 4 * 65_537;
    const x = signal(1, size, 0, 1);
    const y = poisoned(size);
    // One vector per workgroup, so that a small tensor needs more than 65,535 of them.
    const folded = relu({ size, x: f32(x), y }).map((dispatch) => ({
      ...dispatch,
      shader: { ...dispatch.shader, constants: { ...dispatch.shader.constants, LANES: 1, VECTORS: 1 } },
      workgroups: foldWorkgroups(size / 4),
    }));
    await executor.run(folded);
    expect(await readF32(y, size)).toEqual(Float32Array.from(reluReference(x)));
  });

  it('passes NaN on, forward and backward', async () => {
    const { executor, f32, poisoned, readF32 } = await testGpu();
    const y = poisoned(4);
    const dz = poisoned(4);
    await executor.run([
      ...relu({ size: 4, x: f32([NaN, -1, 0, 2]), y }),
      ...reluBackward({ size: 4, dy: f32([3, 4, 5, NaN]), y, dz }),
    ]);
    expect([...(await readF32(y))]).toEqual([NaN, 0, 0, 2]);
    expect([...(await readF32(dz))]).toEqual([3, 0, 0, NaN]);
  });
});
