import { describe, expect, it } from 'vitest';
import type { Dispatch } from '#gpu/command.ts';
import type { GpuContext } from '#gpu/device.ts';
import { expectClose, testGpu, type TestGpu } from '#testing/gpu.ts';
import { filterGradient, filterGradientSplits, forward, inputGradient } from './kernel.ts';
import { filterGradientReference, forwardReference, inputGradientReference } from './reference.ts';
import { filterSize, type ConvShape } from './shape.ts';
import { noise, shapeOf } from './testShapes.ts';
import { convVariants, softwareVariants, type ConvPass, type TileVariant } from './variants.ts';

const SHAPES: Record<string, ConvShape> = {
  'one pixel, one channel, 1x1': shapeOf(1, 1, 1, 1, 1, 0, 1),
  'stem, three channels': shapeOf(2, 3, 16, 3, 1, 1, 9),
  'stem without padding': shapeOf(1, 3, 8, 3, 1, 0, 8),
  'one input channel, odd size': shapeOf(3, 1, 5, 3, 1, 1, 5),
  'channels not divisible by four': shapeOf(2, 6, 10, 3, 1, 1, 7),
  'stride 2, even size': shapeOf(2, 8, 16, 3, 2, 1, 16),
  'stride 2, odd size': shapeOf(2, 8, 12, 3, 2, 1, 15),
  'stride 2, padding 0, a rim no tap reaches': shapeOf(1, 4, 8, 3, 2, 0, 8),
  'projection 1x1, stride 2, even size': shapeOf(2, 8, 16, 1, 2, 0, 8),
  'projection 1x1, stride 2, odd size': shapeOf(1, 12, 20, 1, 2, 0, 7),
  '1x1, stride 1': shapeOf(2, 20, 36, 1, 1, 0, 5),
  'whole strips, two to a line': shapeOf(1, 4, 8, 3, 1, 1, 32),
  'more than one workgroup in each dimension': shapeOf(2, 24, 72, 3, 1, 1, 17),
};

/**
 * Shapes whose channels make texts of their own, which differ from the others' in how a vector is loaded and stored:
 * there a few candidates do.
 */
const SAMPLED: ReadonlySet<string> = new Set([
  'one pixel, one channel, 1x1',
  'stem, three channels',
  'stem without padding',
  'one input channel, odd size',
  'channels not divisible by four',
]);

// Sums of `terms` products of numbers below 1: rounding grows like the square root of the count, and the
// order of summation differs from the reference's; 8 units in the last place per sqrt(term) is generous,
// and an indexing mistake is off by 1e-1.
const tolerance = (terms: number, label: string) => ({
  atol: 8 * 2 ** -24 * Math.sqrt(terms) * 2,
  rtol: 2e-6,
  label,
});

describe.each(Object.entries(SHAPES))('%s', (name, shape) => {
  const inputCount = shape.batch * shape.inSize ** 2 * shape.inChannels;
  const outputCount = shape.batch * shape.outSize ** 2 * shape.outChannels;
  const input = noise(inputCount, 1);
  const filter = noise(filterSize(shape), 2);
  const outputGradient = noise(outputCount, 3);
  const limits = { maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupStorageSize: 16384 };
  /** Every candidate, or a strip and a tile of each kind: compiling is slow. */
  const variants = (pass: ConvPass, { features }: GpuContext) => {
    const all = [...softwareVariants(pass, shape), ...convVariants(pass, shape, limits, features)];
    if (!SAMPLED.has(name)) return all;
    const tile = (isOfKind: (variant: TileVariant) => boolean): TileVariant => all.findLast(isOfKind)!;
    return [all[0]!, tile(({ slices, quads }) => slices > 1 && !quads), tile(({ quads }) => quads)];
  };

  it('forward equals the reference', async () => {
    const gpu = await testGpu();
    const expected = forwardReference(shape, input, filter);
    for (const variant of variants('forward', gpu.context)) {
      const output = gpu.poisoned(outputCount);
      const buffers = {
        input: { buffer: gpu.f32(input) },
        filter: { buffer: gpu.f32(filter) },
        output: { buffer: output },
      };
      await gpu.executor.run(forward(shape, buffers, variant));
      expectClose(
        await gpu.readF32(output, outputCount),
        expected,
        tolerance(filterSize(shape) / shape.outChannels, `${name}, ${variant.name}`),
      );
    }
  });

  it('inputGradient equals the reference, written or accumulated', async () => {
    const gpu = await testGpu();
    const gradient = inputGradientReference(shape, outputGradient, filter);
    const before = noise(inputCount, 4);
    for (const variant of variants('inputGradient', gpu.context)) {
      for (const accumulate of [false, true]) {
        const result = accumulate ? gpu.f32(before) : gpu.poisoned(inputCount);
        const buffers = {
          outputGradient: { buffer: gpu.f32(outputGradient) },
          filter: { buffer: gpu.f32(filter) },
          inputGradient: { buffer: result },
        };
        await gpu.executor.run(inputGradient(shape, buffers, { accumulate }, variant));
        expectClose(
          await gpu.readF32(result, inputCount),
          gradient.map((value, i) => value + (accumulate ? before[i]! : 0)),
          tolerance(
            filterSize(shape) / shape.inChannels,
            `${name}, ${variant.name}, accumulate ${accumulate}`,
          ),
        );
      }
    }
  });

  it('filterGradient equals the reference, the same bits twice', async () => {
    const gpu = await testGpu();
    const expected = filterGradientReference(shape, input, outputGradient);
    for (const variant of variants('filterGradient', gpu.context)) {
      const splits = filterGradientSplits(shape, variant);
      const count = splits * filterSize(shape);
      const run = async () => {
        const partials = gpu.poisoned(count);
        const buffers = {
          input: { buffer: gpu.f32(input) },
          outputGradient: { buffer: gpu.f32(outputGradient) },
          partials: { buffer: partials },
        };
        await gpu.executor.run(filterGradient(shape, buffers, variant));
        return gpu.readF32(partials, count);
      };
      const partials = await run();
      expect(await run()).toEqual(partials);
      const sum = new Float64Array(filterSize(shape));
      partials.forEach((value, i) => (sum[i % sum.length]! += value));
      expectClose(
        sum,
        expected,
        tolerance(shape.batch * shape.outSize ** 2, `${name}, ${variant.name}, ${splits} splits`),
      );
    }
  });
});

