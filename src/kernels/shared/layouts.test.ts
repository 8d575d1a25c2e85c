import { describe, expect, it } from 'vitest';
import { WgslReflect, type StructInfo } from 'wgsl_reflect/wgsl_reflect.module.js';
import type { Dispatch } from '#gpu/command.ts';
import { relu, reluBackward } from '../activation/kernel.ts';
import { batchNormBackward, batchNormEvaluation, batchNormTraining } from '../batchNorm/kernel.ts';
import { advanceCounter, gatherEvaluation, gatherTraining } from '../gather/kernel.ts';
import { clipCoefficient, NARROW_CLIP } from '../gradientClip/kernel.ts';
import { groupNormBackward, groupNormForward } from '../groupNorm/kernel.ts';
import { headEvaluation, headTraining } from '../head/kernel.ts';
import {
  largestMagnitudes,
  layerRow,
  NARROW_STATISTICS,
  rememberFilters,
} from '../layerStatistics/kernel.ts';
import { optimizerStep } from '../optimizer/kernel.ts';
import { foldWorkgroups, NARROW_MAPS, tiling, WIDE_MAPS } from './maps.ts';

/** Building dispatches touches no GPU, so that any object serves as a buffer. */
const buffer = { size: 2 ** 27 } as GPUBuffer;

const x = buffer;
const y = buffer;
const dy = buffer;
const dx = buffer;
const dz = buffer;
const stats = buffer;
const scratch = buffer;
const residual = buffer;
const counter = buffer;
const cursor = buffer;
const order = buffer;
const parameters = { buffer, gamma: 128, beta: 192 };
const gradients = { buffer, gamma: 256, beta: 320 };
const running = { buffer, mean: 384, variance: 448 };

const shape = { batch: 6, pixels: 256, channels: 20 };
const bn = { shape, relu: true, tuning: NARROW_MAPS, x, y, parameters, running, stats, scratch };
const gn = { shape, groups: 10, relu: true, tuning: NARROW_MAPS, x, y, parameters, stats };
/** Two dispatches in place of one. */
const halves = { tuning: { ...NARROW_MAPS, mostValues: 20_000 } };
const classifier = { weight: 512, bias: 576 };
const head = {
  shape: { batch: 6, pixels: 16, channels: 20 },
  classes: 7,
  features: x,
  parameters: { buffer, ...classifier },
  labels: order,
  logits: y,
  results: stats,
};
const source = { images: buffer, labels: buffer, count: 50_000 };
const mean = [0.5, 0.25, 0.125] as const;
const deviation = [0.2, 0.4, 0.8] as const;
const optimizer = {
  packedSize: 640,
  weightDecay: 0.25,
  parameters: x,
  gradients: y,
  schedule: stats,
  counter,
};

