import { describe, expect, it } from 'vitest';
import { expectClose, testGpu, type TestGpu } from '#testing/gpu.ts';
import { mapSize, NARROW_MAPS, type MapShape, type MapTuning } from '../shared/maps.ts';
import { signal } from '../shared/testData.ts';
import {
  BATCH_NORM_EPS,
  batchNormBackward,
  batchNormEvaluation,
  batchNormScratchSize,
  batchNormTraining,
} from './kernel.ts';
import {
  batchNormBackwardReference,
  batchNormReference,
  normalizeReference,
  runningReference,
} from './reference.ts';

const eps = BATCH_NORM_EPS;

// Statistics merge at most a few thousand values in a tree of depth below 30, a few units of 2^-24 each; y
// multiplies by a rstd of up to 2 and adds: 1e-5 of the values' own size is about 80 units. Gradients
// subtract two means from values of about 1 before scaling, so their error is absolute, not relative.
const forward = { atol: 1e-5, rtol: 1e-5 };
const backward = { atol: 3e-5, rtol: 3e-5 };

interface Case {
  readonly name: string;
  readonly shape: MapShape;
  readonly relu: boolean;
  readonly residual: boolean;
  /** NARROW_MAPS where absent: a software adapter compiles wide workgroups slowly, 256 lanes above all. */
  readonly tuning?: MapTuning;
  readonly mean?: number;
  readonly spread?: number;
}

const cases: Case[] = [
  {
    name: 'narrow workgroups, several parts and blocks',
    shape: { batch: 5, pixels: 1024, channels: 16 },
    relu: true,
    residual: true,
  },
  { name: 'one pixel per image', shape: { batch: 5, pixels: 1, channels: 8 }, relu: true, residual: false },
  {
    name: 'no multiple of four channels, odd sizes',
    shape: { batch: 3, pixels: 49, channels: 6 },
    relu: true,
    residual: true,
  },
  { name: 'one channel', shape: { batch: 2, pixels: 9, channels: 1 }, relu: false, residual: false },
  {
    name: 'more vectors than a tile',
    shape: { batch: 2, pixels: 16, channels: 52 },
    relu: false,
    residual: true,
  },
  {
    name: 'wide workgroups, several parts and blocks',
    tuning: { lanes: 64, pixelsPerLane: 8 },
    shape: { batch: 5, pixels: 1024, channels: 16 },
    relu: true,
    residual: true,
  },
  { name: 'many scalar channels', shape: { batch: 2, pixels: 4, channels: 33 }, relu: true, residual: false },
  {
    name: 'large mean, tiny spread',
    shape: { batch: 4, pixels: 900, channels: 8 },
    relu: true,
    residual: false,
    mean: 300,
    spread: 0.01,
  },
];

function inputs({ shape, residual, mean = 0.5, spread = 1.5 }: Case) {
  const size = mapSize(shape);
  const { channels } = shape;
  return {
    x: signal(1, size, mean, spread),
    residual: residual ? signal(2, size, 0, 1) : undefined,
    dy: signal(3, size, 0.1, 1),
    gamma: signal(4, channels, 1, 0.5),
    beta: signal(5, channels, 0, 0.5),
    runningMean: signal(6, channels, 0, 1),
    runningVariance: signal(7, channels, 1, 0.3),
  };
}

/** Two tensors of C floats at offsets 64 and 64 + the next multiple of 64, as the packed tables lay them out. */
function pack(first: Float32Array, second: Float32Array): { data: Float32Array; second: number } {
  const at = 64 + Math.ceil(first.length / 64) * 64;
  const data = new Float32Array(at + Math.ceil(second.length / 64) * 64);
  data.set(first, 64);
  data.set(second, at);
  return { data, second: at };
}

