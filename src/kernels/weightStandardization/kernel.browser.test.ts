import { describe, expect, it } from 'vitest';
import { expectClose, testGpu } from '#testing/gpu.ts';
import { noise } from '../conv2d/testShapes.ts';
import { filterGradients, placePartials, standardizeFilters, statisticsSize } from './kernel.ts';
import { standardizeGradientReference, standardizeReference } from './reference.ts';
import { NARROW_FILTERS, scaledGain, STANDARDIZATION_EPS as eps, WIDE_FILTERS } from './table.ts';

interface Case {
  readonly fanIn: number;
  readonly outChannels: number;
  readonly splits: number;
  readonly mean: number;
  readonly spread: number;
}

const LISTS: Record<string, readonly Case[]> = {
  'one filter': [{ fanIn: 27, outChannels: 16, splits: 1, mean: 0, spread: 0.2 }],
  'a network of filters': [
    { fanIn: 27, outChannels: 16, splits: 5, mean: 0.1, spread: 0.2 },
    { fanIn: 144, outChannels: 20, splits: 3, mean: 0, spread: 0.1 },
    { fanIn: 16, outChannels: 36, splits: 1, mean: -0.3, spread: 0.5 },
    { fanIn: 300, outChannels: 8, splits: 2, mean: 0, spread: 0.01 },
  ],
  'channels not divisible by four': [
    { fanIn: 9, outChannels: 5, splits: 2, mean: 0, spread: 1 },
    { fanIn: 54, outChannels: 33, splits: 1, mean: 0, spread: 1 },
  ],
  'more filters than one table holds': Array.from({ length: 67 }, (_, i) => ({
    fanIn: 2 + i,
    outChannels: 4,
    splits: 1,
    mean: 0,
    spread: 0.3,
  })),
};

/** Lays filters out as `parameterTable` does, with a gap behind each. */
function layOut(cases: readonly Case[]) {
  let size = 0;
  const filters = cases.map(({ fanIn, outChannels, splits }) => {
    const place = { offset: size, fanIn, outChannels, splits };
    size += Math.ceil((fanIn * outChannels) / 64) * 64 + 64;
    return place;
  });
  const weights = new Float32Array(size);
  filters.forEach(({ offset, fanIn, outChannels }, i) => {
    const { mean, spread } = cases[i]!;
    weights.set(
      noise(fanIn * outChannels, i + 1).map((x) => mean + spread * x),
      offset,
    );
  });
  return { filters, size, weights };
}

const TUNINGS = [
  ['wide', WIDE_FILTERS],
  ['narrow', NARROW_FILTERS],
] as const;
const CASES = Object.entries(LISTS).flatMap(([name, cases]) =>
  TUNINGS.map(([width, tuning]) => [`${name}, ${width}`, cases, tuning] as const),
);