// (name, dispatch, what its Params must hold by the names that the shader gives its members)
const cases: [string, Dispatch, Record<string, number | number[]>][] = [
  ...pair('batchNormTraining', batchNormTraining({ ...bn, residual }), [
    { pixels: 1536, vectors: 5, parts: 3, partPixels: 512 },
    {
      pixels: 1536,
      vectors: 5,
      parts: 3,
      partPixels: 512,
      blockPixels: 256,
      gamma: 32,
      beta: 48,
      runningMean: 96,
      runningVariance: 112,
      eps: 1e-5,
      momentum: 0.1,
    },
  ]),
  ...pair('batchNormEvaluation', batchNormEvaluation(bn), [
    {
      pixels: 1536,
      vectors: 5,
      blockPixels: 256,
      gamma: 32,
      beta: 48,
      runningMean: 96,
      runningVariance: 112,
      eps: 1e-5,
    },
  ]),
  ...pair('batchNormBackward', batchNormBackward({ ...bn, dy, dx, dz, gradients }), [
    { pixels: 1536, vectors: 5, parts: 3, partPixels: 512 },
    { pixels: 1536, vectors: 5, parts: 3, blockPixels: 256, gamma: 32, gradientGamma: 64, gradientBeta: 80 },
  ]),
  ...pair('batchNormTraining in halves', batchNormTraining({ ...bn, ...halves }), [
    { partPixels: 512, firstPart: 0 },
    { partPixels: 512, firstPart: 1 },
    { blockPixels: 256, firstBlock: 0 },
    { blockPixels: 256, firstBlock: 3 },
  ]),
  ...pair('batchNormEvaluation in halves', batchNormEvaluation({ ...bn, ...halves }), [
    { blockPixels: 256, firstBlock: 0 },
    { blockPixels: 256, firstBlock: 3 },
  ]),
  ...pair('batchNormBackward in halves', batchNormBackward({ ...bn, ...halves, dy, dx, gradients }), [
    { partPixels: 512, firstPart: 0 },
    { partPixels: 512, firstPart: 1 },
    { blockPixels: 256, firstBlock: 0 },
    { blockPixels: 256, firstBlock: 3 },
  ]),
  ...pair('groupNormForward in halves', groupNormForward({ ...gn, ...halves }), [
    { pixels: 256, firstImage: 0 },
    { pixels: 256, firstImage: 3 },
  ]),
  ...pair(
    'groupNormBackward in halves',
    groupNormBackward({ ...gn, ...halves, dy, dx, gradients, scratch }),
    [{ pixels: 256, firstImage: 0 }, { pixels: 256, firstImage: 3 }, { batch: 6 }],
  ),
  ...pair('groupNormForward', groupNormForward({ ...gn, residual }), [
    { pixels: 256, vectors: 5, groups: 10, groupWidth: 2, gamma: 32, beta: 48, eps: 1e-5 },
  ]),
  ...pair('groupNormBackward', groupNormBackward({ ...gn, dy, dx, dz, gradients, scratch }), [
    { batch: 6, pixels: 256, vectors: 5, groups: 10, groupWidth: 2, gamma: 32 },
    { batch: 6, vectors: 5, gradientGamma: 64, gradientBeta: 80 },
  ]),
  ...pair('groupNormBackward without residual', groupNormBackward({ ...gn, dy, dx, gradients, scratch }), [
    { groupWidth: 2 },
    {},
  ]),
  ...pair('relu', relu({ size: 40, x, residual, y }), [{ vectors: 10 }]),
  ...pair('reluBackward', reluBackward({ size: 41, dy, y, dz }), [{ vectors: 41 }]),
  ...pair(
    'headTraining',
    headTraining({
      ...head,
      gradients: { buffer, weight: 704, bias: 768 },
      pooled: scratch,
      dLogits: dz,
      dFeatures: dx,
      counter,
      ring: cursor,
      ringSize: 32,
    }),
    [
      { pixels: 16, classes: 7, ...classifier, batch: 6, nan: 0x7fc00000 },
      { batch: 6, channels: 20, classes: 7, weight: 704, bias: 768, ringSize: 32 },
    ],
  ),
  ...pair('headEvaluation', headEvaluation({ ...head, cursor }), [
    { pixels: 16, classes: 7, ...classifier, nan: 0x7fc00000 },
  ]),
  ...pair('adamW', optimizerStep({ ...optimizer, optimizer: 'adamw', moments: [dx, dz] }), [
    { vectors: 160, decay: 0.25, beta2: 0.99, oneMinusBeta2: 0.01, eps: 1e-8 },
  ]),
  ...pair('sgd', optimizerStep({ ...optimizer, optimizer: 'sgd', moments: [dx] }), [
    { vectors: 160, decay: 0.25 },
  ]),
  ...pair(
    'adamW, clipped',
    optimizerStep({ ...optimizer, optimizer: 'adamw', moments: [dx, dz], coefficient: scratch }),
    [{ vectors: 160, decay: 0.25, eps: 1e-8 }],
  ),
  ...pair(
    'clipCoefficient',
    clipCoefficient({
      gradients: y,
      packedSize: 8256,
      largest: 0.75,
      parts: scratch,
      coefficient: stats,
      tuning: NARROW_CLIP,
    }),
    [{ vectors: 2064 }, { parts: 3, largest: 0.75, eps: 1e-6 }],
  ),
  ...pair(
    'gatherTraining',
    gatherTraining({
      source,
      batch: 6,
      mean,
      deviation,
      x,
      labels: y,
      order,
      counter,
      augment: true,
      seed: 0xffffffff,
    }),
    [
      {
        scale: deviation.map((d) => 1 / (255 * d)),
        shift: mean.map((m, c) => -m / deviation[c]!),
        count: 50_000,
        split: 43_690,
        batch: 6,
        seed: 0xffffffff,
        stream: 3,
      },
    ],
  ),
  ...pair('gatherEvaluation', gatherEvaluation({ source, batch: 6, mean, deviation, x, labels: y, cursor }), [
    { count: 50_000, batch: 6 },
  ]),
  ...pair('advanceCounter', advanceCounter(counter, 5), [{ by: 5 }]),
  ...pair(
    'largestMagnitudes',
    largestMagnitudes({
      layers: [3, 4, 5].map((layer) => ({
        x,
        size: 8195,
        deviations: { values: { buffer }, first: 1, stride: 2, count: 60, eps: 1e-5 },
        layer,
      })),
      largest: stats,
      tuning: NARROW_STATISTICS,
    }),
    [
      {
        count: 8195,
        mapWorkgroups: 3,
        perWorkgroup: 4096,
        layer: 3,
        firstDeviation: 1,
        stride: 2,
        deviationCount: 60,
      },
    ],
  ),
  ...pair('rememberFilters', rememberFilters({ parameters: x, before: y, size: 640 }), [{ vectors: 160 }]),
  ...pair(
    'layerRow',
    layerRow({
      filters: [{ offset: 64, size: 500 }],
      gradients: x,
      before: y,
      after: dx,
      parts: scratch,
      largest: stats,
      eps: 1e-5,
      counter,
      every: 5,
      rows: 200,
      ring: cursor,
      tuning: NARROW_STATISTICS,
    }),
    [
      { layers: 1, every: 5, rows: 200, hasDeviations: 1, eps: 1e-5 },
      { layers: 1, every: 5, rows: 200, hasDeviations: 1, eps: 1e-5 },
    ],
  ),
];

