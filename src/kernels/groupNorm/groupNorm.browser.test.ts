import { describe, expect, it } from 'vitest';
import { groupCount } from '#domain/resnet.ts';
import { expectClose, testGpu, type TestGpu } from '#testing/gpu.ts';
import { mapSize, NARROW_MAPS, WIDE_MAPS, type MapShape, type MapTuning } from '../shared/maps.ts';
import { signal } from '../shared/testData.ts';
import {
  GROUP_NORM_EPS,
  groupNormBackward,
  groupNormForward,
  groupNormScratchSize,
  groupNormStatsSize,
} from './kernel.ts';
import { groupNormBackwardReference, groupNormReference } from './reference.ts';

const eps = GROUP_NORM_EPS;

interface Case {
  readonly name: string;
  readonly shape: MapShape;
  readonly groups: number;
  readonly relu: boolean;
  readonly residual: boolean;
  /** NARROW_MAPS where absent: a software adapter compiles wide workgroups slowly. */
  readonly tuning?: MapTuning;
  readonly mean?: number;
  readonly spread?: number;
}

const cases: Case[] = [
  {
    name: 'the network at width 16',
    shape: { batch: 2, pixels: 1024, channels: 16 },
    groups: groupCount(16),
    relu: true,
    residual: true,
  },
  {
    name: 'wide workgroups',
    tuning: WIDE_MAPS,
    shape: { batch: 2, pixels: 1024, channels: 16 },
    groups: groupCount(16),
    relu: true,
    residual: true,
  },
  {
    name: 'its last stage',
    shape: { batch: 3, pixels: 16, channels: 128 },
    groups: groupCount(128),
    relu: true,
    residual: false,
  },
  {
    name: 'one pixel, one group',
    shape: { batch: 3, pixels: 1, channels: 8 },
    groups: 1,
    relu: false,
    residual: false,
  },
  {
    name: 'one pixel, as many groups as channels',
    shape: { batch: 2, pixels: 1, channels: 12 },
    groups: 12,
    relu: true,
    residual: true,
  },
  {
    name: 'as many groups as channels',
    shape: { batch: 2, pixels: 49, channels: 20 },
    groups: 20,
    relu: true,
    residual: false,
  },
  {
    name: 'groups across vectors',
    shape: { batch: 2, pixels: 9, channels: 24 },
    groups: 4,
    relu: false,
    residual: true,
  },
  {
    name: 'channels that are no multiple of four',
    shape: { batch: 2, pixels: 25, channels: 65 },
    groups: 5,
    relu: true,
    residual: true,
  },
  {
    name: 'one wide group',
    shape: { batch: 2, pixels: 6, channels: 192 },
    groups: 1,
    relu: true,
    residual: false,
  },
  {
    name: 'an incomplete last tile',
    shape: { batch: 2, pixels: 64, channels: 36 },
    groups: 18,
    relu: true,
    residual: false,
  },
  {
    name: 'large mean, tiny spread',
    shape: { batch: 2, pixels: 400, channels: 8 },
    groups: 4,
    relu: true,
    residual: false,
    mean: 300,
    spread: 0.01,
  },
];

function inputs({ shape, residual, mean = 0.5, spread = 1.5 }: Case) {
  const size = mapSize(shape);
  return {
    x: signal(1, size, mean, spread),
    residual: residual ? signal(2, size, 0, 1) : undefined,
    dy: signal(3, size, 0.1, 1),
    gamma: signal(4, shape.channels, 1, 0.5),
    beta: signal(5, shape.channels, 0, 0.5),
  };
}

