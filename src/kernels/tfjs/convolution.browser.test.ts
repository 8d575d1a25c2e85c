import { beforeAll, describe, expect, it } from 'vitest';
import { useWebGpuBackend, type WebGpuTensors } from '#gpu/backend.ts';
import { useCpuBackend } from '#gpu/stockBackend.ts';
import * as tf from '#gpu/tf.ts';
import type { Tensor4D } from '#gpu/tf.ts';
import { expectClose, testGpu } from '#testing/gpu.ts';
import { forwardReference } from '../conv2d/reference.ts';
import { filterSize, type ConvShape } from '../conv2d/shape.ts';
import { STANDARDIZATION_EPS } from '../weightStandardization/table.ts';
import { standardizeReference } from '../weightStandardization/reference.ts';
import { convolve, shapeOf } from './convolution.ts';
import { stockConvolution, stockStandardize } from './stock.ts';

interface Case {
  readonly shape: ConvShape;
  readonly filterMean?: number;
  readonly filterSpread?: number;
}

function shape(
  batch: number,
  size: number,
  inC: number,
  outC: number,
  k: number,
  stride: number,
  padding: number,
) {
  return shapeOf([batch, size, size, inC], [k, k, inC, outC], { stride, padding });
}

const CASES: Record<string, Case> = {
  '3x3': { shape: shape(2, 6, 8, 8, 3, 1, 1) },
  '3x3 without padding': { shape: shape(2, 6, 3, 8, 3, 1, 0) },
  '1x1, stride 2, odd size': { shape: shape(2, 7, 8, 12, 1, 2, 0) },
  '1x1, stride 2, even size': { shape: shape(2, 6, 4, 8, 1, 2, 0) },
  '3x3, stride 2, odd size': { shape: shape(2, 7, 4, 8, 3, 2, 1) },
  '3x3, stride 2, even size': { shape: shape(2, 8, 4, 8, 3, 2, 1) },
  'one input channel': { shape: shape(2, 5, 1, 4, 3, 1, 1) },
  'channels not divisible by 4': { shape: shape(2, 5, 5, 7, 3, 1, 1) },
  'batch 1': { shape: shape(1, 5, 4, 4, 3, 1, 1) },
  // Weights near 3 with spread 0.01: a standardization in one pass would lose five digits of seven.
  'large mean, tiny spread': { shape: shape(2, 5, 4, 4, 3, 1, 1), filterMean: 3, filterSpread: 0.01 },
};

/** Numbers in [-1, 1) that look random and are the same everywhere. */
function noise(count: number, salt: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    const x = Math.sin((i + 1) * 12.9898 + salt * 78.233) * 43758.5453;
    return 2 * (x - Math.floor(x)) - 1;
  });
}

interface Results {
  readonly y: Float32Array;
  readonly dx: Float32Array;
  readonly dFilter: Float32Array;
}

let gpu: WebGpuTensors;

beforeAll(async () => {
  const { context, cache } = await testGpu();
  gpu = await useWebGpuBackend(context, cache);
});

/** Output and gradients of sum(y * weights) of an operation on x and filter. */
async function differentiate(
  data: { shape: ConvShape; x: Float32Array; filter: Float32Array; weights: Float32Array },
  operation: (x: Tensor4D, filter: Tensor4D) => Tensor4D,
): Promise<Results> {
  const { batch, inSize, outSize, inChannels, outChannels, kernel } = data.shape;
  const before = tf.memory().numTensors;
  const results = tf.tidy(() => {
    const x = tf.tensor4d(data.x, [batch, inSize, inSize, inChannels]);
    const filter = tf.tensor4d(data.filter, [kernel, kernel, inChannels, outChannels]);
    const weights = tf.tensor4d(data.weights, [batch, outSize, outSize, outChannels]);
    const y = operation(x, filter);
    const [dx, dFilter] = tf.grads((a, b) => operation(a as Tensor4D, b as Tensor4D))([x, filter], weights);
    return [y, dx!, dFilter!] as const;
  });
  const [y, dx, dFilter] = (await Promise.all(results.map((tensor) => gpu.read(tensor)))) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  tf.dispose([...results]);
  expect(tf.memory().numTensors).toBe(before);
  return { y, dx, dFilter };
}

function data({ shape, filterMean = 0, filterSpread = 1 }: Case) {
  return {
    shape,
    x: noise(shape.batch * shape.inSize ** 2 * shape.inChannels, 1),
    filter: noise(filterSize(shape), 2).map((value) => filterMean + filterSpread * value),
    weights: noise(shape.batch * shape.outSize ** 2 * shape.outChannels, 3),
  };
}

/** The loss sum(y * weights) in double precision. */
function lossReference(
  shape: ConvShape,
  ws: boolean,
  x: ArrayLike<number>,
  filter: ArrayLike<number>,
  weights: Float32Array,
): number {
  const fanIn = shape.kernel ** 2 * shape.inChannels;
  const used = ws
    ? standardizeReference(filter, fanIn, shape.outChannels, STANDARDIZATION_EPS).standardized
    : filter;
  return forwardReference(shape, x, used).reduce((sum, value, i) => sum + value * weights[i]!, 0);
}