function pair(
  name: string,
  dispatches: Dispatch[],
  params: Record<string, number | number[]>[],
): typeof cases {
  expect(dispatches.length, name).toBe(params.length);
  return dispatches.map((dispatch, i) => [`${name}: ${dispatch.shader.label}`, dispatch, params[i]!]);
}

describe('shader and host agree', () => {
  it.each(cases)('%s', (_name, { shader, bindings, workgroups }, expected) => {
    const reflected = new WgslReflect(shader.code);
    const declared = reflected.getBindGroups()[0]!;
    const uniforms = new Set(reflected.uniforms.map(({ binding }) => binding));
    expect(declared.map((binding, at) => (uniforms.has(at) ? 'uniform' : binding.access))).toEqual(
      shader.bindings,
    );
    expect(bindings.length).toBe(shader.bindings.length);
    expect(shader.bindings.filter((kind) => kind !== 'uniform').length).toBeLessThanOrEqual(8);
    for (const count of workgroups) expect(count).toBeLessThanOrEqual(65_535);

    const names = reflected.overrides.map(({ name }) => name);
    for (const name of Object.keys(shader.constants ?? {})) expect(names).toContain(name);
    const lanes = shader.constants?.['LANES'] ?? 1;
    expect(lanes).toBeLessThanOrEqual(256);

    bindings.forEach((binding, at) => {
      expect('uniform' in binding, `binding ${at}`).toBe(uniforms.has(at));
      if (!('uniform' in binding)) return;
      const uniform = reflected.uniforms[0]!;
      const { size } = uniform;
      // Of an array, those of the first element.
      const members = uniform.isArray ? (uniform.format as StructInfo).members : uniform.members;
      expect(binding.uniform.byteLength).toBeGreaterThanOrEqual(size);
      const bytes = new DataView(binding.uniform.buffer);
      const values = Object.fromEntries(
        members!.map(({ name, offset, type }) => {
          if (type.name === 'u32') return [name, bytes.getUint32(offset, true)];
          if (type.name === 'f32') return [name, bytes.getFloat32(offset, true)];
          return [name, [0, 4, 8].map((c) => bytes.getFloat32(offset + c, true))];
        }),
      );
      for (const [name, value] of Object.entries(expected)) {
        const rounded = Array.isArray(value)
          ? value.map(Math.fround)
          : value % 1 === 0
            ? value
            : Math.fround(value);
        expect(values[name], name).toEqual(rounded);
      }
    });
  });
});

describe('tiling', () => {
  it('covers every channel with a cache line per row, whatever the number', () => {
    for (const tuning of [WIDE_MAPS, NARROW_MAPS]) {
      for (let channels = 1; channels <= 512; channels++) {
        const { width, vectors, tile, tiles, rows } = tiling(channels, tuning.lanes);
        expect(width * vectors).toBe(channels);
        expect(tiles * tile).toBeGreaterThanOrEqual(vectors);
        expect((tiles - 1) * tile).toBeLessThan(vectors);
        expect(rows * tile).toBe(tuning.lanes);
        expect(rows).toBeGreaterThanOrEqual(1);
        expect(Number.isInteger(Math.log2(rows))).toBe(true);
      }
    }
  });
});

describe('groupNorm', () => {
  it('cuts every shape into whole groups and at least one row', () => {
    for (const tuning of [WIDE_MAPS, NARROW_MAPS]) {
      for (const pixels of [1, 9, 16, 1024]) {
        for (let channels = 1; channels <= 256; channels++) {
          for (const groups of [1, 2, 5, 32, channels].filter((count) => channels % count === 0)) {
            const shape = { batch: 1, pixels, channels };
            const { shader } = groupNormForward({ ...gn, tuning, shape, groups })[0]!;
            const { LANES, TILE, ROWS, GROUPS } = shader.constants as Record<string, number>;
            const width = channels % 4 === 0 ? 4 : 1;
            expect((GROUPS! * channels) / groups).toBe(TILE! * width);
            expect(ROWS! * TILE!).toBeLessThanOrEqual(LANES!);
            expect(ROWS).toBeGreaterThanOrEqual(1);
            expect(Number.isInteger(Math.log2(ROWS!))).toBe(true);
            expect(LANES).toBeLessThanOrEqual(256);
          }
        }
      }
    }
  });
});

describe('foldWorkgroups', () => {
  it('keeps within what every device allows, with at most a row to spare', () => {
    for (const count of [1, 65_535, 65_536, 131_071, 1_000_003]) {
      const [x, y, z] = foldWorkgroups(count);
      expect(Math.max(x, y, z)).toBeLessThanOrEqual(65_535);
      expect(x * y * z).toBeGreaterThanOrEqual(count);
      expect(x * y * z - count).toBeLessThan(y);
    }
  });
});