async function run(gpu: TestGpu, test: Case) {
  const { shape, groups, relu, tuning = NARROW_MAPS } = test;
  const { channels } = shape;
  const data = inputs(test);
  const size = mapSize(shape);
  const betaAt = 64 + Math.ceil(channels / 64) * 64;
  const packed = new Float32Array(2 * betaAt);
  packed.set(data.gamma, 64);
  packed.set(data.beta, betaAt);
  const parameters = { buffer: gpu.f32(packed), gamma: 64, beta: betaAt };
  const gradients = { buffer: gpu.poisoned(packed.length), gamma: 64, beta: betaAt };
  const x = gpu.f32(data.x);
  const [y, dx, dz] = [gpu.poisoned(size), gpu.poisoned(size), gpu.poisoned(size)];
  const stats = gpu.poisoned(groupNormStatsSize(shape, groups));
  const scratch = gpu.poisoned(groupNormScratchSize(shape));
  const common = { shape, groups, relu, tuning, x, parameters, stats };
  await gpu.executor.run([
    ...groupNormForward({ ...common, ...(data.residual ? { residual: gpu.f32(data.residual) } : {}), y }),
    ...groupNormBackward({
      ...common,
      dy: gpu.f32(data.dy),
      y,
      gradients,
      scratch,
      dx,
      ...(test.residual ? { dz } : {}),
    }),
  ]);
  const gradient = await gpu.readF32(gradients.buffer);
  const saved = await gpu.readF32(stats, groupNormStatsSize(shape, groups));
  return {
    data,
    y: await gpu.readF32(y, size),
    mean: saved.filter((_, i) => i % 2 === 0),
    rstd: saved.filter((_, i) => i % 2 === 1),
    dx: await gpu.readF32(dx, size),
    dz: await gpu.readF32(dz, size),
    dGamma: gradient.slice(64, 64 + channels),
    dBeta: gradient.slice(betaAt, betaAt + channels),
  };
}

describe('groupNorm', () => {
  it.each(cases)('agrees with the reference: $name', async (test) => {
    const gpu = await testGpu();
    const { shape, groups, relu } = test;
    const actual = await run(gpu, test);
    const { data } = actual;
    const expected = groupNormReference(shape, groups, { ...data, relu, eps });
    const rstd = expected.variance.map((v) => 1 / Math.sqrt(v + eps));
    // As for batchNorm: trees of depth below 30 over values of about 1 give forward errors near 1e-6, which
    // a large rstd (a group of few values) magnifies; a large mean is itself rounded to 2^-24 of its size.
    const loss = (Math.abs(test.mean ?? 0) * 2 ** -23) / (test.spread ?? 1);
    const scale = Math.max(1, ...rstd) * Math.max(...data.gamma.map(Math.abs));
    const atol = 3e-6 * (test.mean ? 1 : scale) + 4 * loss;
    expectClose(actual.y, expected.y, { atol, rtol: 1e-5, label: 'y' });
    expectClose(actual.mean, expected.mean, { atol: 1e-6, rtol: 1e-6, label: 'mean' });
    expectClose(actual.rstd, rstd, { atol: 0, rtol: 1e-5 + loss, label: 'rstd' });

    // The mask comes from the y that the GPU computed: near zero the reference may disagree.
    const gradients = groupNormBackwardReference(shape, groups, { ...data, y: actual.y, relu, eps });
    const { dx, dz, dGamma, dBeta } = gradients;
    expectClose(actual.dx, dx, {
      atol: (1e-5 + loss) * scale * (test.mean ? 1 : scale),
      rtol: 3e-5,
      label: 'dx',
    });
    const terms = Math.sqrt(shape.batch * shape.pixels);
    expectClose(actual.dBeta, dBeta, { atol: 1e-6 * terms, rtol: 1e-5, label: 'dbeta' });
    const shifted = loss * Math.max(...dBeta.map(Math.abs)) * shape.batch;
    expectClose(actual.dGamma, dGamma, { atol: 2e-6 * terms + shifted, rtol: 1e-5, label: 'dgamma' });
    if (test.residual) expect(actual.dz).toEqual(Float32Array.from(dz));
    expect(gpu.context.failure).toBeUndefined();
  });

  it('gives the same bits twice', async () => {
    const gpu = await testGpu();
    expect(await run(gpu, cases[0]!)).toEqual(await run(gpu, cases[0]!));
  });

  it.each([cases[2]!, cases[7]!])('gives the same bits in several dispatches: $name', async (test) => {
    const gpu = await testGpu();
    const mostValues = mapSize(test.shape) / 2;
    expect(await run(gpu, { ...test, tuning: { ...NARROW_MAPS, mostValues } })).toEqual(await run(gpu, test));
  });

  it('refuses groups that do not divide the channels, with both numbers', () => {
    expect(() => groupNormStatsSize({ batch: 1, pixels: 1, channels: 65 }, 32)).not.toThrow();
    const buffer = {} as GPUBuffer;
    const parameters = { buffer, gamma: 0, beta: 0 };
    expect(() =>
      groupNormForward({
        shape: { batch: 1, pixels: 1, channels: 65 },
        groups: 32,
        relu: false,
        x: buffer,
        y: buffer,
        stats: buffer,
        parameters,
      }),
    ).toThrow('channels (65) must be divisible by groups (32)');
  });
});
