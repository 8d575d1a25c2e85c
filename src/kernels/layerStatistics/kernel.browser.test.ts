import { describe, expect, it } from 'vitest';
import { expectClose, testGpu } from '#testing/gpu.ts';
import { signal } from '../shared/testData.ts';
import {
  LARGEST_WORDS,
  largestMagnitudes,
  layerPartsSize,
  layerRow,
  MOST_MAPS,
  NARROW_STATISTICS,
  rememberFilters,
  ROW_MEASURES,
  WIDE_STATISTICS,
  type StatisticsTuning,
} from './kernel.ts';
import {
  largestMagnitudeReference,
  normReference,
  relativeUpdateReference,
  smallestDeviationReference,
} from './reference.ts';

const EPS = 1e-5;

/** One layer of a step: what its convolution left and what its filter went through. */
interface Layer {
  readonly x: Float32Array;
  /** `1/sqrt(variance + eps)`; absent without normalization. */
  readonly inverses?: Float32Array;
  readonly before: Float32Array;
  readonly after: Float32Array;
  readonly gradient: Float32Array;
}

/** Filters of `size` values whose update is a thousandth of them, on a map of `mapSize` values. */
function layer(size: number, mapSize: number, key: number, overrides: Partial<Layer> = {}): Layer {
  const before = signal(key, size, 0, 0.1);
  return {
    x: signal(key + 1, mapSize, 0.5, 2),
    inverses: signal(key + 2, 7, 3, 0.2),
    before,
    after: before.map((w, i) => w + 1e-3 * Math.sin(i)),
    gradient: signal(key + 3, size, 0, 0.01),
    ...overrides,
  };
}

/** Runs the kernels as a sampled step does; the rows of the ring that were written by `steps`, as floats. */
async function measured(
  layers: readonly Layer[],
  tuning: StatisticsTuning,
  steps: readonly number[] = [0],
  { every = 1, rows = 3 } = {},
): Promise<Float32Array> {
  const gpu = await testGpu();
  let end = 0;
  const filters = layers.map(({ before }) => {
    const range = { offset: end, size: before.length };
    end += Math.ceil(before.length / 64) * 64;
    return range;
  });
  // Between the filters lie NaN, which nobody may read.
  const packed = (part: 'before' | 'after' | 'gradient'): GPUBuffer => {
    const values = new Float32Array(end).fill(NaN);
    layers.forEach((one, i) => values.set(one[part], filters[i]!.offset));
    return gpu.f32(values);
  };
  const before = gpu.poisoned(end);
  const largest = gpu.u32(new Uint32Array(layers.length * LARGEST_WORDS));
  const ring = gpu.poisoned(rows * layers.length * ROW_MEASURES.length);
  const common = { filters, tuning, every, rows, ring, largest, before };
  const parts = gpu.poisoned(layerPartsSize(filters, tuning));
  const eps = layers[0]!.inverses ? EPS : undefined;
  const maps = layers.map(({ x, inverses }, i) => ({
    // Scratch buffers are longer than their tensors.
    x: gpu.f32([...x, NaN, NaN]),
    size: x.length,
    // As group norm leaves them: pairs, the inverse deviation second.
    deviations: inverses && {
      values: { buffer: gpu.f32([...inverses].flatMap((inverse) => [NaN, inverse])) },
      first: 1,
      stride: 2,
      count: inverses.length,
      eps: EPS,
    },
    layer: i,
  }));
  for (const step of steps) {
    await gpu.executor.run([
      ...inGroups(maps, MOST_MAPS).flatMap((group) => largestMagnitudes({ layers: group, largest, tuning })),
      ...rememberFilters({ parameters: packed('before'), before, size: end }),
      ...layerRow({
        ...common,
        parts,
        gradients: packed('gradient'),
        after: packed('after'),
        eps,
        counter: gpu.u32([step]),
      }),
    ]);
  }
  expect(gpu.context.failure).toBeUndefined();
  expect([...(await gpu.readU32(largest, layers.length * LARGEST_WORDS))]).toEqual(
    Array.from({ length: layers.length * LARGEST_WORDS }, () => 0),
  );
  return gpu.readF32(ring, rows * layers.length * ROW_MEASURES.length);
}

function inGroups<T>(values: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, i) =>
    values.slice(i * size, (i + 1) * size),
  );
}

function expected({ x, inverses, before, after, gradient }: Layer): number[] {
  return [
    normReference(gradient),
    relativeUpdateReference(before, after),
    largestMagnitudeReference(x),
    inverses ? smallestDeviationReference(inverses, EPS) : NaN,
  ];
}