describe.each(CASES)('%s', (name, cases, tuning) => {
  it.each([false, true])(
    'is standardized as the reference says (scaled: %s), and nothing beside it is written',
    async (isScaled) => {
      const gpu = await testGpu();
      const { filters, size, weights } = layOut(cases);
      const standardized = gpu.poisoned(size);
      const statistics = gpu.poisoned(statisticsSize(filters));
      await gpu.executor.run(
        standardizeFilters(
          filters,
          {
            parameters: { buffer: gpu.f32(weights) },
            standardized: { buffer: standardized },
            statistics: { buffer: statistics },
          },
          tuning,
          isScaled,
        ),
      );
      const actual = await gpu.readF32(standardized, size);
      const expected = new Float64Array(size).fill(NaN);
      for (const { offset, fanIn, outChannels } of filters) {
        const own = weights.subarray(offset, offset + fanIn * outChannels);
        const gain = isScaled ? scaledGain(fanIn) : 1;
        expected.set(standardizeReference(own, fanIn, outChannels, eps, gain).standardized, offset);
      }
      // Weights and results are of order one after centring: a few roundings of 2^-24 each.
      expectClose(actual, expected, { atol: 4e-6, rtol: 4e-6, label: name });
      expect((await gpu.readF32(statistics, statisticsSize(filters))).every(Number.isFinite)).toBe(true);
    },
  );

  it.each(['plain', 'standardized', 'scaled'] as const)(
    'gets its gradient from the partial sums (%s), the same bits twice',
    async (kind) => {
      const isStandardized = kind !== 'plain';
      const isScaled = kind === 'scaled';
      const gpu = await testGpu();
      const { filters, size, weights } = layOut(cases);
      const { places, size: partialSize } = placePartials(filters);
      const partials = noise(partialSize, 99);
      const bufferOf = (count: number) => ({ buffer: gpu.poisoned(count) });
      const standardized = bufferOf(size);
      const statistics = bufferOf(statisticsSize(filters));
      await gpu.executor.run(
        standardizeFilters(
          filters,
          { parameters: { buffer: gpu.f32(weights) }, standardized, statistics },
          tuning,
          isScaled,
        ),
      );
      const run = async () => {
        const gradient = bufferOf(size);
        await gpu.executor.run(
          filterGradients(
            places,
            {
              partials: { buffer: gpu.f32(partials) },
              gradient,
              standardization: isStandardized ? { standardized, statistics } : undefined,
            },
            tuning,
          ),
        );
        return gpu.readF32(gradient.buffer, size);
      };
      const actual = await run();
      expect(await run()).toEqual(actual);
      for (const { offset, fanIn, outChannels, partialOffset, splits } of places) {
        const count = fanIn * outChannels;
        const sum = Float64Array.from({ length: count }, (_, i) => {
          let total = 0;
          for (let s = 0; s < splits; s++) total += partials[partialOffset + s * count + i]!;
          return total;
        });
        const own = weights.subarray(offset, offset + count);
        const expected = isStandardized
          ? standardizeGradientReference(own, sum, fanIn, outChannels, eps, isScaled ? scaledGain(fanIn) : 1)
          : sum;
        // The Jacobian divides by the deviation, so the scale of errors is that of the largest gradient.
        const largest = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
        expectClose(actual.subarray(offset, offset + count), expected, {
          // The two terms cancel in a filter of two weights; the gain's root is rounded, too.
          atol: 2e-6 * largest + (isScaled ? 4e-6 : 1e-6),
          rtol: 4e-6,
          label: name,
        });
        expect(actual.subarray(offset + count, offset + count + 64).every(Number.isNaN)).toBe(true);
      }
    },
  );
});

describe('filters with a large mean and a tiny spread', () => {
  it.each(TUNINGS)('keep the digits that their weights have, %s', async (_, tuning) => {
    const gpu = await testGpu();
    const { filters, size, weights } = layOut([
      { fanIn: 576, outChannels: 8, splits: 1, mean: 100, spread: 1e-3 },
    ]);
    const standardized = gpu.poisoned(size);
    const statistics = gpu.poisoned(16);
    await gpu.executor.run(
      standardizeFilters(
        filters,
        {
          parameters: { buffer: gpu.f32(weights) },
          standardized: { buffer: standardized },
          statistics: { buffer: statistics },
        },
        tuning,
      ),
    );
    const count = 576 * 8;
    // Compared with the reference on the same rounded weights: centring is exact here, only sums round.
    const expected = standardizeReference(weights.subarray(0, count), 576, 8, eps).standardized;
    expectClose(await gpu.readF32(standardized, count), expected, { atol: 1e-5, rtol: 1e-5 });
  });

  it('give zeros and pass no gradient through the deviation when constant', async () => {
    const gpu = await testGpu();
    const { filters, size } = layOut([{ fanIn: 9, outChannels: 4, splits: 1, mean: 0, spread: 0 }]);
    const { places } = placePartials(filters);
    const standardized = { buffer: gpu.poisoned(size) };
    const statistics = { buffer: gpu.poisoned(8) };
    const gradient = { buffer: gpu.poisoned(size) };
    const partials = noise(36, 5);
    const weights = new Float32Array(size).fill(0.25);
    await gpu.executor.run([
      ...standardizeFilters(filters, { parameters: { buffer: gpu.f32(weights) }, standardized, statistics }),
      ...filterGradients(places, {
        partials: { buffer: gpu.f32(partials) },
        gradient,
        standardization: { standardized, statistics },
      }),
    ]);
    expect(await gpu.readF32(standardized.buffer, 36)).toEqual(new Float32Array(36));
    const expected = standardizeGradientReference(weights, partials, 9, 4, eps);
    // The Jacobian multiplies by 1 / eps = 1e5 here, and rounding with it.
    expectClose(await gpu.readF32(gradient.buffer, 36), expected, { atol: 1, rtol: 1e-5 });
  });
});
