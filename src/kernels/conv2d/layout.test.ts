import { describe, expect, it } from 'vitest';
import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import type { Dispatch } from '#gpu/command.ts';
import { filterGradient, filterGradientSplits, forward, inputGradient } from './kernel.ts';
import { shapeOf } from './testShapes.ts';
import {
  convVariants,
  defaultVariant,
  softwareVariants,
  tileBytes,
  type ConvPass,
  type TileVariant,
} from './variants.ts';

/** Building dispatches touches no GPU: any object serves as a buffer. */
const slice = { buffer: {} as GPUBuffer };
const limits = { maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupStorageSize: 16384 };
const features = new Set(['subgroups']);
const shape = shapeOf(5, 12, 24, 3, 2, 1, 16);
const passes: readonly ConvPass[] = ['forward', 'inputGradient', 'filterGradient'];

/** A pass in two dispatches, or in one where it has no more workgroups. */
function build(pass: ConvPass, variant: TileVariant): readonly Dispatch[] {
  return pass === 'forward'
    ? forward(shape, { input: slice, filter: slice, output: slice }, variant, 2)
    : pass === 'inputGradient'
      ? inputGradient(
          shape,
          { outputGradient: slice, filter: slice, inputGradient: slice },
          { accumulate: true },
          variant,
          2,
        )
      : filterGradient(shape, { input: slice, outputGradient: slice, partials: slice }, variant, 2);
}

/** What `Params` must hold, by the names that the shaders give their members. */
function expected(pass: ConvPass, variant: TileVariant): Record<string, number> {
  const forwards = { sourceSize: 16, sourceChannels: 12, resultSize: 8, resultChannels: 24 };
  const backwards = { sourceSize: 8, sourceChannels: 24, resultSize: 16, resultChannels: 12 };
  return {
    batch: 5,
    kernel: 3,
    stride: 2,
    padding: 1,
    inSize: 16,
    inChannels: 12,
    outSize: 8,
    outChannels: 24,
    // Column -1 is the first that a forward strip meets; the input gradient's is 0: (0 + 1 - 1) / 2.
    left: pass === 'forward' ? 2 ** 32 - 1 : 0,
    accumulate: pass === 'inputGradient' ? 1 : 0,
    splits: pass === 'filterGradient' ? filterGradientSplits(shape, variant) : 1,
    ...(pass === 'forward' ? forwards : backwards),
  };
}

const all = (pass: ConvPass) => [
  ...softwareVariants(pass, shape),
  ...convVariants(pass, shape, limits, features),
];

const cases = passes.flatMap((pass) => all(pass).map((variant) => [pass, variant.name, variant] as const));

describe.each(cases)('%s with %s', (pass, _, variant) => {
  const dispatches = build(pass, variant);
  const dispatch = dispatches[0]!;
  const reflect = new WgslReflect(dispatch.shader.code);

  it('binds what the shader declares, in order', () => {
    const declared = [...reflect.storage, ...reflect.uniforms].sort((a, b) => a.binding - b.binding);
    expect(declared.map(({ binding }) => binding)).toEqual(dispatch.shader.bindings.map((_kind, i) => i));
    expect(declared.map((one) => (reflect.uniforms.includes(one) ? 'uniform' : one.access))).toEqual([
      ...dispatch.shader.bindings,
    ]);
    expect(dispatch.bindings).toHaveLength(declared.length);
  });

  it('packs the parameters where the shader reads them', () => {
    const params = reflect.uniforms[0]!;
    let first = 0;
    for (const { bindings, workgroups } of dispatches) {
      const packed = bindings.find((binding) => 'uniform' in binding)!.uniform;
      expect(packed.byteLength).toBeGreaterThanOrEqual(params.size);
      const want: Record<string, number> = { ...expected(pass, variant), first };
      for (const { name, offset } of params.members!) {
        expect([name, packed[offset / 4]]).toEqual([name, want[name]]);
      }
      first += workgroups[variant.kind === 'tiles' ? 1 : 0];
    }
  });

  it('fits the limits that every device has', () => {
    const [x, y] = variant.threads;
    expect(x * y * variant.slices).toBeLessThanOrEqual(256);
    if (variant.kind !== 'tiles') return;
    expect(tileBytes(variant)).toBeLessThanOrEqual(16384);
    expect(variant.depth % (4 * variant.slices)).toBe(0);
    // The slices' sums pass through the memory of a tile of A.
    if (variant.slices > 1) expect(variant.depth).toBeGreaterThanOrEqual(variant.columns * x);
    // Each thread fetches the same rows and columns of every tile.
    const lanes = x * y * variant.slices;
    expect(lanes % ((variant.rows * y) / 4)).toBe(0);
    expect(lanes % ((variant.columns * x) / 4)).toBe(0);
    // Quads are four threads of one line.
    if (variant.quads) expect(x % 4).toBe(0);
  });
});

describe('the choice of variants', () => {
  it('names each candidate once and has a default among them', () => {
    for (const pass of passes) {
      const names = all(pass).map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      for (const isFallback of [true, false])
        expect(names).toContain(defaultVariant(pass, shape, isFallback).name);
    }
  });

  it('leaves out what a smaller device cannot hold', () => {
    const small = { maxComputeInvocationsPerWorkgroup: 64, maxComputeWorkgroupStorageSize: 8192 };
    for (const variant of convVariants('forward', shape, small, features)) {
      expect(variant.threads[0] * variant.threads[1] * variant.slices).toBeLessThanOrEqual(64);
      expect(tileBytes(variant)).toBeLessThanOrEqual(8192);
    }
  });

  it('uses subgroups only where the adapter has them', () => {
    const withQuads = (has: ReadonlySet<string>): number =>
      convVariants('forward', shape, limits, has).filter(({ quads }) => quads).length;
    expect(withQuads(features)).toBeGreaterThan(0);
    expect(withQuads(new Set())).toBe(0);
  });

  it('refuses a batch whose workgroups exceed what a dispatch can have', () => {
    const huge = shapeOf(100_000, 4, 4, 3, 1, 1, 32);
    const buffers = { input: slice, filter: slice, output: slice };
    const tiles = convVariants('forward', huge, limits, features)[0]!;
    expect(() => forward(huge, buffers, tiles)).toThrow('use a smaller batch');
  });
});