describe.each([
  ['wide', WIDE_STATISTICS],
  ['narrow', NARROW_STATISTICS],
] as const)('layer statistics, %s', (_, tuning) => {
  it('are those of the reference, for one value, odd sizes and several workgroups', async () => {
    const layers = [layer(1, 1, 10), layer(27, 130, 20), layer(8191, 8195, 30), layer(20_001, 30_003, 40)];
    const ring = await measured(layers, tuning);
    const row = ring.subarray(0, layers.length * ROW_MEASURES.length);
    // Sums of some thousand squares per lane in f32; the difference of neighbouring weights is exact.
    expectClose(row, layers.flatMap(expected), { atol: 0, rtol: 1e-5 });
    expect(await measured(layers, tuning)).toEqual(ring);
  });

  it('have no deviation without normalization', async () => {
    const { inverses: _unused, ...plain } = layer(27, 64, 10);
    const ring = await measured([plain], tuning);
    expectClose(ring.subarray(0, 4), expected(plain), { atol: 0, rtol: 1e-5 });
    expect(ring[3]).toBeNaN();
  });

  it('keep magnitudes whose squares no float holds', async () => {
    const layers = [1e-22, 1e-3, 1e7, 1e9, 1e37].map((scale, i) => {
      const { gradient, before } = layer(300, 64, 10 * i);
      const scaled = before.map((w) => w * scale);
      return layer(300, 64, 10 * i, {
        gradient: gradient.map((g) => g * 100 * scale),
        before: scaled,
        after: scaled.map((w) => w * 1.5),
        inverses: Float32Array.of(1 / scale ** 0.25),
      });
    });
    // Few values, one rounding each: the scales are powers of two.
    const ring = await measured(layers, tuning);
    expectClose(ring.subarray(0, 20), layers.flatMap(expected), { atol: 0, rtol: 2e-6 });
  });

  it('let infinity and NaN through, wherever they stand', async () => {
    const spoilt = (length: number, at: number, value: number): Float32Array => {
      const values = signal(1, length, 0, 1);
      values[at] = value;
      return values;
    };
    const layers = [
      layer(9000, 9000, 10, { gradient: spoilt(9000, 8999, -Infinity), x: spoilt(9000, 0, -Infinity) }),
      layer(9000, 9000, 20, { gradient: spoilt(9000, 4100, NaN), x: spoilt(9000, 8999, NaN) }),
      layer(9000, 64, 30, { after: spoilt(9000, 17, Infinity), inverses: Float32Array.of(1, NaN, 2) }),
      layer(9000, 64, 40, { before: spoilt(9000, 17, NaN), x: Float32Array.of(Infinity, NaN, 1) }),
      layer(64, 64, 50, { before: new Float32Array(64), after: new Float32Array(64) }),
      layer(64, 64, 60, { before: new Float32Array(64), inverses: Float32Array.of(0) }),
    ];
    const ring = await measured(layers, tuning);
    const row = ring.subarray(0, 24);
    expectClose(row, layers.flatMap(expected), { atol: 0, rtol: 1e-5 });
    expect([row[0], row[2], row[4], row[6]]).toEqual([Infinity, Infinity, NaN, NaN]);
    expect([row[9], row[11], row[13], row[14]]).toEqual([Infinity, NaN, NaN, NaN]);
    expect([row[17], row[21], row[23]]).toEqual([0, Infinity, Infinity]);
  });

  it('go to the row of their step and come round', async () => {
    const only = [layer(27, 64, 10)];
    const ring = await measured(only, tuning, [5, 15], { every: 5, rows: 3 });
    const rows = [0, 1, 2].map((row) => ring.subarray(row * 4, row * 4 + 4));
    expect(rows[0]).toEqual(rows[1]);
    expectClose(rows[1]!, expected(only[0]!), { atol: 0, rtol: 1e-5 });
    expect([...rows[2]!].every(Number.isNaN)).toBe(true);
  });
});

describe('largestMagnitudes', () => {
  it('refuses more layers than it has bindings for', () => {
    const x = { size: 1024 } as GPUBuffer;
    const layers = [0, 1, 2, 3].map((i) => ({ x, size: 4, deviations: undefined, layer: i }));
    expect(() => largestMagnitudes({ layers, largest: x, tuning: WIDE_STATISTICS })).toThrow(
      '4 layers; a dispatch takes at most 3',
    );
  });
});

describe('layerRow', () => {
  it('refuses more layers than its table holds', () => {
    const buffer = { size: 1024 } as GPUBuffer;
    expect(() =>
      layerRow({
        filters: Array.from({ length: 65 }, (_, i) => ({ offset: 64 * i, size: 64 })),
        gradients: buffer,
        before: buffer,
        after: buffer,
        parts: buffer,
        largest: buffer,
        eps: undefined,
        counter: buffer,
        every: 5,
        rows: 200,
        ring: buffer,
        tuning: WIDE_STATISTICS,
      }),
    ).toThrow('65 layers; at most 64');
  });
});