/** Central differences of `loss` with respect to every element of `at`. */
function centralDifferences(
  at: Float32Array,
  step: number,
  loss: (values: Float64Array) => number,
): Float64Array {
  const values = Float64Array.from(at);
  return Float64Array.from(at, (value, i) => {
    values[i] = value + step;
    const above = loss(values);
    values[i] = value - step;
    const below = loss(values);
    values[i] = value;
    return (above - below) / (2 * step);
  });
}

const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((max, value) => Math.max(max, Math.abs(value)), 0);

describe.each([false, true])('convolve with standardization %s', (ws) => {
  describe.each(Object.entries(CASES))('%s', (_, given) => {
    const inputs = data(given);
    const { shape, x, filter, weights } = inputs;
    const options = { stride: shape.stride, padding: shape.padding };
    const spread = given.filterSpread ?? 1;
    const mean = given.filterMean ?? 0;
    // Sums of at most a thousand products of numbers around one, in another order: 1e-5 of the largest
    // result. A weight is known to half a unit in the last place of the mean, which standardization
    // divides by the spread: hence 2^-22 mean / spread on top. Mistakes of indexing or formula show at 1e-1.
    const share = 1e-5 + (ws ? (2 ** -22 * mean) / spread : 0);

    it('equals the stock operations', async () => {
      const ours = await differentiate(inputs, (a, b) => convolve(a, b, options, ws));
      const stock = await differentiate(inputs, (a, b) =>
        stockConvolution(shape, a, ws ? stockStandardize(b) : b),
      );
      for (const part of ['y', 'dx', 'dFilter'] as const) {
        const atol = share * largest(stock[part]);
        expectClose(ours[part], stock[part], { atol, rtol: 0, label: part });
      }
    });

    it('has the gradients that central differences give', async () => {
      const ours = await differentiate(inputs, (a, b) => convolve(a, b, options, ws));
      // Linear in x, so a large step is exact; in the filter the error is of order (step / spread)².
      const dx = centralDifferences(x, 0.5, (values) => lossReference(shape, ws, values, filter, weights));
      const dFilter = centralDifferences(filter, 1e-4 * spread, (values) =>
        lossReference(shape, ws, x, values, weights),
      );
      expectClose(ours.dx, dx, { atol: share * largest(dx), rtol: 0, label: 'dx' });
      expectClose(ours.dFilter, dFilter, { atol: share * largest(dFilter), rtol: 0, label: 'dFilter' });
    });
  });
});

describe('convolve', () => {
  it('refuses shapes that do not fit', () => {
    const x = tf.zeros<tf.Rank.R4>([1, 4, 4, 3]);
    const filter = tf.zeros<tf.Rank.R4>([3, 3, 2, 4]);
    expect(() => convolve(x, filter, { stride: 1, padding: 1 }, false)).toThrow(/equal channels/);
    tf.dispose([x, filter]);
  });

  it('passes nothing on through a constant filter', async () => {
    const inputs = { ...data(CASES['3x3']!), filter: new Float32Array(9 * 64).fill(0.25) };
    const options = { stride: 1, padding: 1 };
    const { y, dFilter } = await differentiate(inputs, (a, b) => convolve(a, b, options, true));
    expect(largest(y)).toBe(0);
    expect(dFilter.every(Number.isFinite)).toBe(true);
  });

  it('has the same results with stock kernels, whose own gradient is registered', async () => {
    const inputs = data(CASES['3x3, stride 2, odd size']!);
    const options = { stride: 2, padding: 1 };
    const ours = await differentiate(inputs, (a, b) => convolve(a, b, options, true));
    const cpu = await useCpuBackend();
    const onCpu = tf.tidy(() => {
      const { batch, inSize, outSize, inChannels, outChannels } = inputs.shape;
      const x = tf.tensor4d(inputs.x, [batch, inSize, inSize, inChannels]);
      const filter = tf.tensor4d(inputs.filter, [3, 3, inChannels, outChannels]);
      const weights = tf.tensor4d(inputs.weights, [batch, outSize, outSize, outChannels]);
      const operation = (a: tf.Tensor, b: tf.Tensor): Tensor4D =>
        convolve(a as Tensor4D, b as Tensor4D, options, true);
      return [operation(x, filter), ...tf.grads(operation)([x, filter], weights)];
    });
    const values = await Promise.all(onCpu.map((tensor) => cpu.read(tensor)));
    tf.dispose(onCpu);
    await tf.setBackend('webgpu');
    (['y', 'dx', 'dFilter'] as const).forEach((part, i) =>
      expectClose(ours[part], values[i]!, { atol: 1e-5 * largest(values[i]!), rtol: 0, label: part }),
    );
  });

  it('leaves no GPU error behind', async () => {
    const { context } = await testGpu();
    expect(context.failure).toBeUndefined();
  });
});
