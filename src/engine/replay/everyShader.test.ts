import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { create, globals } from 'webgpu';
import { resnet18 } from '#domain/resnet.ts';
import { requestGpu, type GpuContext } from '#gpu/device.ts';
import { pipelineCache } from '#gpu/pipelines.ts';
import { convVariants, softwareVariants } from '#kernels/conv2d/variants.ts';
import { tinyConfig, tinyDataset } from '#testing/tinyRun.ts';
import { createReplayEngine } from './createReplayEngine.ts';
import { defaultTunings, tunedParts, withTunings, type ChooseVariant } from './tunings.ts';

/*
 * Dawn's validator without any GPU: its null backend compiles and checks every module and pipeline, and runs
 * nothing. What a graphics card with only the specification's limits would refuse is refused here.
 */

/** The least that every WebGPU device has (WebGPU specification, table of limits). */
const SPECIFICATION_DEFAULTS = {
  maxBufferSize: 268_435_456,
  maxStorageBufferBindingSize: 134_217_728,
  maxStorageBuffersPerShaderStage: 8,
  maxComputeWorkgroupStorageSize: 16_384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupSizeY: 256,
  maxComputeWorkgroupSizeZ: 64,
  maxComputeWorkgroupsPerDimension: 65_535,
};

/** Kernels that no training step has. */
const EVALUATION_KERNELS = ['batchNormEvaluation', 'headEvaluation'];

/** Hundreds of kernels, on a machine that may be busy. */
const PATIENCE_MS = 60_000;

describe.each(['the specification’s limits', 'the adapter’s limits'] as const)('with %s', (limits) => {
  let context: GpuContext;
  const labels = new Set<string>();

  beforeAll(async () => {
    Object.assign(globalThis, globals);
    const gpu = create(['backend=null']);
    const requestAdapter = gpu.requestAdapter.bind(gpu);
    vi.stubGlobal('navigator', {
      gpu: {
        requestAdapter: async (options?: GPURequestAdapterOptions) => {
          const adapter = (await requestAdapter(options))!;
          if (limits === 'the adapter’s limits') return adapter;
          return {
            info: adapter.info,
            features: new Set<string>(),
            limits: SPECIFICATION_DEFAULTS,
            requestDevice: () => adapter.requestDevice(),
          };
        },
      },
    });
    context = await requestGpu();
    const compile = context.device.createComputePipelineAsync.bind(context.device);
    context.device.createComputePipelineAsync = (descriptor) => {
      labels.add(descriptor.label ?? '');
      return compile(descriptor);
    };
  });

  afterAll(() => {
    context.dispose();
    vi.unstubAllGlobals();
  });

  it(
    'compiles step and evaluation of every normalization, optimizer, tile and tuning',
    async () => {
      const dataset = tinyDataset(8, 4);
      let choices = 1;
      for (let variant = 0; variant < choices; variant++) {
        const isFirst = variant === 0;
        for (const norm of ['none', 'bn', 'gn'] as const) {
          const config = tinyConfig({
            // Channel counts that tiles divide, and some that they do not.
            network: resnet18({ width: isFirst ? 4 : 16, stemPadding: 1, classes: 10 }),
            norm,
            ws: (norm !== 'bn') === isFirst,
            ...(norm === 'none' ? { wsGain: 'scaled' } : {}),
            optimizer: norm === 'gn' ? 'sgd' : 'adamw',
            augmentation: norm === 'none' ? 'none' : 'crop-flip',
            batchSize: 2,
            dataset,
            layerSampleEvery: 5,
          });
          const parts = tunedParts(config);
          choices = Math.max(choices, ...parts.map(({ candidates }) => candidates.length));
          const conv: ChooseVariant = (pass, shape) => {
            const all = [
              ...convVariants(pass, shape, context.limits, context.features),
              ...softwareVariants(pass, shape),
            ];
            choices = Math.max(choices, all.length);
            return all[variant % all.length]!;
          };
          const tunings = withTunings(
            { ...defaultTunings(false), conv },
            parts.map(({ candidates }) => candidates[variant % candidates.length]),
          );
          const engine = await createReplayEngine(context, config, { tunings });
          engine.dispose();
        }
      }
      // Every tile and every tuning was somebody's choice.
      expect(choices).toBeGreaterThan(4);
      // The training step has no such kernel: evaluation was compiled along with it.
      for (const label of EVALUATION_KERNELS) expect(labels).toContain(label);
      expect(context.failure).toBeUndefined();
    },
    PATIENCE_MS,
  );

  it('clips with a few dispatches more, and never more than a step may have', async () => {
    const config = tinyConfig({ norm: 'bn', batchSize: 2, dataset: tinyDataset(8, 4) });
    const counts = async (ws: boolean, gradientClip?: number) => {
      const clip = gradientClip === undefined ? {} : { gradientClip };
      const engine = await createReplayEngine(context, { ...config, ws, ...clip });
      engine.dispose();
      return engine.dispatchCount;
    };
    expect((await counts(false, 1)) - (await counts(false))).toBe(2);
    // Nothing is fused: gradients, optimizer and standardization are dispatches of their own.
    expect((await counts(true, 1)) - (await counts(true))).toBe(4);
    expect(await counts(true, 1)).toBeLessThanOrEqual(160);
  });

  it('says where a kernel is wrong, and makes no pipeline of it', async () => {
    const shader = {
      label: 'broken',
      code: '@group(0) @binding(0) var<storage, read_write> a: array<f32>;\n@compute @workgroup_size(1) fn main() {\n  a[0] = 1i;\n}',
      bindings: ['read_write'],
    } as const;
    await expect(pipelineCache(context).compile([shader])).rejects.toMatchObject({
      name: 'ShaderError',
      message: expect.stringMatching(/broken.*3:\d+/s),
    });
    expect(context.failure).toBeUndefined();
  });
});
