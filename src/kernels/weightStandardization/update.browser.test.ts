import { describe, expect, it } from 'vitest';
import { expectClose, testGpu } from '#testing/gpu.ts';
import { advanceCounter } from '../gather/kernel.ts';
import { noise } from '../conv2d/testShapes.ts';
import { ADAMW_BETA2, ADAMW_EPS, momentCount, scheduleRow } from '../optimizer/kernel.ts';
import { adamWReference, sgdReference } from '../optimizer/reference.ts';
import { placePartials, standardizeFilters, statisticsSize } from './kernel.ts';
import { standardizeGradientReference, standardizeReference } from './reference.ts';
import { NARROW_FILTERS, scaledGain, STANDARDIZATION_EPS, WIDE_FILTERS } from './table.ts';
import { updateStandardized } from './update.ts';

/** Two filters with other parameters before, between and behind them. */
const FILTERS = [
  { offset: 64, fanIn: 27, outChannels: 20, splits: 3 },
  { offset: 768, fanIn: 300, outChannels: 8, splits: 1 },
];
const SIZE = 768 + 2432 + 128;
const RATES = [
  [0.02, 0.9],
  [0.03, 0.8],
] as const;
const decay = 0.01;

/** What is left of a row of 64 behind a filter belongs to nobody. */
function isPadding(i: number): boolean {
  return FILTERS.some(({ offset, fanIn, outChannels }) => {
    const end = offset + fanIn * outChannels;
    return i >= end && i < Math.ceil(end / 64) * 64;
  });
}

function isInFilter(i: number): boolean {
  return FILTERS.some(({ offset, fanIn, outChannels }) => i >= offset && i < offset + fanIn * outChannels);
}

/** The same two steps in double precision; gradients with respect to standardized filters and other parameters. */
function reference(
  optimizer: 'adamw' | 'sgd',
  isScaled: boolean,
  initial: Float64Array,
  gradients: readonly Float64Array[],
) {
  const gain = (fanIn: number): number => (isScaled ? scaledGain(fanIn) : 1);
  const parameters = Float64Array.from(initial);
  const state = Array.from(parameters, () => ({ m: 0, v: 0, b: 0 }));
  let through = new Float64Array(SIZE);
  gradients.forEach((gradient, k) => {
    through = Float64Array.from(gradient);
    for (const { offset, fanIn, outChannels } of FILTERS) {
      const end = offset + fanIn * outChannels;
      through.set(
        standardizeGradientReference(
          parameters.subarray(offset, end),
          gradient.subarray(offset, end),
          fanIn,
          outChannels,
          STANDARDIZATION_EPS,
          gain(fanIn),
        ),
        offset,
      );
    }
    const [learningRate, momentum] = RATES[k]!;
    for (let i = 0; i < SIZE; i++) {
      if (isPadding(i)) continue;
      const { m, v, b } = state[i]!;
      const p = parameters[i]!;
      if (optimizer === 'adamw') {
        const options = {
          t: k + 1,
          learningRate,
          beta1: momentum,
          beta2: ADAMW_BETA2,
          decay,
          eps: ADAMW_EPS,
        };
        const next = adamWReference({ p, m, v }, through[i]!, options);
        parameters[i] = next.p;
        state[i] = { ...next, b: 0 };
      } else {
        const next = sgdReference({ p, b }, through[i]!, { learningRate, momentum, decay });
        parameters[i] = next.p;
        state[i] = { m: 0, v: 0, b: next.b };
      }
    }
  });
  const standardized = new Float64Array(SIZE).fill(NaN);
  for (const { offset, fanIn, outChannels } of FILTERS) {
    const own = parameters.subarray(offset, offset + fanIn * outChannels);
    const { standardized: filter } = standardizeReference(
      own,
      fanIn,
      outChannels,
      STANDARDIZATION_EPS,
      gain(fanIn),
    );
    standardized.set(filter, offset);
  }
  return { parameters, gradient: through, standardized };
}

async function train(
  optimizer: 'adamw' | 'sgd',
  tuning: typeof WIDE_FILTERS,
  weights: Float32Array,
  partials: readonly Float32Array[],
  others: readonly Float32Array[],
  { gradientEvery = 1, isScaled = false } = {},
) {
  const gpu = await testGpu();
  const { places } = placePartials(FILTERS);
  const parameters = gpu.f32(weights);
  const gradients = gpu.poisoned(SIZE);
  const standardized = gpu.poisoned(SIZE);
  const counter = gpu.u32([0]);
  const moments = Array.from({ length: momentCount(optimizer) }, () => gpu.f32(new Float32Array(SIZE)));
  const schedule = gpu.f32(
    RATES.flatMap(([rate, momentum], k) => scheduleRow(optimizer, k + 1, rate, momentum)),
  );
  for (const [k, values] of partials.entries()) {
    gpu.context.device.queue.writeBuffer(gradients, 0, Float32Array.from(others[k]!));
    const dispatches = updateStandardized({
      optimizer,
      packedSize: SIZE,
      weightDecay: decay,
      parameters,
      gradients,
      moments,
      schedule,
      counter,
      filters: places,
      partials: { buffer: gpu.f32(values) },
      standardized,
      gradientEvery,
      isScaled,
      tuning,
    });
    expect(dispatches).toHaveLength(1);
    await gpu.executor.run([...dispatches, ...advanceCounter(counter, 1)]);
  }
  return {
    parameters: await gpu.readF32(parameters, SIZE),
    gradient: await gpu.readF32(gradients, SIZE),
    standardized: await gpu.readF32(standardized, SIZE),
  };
}