/** Of channels and sizes as above, whose shaders are compiled already; with workgroups enough for several dispatches. */
const LARGER: Record<string, ConvShape> = {
  'stem, odd batch': shapeOf(5, 3, 16, 3, 1, 1, 9),
  'channels not divisible by four': shapeOf(5, 6, 10, 3, 1, 1, 7),
  'whole strips': shapeOf(3, 4, 8, 3, 1, 1, 32),
  'stride 2, odd size': shapeOf(5, 8, 12, 3, 2, 1, 15),
  '1x1, stride 2, odd size': shapeOf(7, 36, 20, 1, 2, 0, 7),
};

describe.each(Object.entries(LARGER))('%s, cut into several dispatches', (_, shape) => {
  const inputCount = shape.batch * shape.inSize ** 2 * shape.inChannels;
  const outputCount = shape.batch * shape.outSize ** 2 * shape.outChannels;
  const input = noise(inputCount, 1);
  const filter = noise(filterSize(shape), 2);
  const outputGradient = noise(outputCount, 3);
  /** A strip and a tile. */
  const variants = (pass: ConvPass, { limits, features }: GpuContext) => [
    softwareVariants(pass, shape)[0]!,
    convVariants(pass, shape, limits, features).find(({ slices }) => slices > 1)!,
  ];

  /** Results of one dispatch and of several. */
  async function expectSameBits(
    gpu: TestGpu,
    result: () => GPUBuffer,
    dispatches: (buffer: GPUBuffer, wanted: number) => readonly Dispatch[],
  ): Promise<void> {
    const [whole, cut] = [result(), result()];
    expect(dispatches(whole, 1)).toHaveLength(1);
    expect(dispatches(cut, 3).length).toBeGreaterThan(1);
    await gpu.executor.run([...dispatches(whole, 1), ...dispatches(cut, 3)]);
    const expected = await gpu.readF32(whole);
    expect(expected.every(Number.isFinite)).toBe(true);
    expect(await gpu.readF32(cut)).toEqual(expected);
  }

  it('forward has the same bits', async () => {
    const gpu = await testGpu();
    const given = { input: { buffer: gpu.f32(input) }, filter: { buffer: gpu.f32(filter) } };
    for (const variant of variants('forward', gpu.context)) {
      await expectSameBits(
        gpu,
        () => gpu.poisoned(outputCount),
        (buffer, wanted) => forward(shape, { ...given, output: { buffer } }, variant, wanted),
      );
    }
  });

  it('inputGradient has the same bits, written or accumulated', async () => {
    const gpu = await testGpu();
    const given = {
      outputGradient: { buffer: gpu.f32(outputGradient) },
      filter: { buffer: gpu.f32(filter) },
    };
    for (const variant of variants('inputGradient', gpu.context)) {
      for (const accumulate of [false, true]) {
        await expectSameBits(
          gpu,
          () => (accumulate ? gpu.f32(input) : gpu.poisoned(inputCount)),
          (buffer, wanted) =>
            inputGradient(shape, { ...given, inputGradient: { buffer } }, { accumulate }, variant, wanted),
        );
      }
    }
  });

  it('filterGradient has the same bits', async () => {
    const gpu = await testGpu();
    const given = {
      input: { buffer: gpu.f32(input) },
      outputGradient: { buffer: gpu.f32(outputGradient) },
    };
    for (const variant of variants('filterGradient', gpu.context)) {
      await expectSameBits(
        gpu,
        () => gpu.poisoned(filterGradientSplits(shape, variant) * filterSize(shape)),
        (buffer, wanted) => filterGradient(shape, { ...given, partials: { buffer } }, variant, wanted),
      );
    }
  });
});