async function run(gpu: TestGpu, test: Case) {
  const { shape, relu, tuning = NARROW_MAPS } = test;
  const data = inputs(test);
  const size = mapSize(shape);
  const { channels } = shape;
  const affine = pack(data.gamma, data.beta);
  const statistics = pack(data.runningMean, data.runningVariance);
  const parameters = { buffer: gpu.f32(affine.data), gamma: 64, beta: affine.second };
  const running = { buffer: gpu.f32(statistics.data), mean: 64, variance: statistics.second };
  const gradients = { buffer: gpu.poisoned(affine.data.length), gamma: 64, beta: affine.second };
  const x = gpu.f32(data.x);
  const residual = data.residual ? { residual: gpu.f32(data.residual) } : {};
  const y = gpu.poisoned(size);
  const evaluated = gpu.poisoned(size);
  const stats = gpu.poisoned(2 * channels);
  const scratch = gpu.poisoned(batchNormScratchSize(shape, tuning));
  const dx = gpu.poisoned(size);
  const dz = gpu.poisoned(size);
  const common = { shape, relu, tuning, x, parameters };
  await gpu.executor.run([
    ...batchNormEvaluation({ ...common, ...residual, running, y: evaluated }),
    ...batchNormTraining({ ...common, ...residual, running, y, stats, scratch }),
    ...batchNormBackward({
      ...common,
      dy: gpu.f32(data.dy),
      y,
      stats,
      gradients,
      scratch,
      dx,
      ...(test.residual ? { dz } : {}),
    }),
  ]);
  const slice = (packed: Float32Array, at: number) => packed.slice(at, at + channels);
  const runningAfter = await gpu.readF32(running.buffer);
  const gradient = await gpu.readF32(gradients.buffer);
  return {
    data,
    evaluated: await gpu.readF32(evaluated, size),
    y: await gpu.readF32(y, size),
    stats: await gpu.readF32(stats, 2 * channels),
    runningMean: slice(runningAfter, 64),
    runningVariance: slice(runningAfter, statistics.second),
    dx: await gpu.readF32(dx, size),
    dz: await gpu.readF32(dz, size),
    dGamma: slice(gradient, 64),
    dBeta: slice(gradient, affine.second),
    gradient,
  };
}

describe('batchNorm', () => {
  it.each(cases)('agrees with the reference: $name', async (test) => {
    const gpu = await testGpu();
    const { shape, relu } = test;
    const actual = await run(gpu, test);
    const { data } = actual;
    const expected = batchNormReference(shape, { ...data, relu, eps });
    // x itself is rounded to 2^-24 of its mean, which no algorithm can undo; rstd magnifies it.
    const loss = (Math.abs(test.mean ?? 0) * 2 ** -23) / (test.spread ?? 1);
    const forwardHere = { ...forward, atol: forward.atol + 4 * loss };
    expectClose(actual.y, expected.y, { ...forwardHere, label: 'y' });
    expectClose(actual.stats.slice(0, shape.channels), expected.mean, {
      atol: 1e-6,
      rtol: 1e-6,
      label: 'mean',
    });
    const rstd = expected.variance.map((v) => 1 / Math.sqrt(v + eps));
    expectClose(actual.stats.slice(shape.channels), rstd, { atol: 0, rtol: 1e-5 + loss, label: 'rstd' });

    const before = { mean: data.runningMean, variance: data.runningVariance };
    const after = runningReference(before, { ...expected, count: shape.batch * shape.pixels }, 0.1);
    expectClose(actual.runningMean, after.mean, { atol: 1e-6, rtol: 1e-6, label: 'running mean' });
    expectClose(actual.runningVariance, after.variance, {
      atol: 1e-6,
      rtol: 1e-5,
      label: 'running variance',
    });

    const statistics = { mean: before.mean, variance: before.variance };
    const evaluated = normalizeReference(shape, { ...data, ...statistics, relu, eps });
    expectClose(actual.evaluated, evaluated, { ...forward, label: 'evaluation' });

    // The mask comes from the y that the GPU computed: near zero the reference may disagree.
    const gradients = batchNormBackwardReference(shape, { ...data, y: actual.y, relu, eps });
    const scale = Math.max(1, ...rstd.map((r, c) => Math.abs(r * data.gamma[c]!)));
    const grown = 1 + loss / forward.atol;
    expectClose(actual.dx, gradients.dx, {
      atol: backward.atol * scale * grown,
      rtol: backward.rtol,
      label: 'dx',
    });
    const terms = Math.sqrt(shape.batch * shape.pixels);
    expectClose(actual.dBeta, gradients.dBeta, { atol: 1e-6 * terms, rtol: 1e-5, label: 'dbeta' });
    // An error of the mean shifts every xhat of a channel alike, and dgamma by that times the sum of dz.
    const shifted = loss * Math.max(...gradients.dBeta.map(Math.abs));
    expectClose(actual.dGamma, gradients.dGamma, {
      atol: 1e-6 * terms + shifted,
      rtol: 1e-5,
      label: 'dgamma',
    });
    if (test.residual) expect(actual.dz).toEqual(Float32Array.from(gradients.dz));
    expect(gpu.context.failure).toBeUndefined();
  });

  it('gives the same bits twice', async () => {
    const gpu = await testGpu();
    const first = await run(gpu, cases[4]!);
    const second = await run(gpu, cases[4]!);
    expect(second).toEqual(first);
  });

  it.each([cases[0]!, cases[2]!])('gives the same bits in several dispatches: $name', async (test) => {
    const gpu = await testGpu();
    const mostValues = mapSize(test.shape) / 3;
    expect(await run(gpu, { ...test, tuning: { ...NARROW_MAPS, mostValues } })).toEqual(await run(gpu, test));
  });
});