/** Sums of the partial sums where filters lie, `other` elsewhere. */
function gradientOf(partials: Float32Array, other: Float32Array): Float64Array {
  const out = Float64Array.from(other);
  for (const { offset, fanIn, outChannels, partialOffset, splits } of placePartials(FILTERS).places) {
    const count = fanIn * outChannels;
    for (let i = 0; i < count; i++) {
      out[offset + i] = 0;
      for (let s = 0; s < splits; s++) out[offset + i]! += partials[partialOffset + s * count + i]!;
    }
  }
  return out;
}

const partials = [21, 22].map((seed) => noise(placePartials(FILTERS).size, seed));
const others = [31, 32].map((seed) => noise(SIZE, seed).map((x, i) => (isInFilter(i) ? NaN : x)));

describe.each([
  ['adamw', 'narrow', NARROW_FILTERS],
  ['adamw', 'wide', WIDE_FILTERS],
  ['sgd', 'narrow', NARROW_FILTERS],
  ['sgd', 'wide', WIDE_FILTERS],
] as const)('%s, %s', (optimizer, _, tuning) => {
  it.each([false, true])(
    'does two steps as the references do one after another (scaled: %s), the same bits twice',
    async (isScaled) => {
      // The second filter's mean is far above its spread, as its weights in single precision have it.
      const weights = noise(SIZE, 7).map((x, i) => Math.fround(i >= 768 ? 3 + 0.05 * x : 0.2 * x));
      const actual = await train(optimizer, tuning, weights, partials, others, { isScaled });
      expect(await train(optimizer, tuning, weights, partials, others, { isScaled })).toEqual(actual);
      const expected = reference(
        optimizer,
        isScaled,
        Float64Array.from(weights),
        partials.map((values, k) => gradientOf(values, others[k]!)),
      );
      // Weights near 3 are rounded to 2.4e-7, a five-millionth of their spread; gradients scale by its inverse.
      expectClose(actual.parameters, expected.parameters, { atol: 4e-6, rtol: 4e-6, label: 'parameters' });
      expectClose(actual.gradient, expected.gradient, { atol: 5e-4, rtol: 1e-5, label: 'gradient' });
      expectClose(actual.standardized, expected.standardized, {
        atol: 4e-5,
        rtol: 4e-5,
        label: 'standardized',
      });
    },
  );

  it.each([0, 2])(
    'keeps no gradient of filters where nobody wants it (%i), and does the same',
    async (every) => {
      const weights = noise(SIZE, 7);
      const all = await train(optimizer, tuning, weights, partials, others);
      const { gradient, ...rest } = await train(optimizer, tuning, weights, partials, others, {
        gradientEvery: every,
      });
      expect(rest).toEqual({ parameters: all.parameters, standardized: all.standardized });
      // Of the second step: the first alone is one of every two.
      expect(gradient.filter((_, i) => isInFilter(i)).every(Number.isNaN)).toBe(true);
    },
  );

  it('standardizes the new filters as the first step had them standardized', async () => {
    const gpu = await testGpu();
    const weights = noise(SIZE, 8).map((x, i) => Math.fround(i >= 768 ? 100 + 1e-3 * x : 0.2 * x));
    const { parameters, standardized } = await train(optimizer, tuning, weights, partials, others);
    const again = { buffer: gpu.poisoned(SIZE) };
    const statistics = { buffer: gpu.poisoned(statisticsSize(FILTERS)) };
    await gpu.executor.run(
      standardizeFilters(
        FILTERS,
        { parameters: { buffer: gpu.f32(parameters) }, standardized: again, statistics },
        tuning,
      ),
    );
    expectClose(standardized, await gpu.readF32(again.buffer, SIZE), { atol: 1e-5, rtol: 1e-5 });
  });
});

describe('places that are not aligned', () => {
  it('are refused', async () => {
    const gpu = await testGpu();
    const buffer = gpu.poisoned(64);
    expect(() =>
      updateStandardized({
        optimizer: 'sgd',
        packedSize: 128,
        weightDecay: 0,
        parameters: buffer,
        gradients: buffer,
        moments: [buffer],
        schedule: buffer,
        counter: buffer,
        filters: [{ offset: 4, fanIn: 9, outChannels: 4, splits: 1, partialOffset: 0 }],
        partials: { buffer },
        standardized: buffer,
        gradientEvery: 0,
      }),
    ).toThrow('4 is no multiple of 64');
  });
});
