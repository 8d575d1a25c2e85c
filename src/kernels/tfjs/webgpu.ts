import { webGpuTensors, type WebGpuTensors } from '#gpu/backend.ts';
import type { BufferSlice } from '#gpu/command.ts';
import type { Tensor4D, TensorInfo } from '#gpu/tf.ts';
import * as conv2d from '../conv2d/kernel.ts';
import type { ConvShape } from '../conv2d/shape.ts';
import { defaultVariant, type ConvPass, type TileVariant } from '../conv2d/variants.ts';
import { filterGradients, placePartials, standardizeFilters } from '../weightStandardization/kernel.ts';
import { filterTuning, type FilterTuning } from '../weightStandardization/table.ts';
import { KERNEL, type KernelName } from './names.ts';

/** What tfjs calls: named inputs, which it keeps, to a result, which it then owns. */
export type KernelFunction = (
  inputs: Readonly<Record<string, Tensor4D>>,
  shape: ConvShape,
  backend: unknown,
) => TensorInfo;

/** The registered kernels in WGSL. Temporary tensors are released as soon as their commands are recorded. */
export const WEBGPU_KERNELS: Readonly<Record<KernelName, KernelFunction>> = {
  [KERNEL.convolution]: ({ x, filter }, shape, backend) =>
    convolution(webGpuTensors(backend), shape, x!, filter!),

  [KERNEL.wsConvolution]({ x, filter }, shape, backend) {
    const gpu = webGpuTensors(backend);
    const standardization = standardize(gpu, shape, filter!);
    const y = convolution(gpu, shape, x!, standardization.standardized);
    standardization.release();
    return y;
  },

  [KERNEL.inputGradient]({ dy, filter }, shape, backend) {
    const gpu = webGpuTensors(backend);
    const { batch, inSize, inChannels } = shape;
    const dx = gpu.create([batch, inSize, inSize, inChannels]);
    const buffers = {
      outputGradient: slice(gpu, dy!),
      filter: slice(gpu, filter!),
      inputGradient: slice(gpu, dx),
    };
    const variant = variantOf(gpu, 'inputGradient', shape);
    gpu.run(conv2d.inputGradient(shape, buffers, { accumulate: false }, variant), [dy!, filter!, dx]);
    return dx;
  },

  [KERNEL.filterGradient]: ({ x, dy }, shape, backend) =>
    filterGradient(webGpuTensors(backend), shape, x!, dy!),

  [KERNEL.wsFilterGradient]({ x, dy, filter }, shape, backend) {
    const gpu = webGpuTensors(backend);
    const standardization = standardize(gpu, shape, filter!);
    const gradient = filterGradient(gpu, shape, x!, dy!, standardization);
    standardization.release();
    return gradient;
  },

  [KERNEL.standardize]({ filter }, shape, backend) {
    const gpu = webGpuTensors(backend);
    const { standardized, statistics } = standardize(gpu, shape, filter!);
    gpu.release(statistics);
    return standardized;
  },
};

interface Standardization {
  readonly standardized: TensorInfo;
  /** What the backward pass needs besides. */
  readonly statistics: TensorInfo;
  release(): void;
}

function standardize(gpu: WebGpuTensors, shape: ConvShape, filter: TensorInfo): Standardization {
  const standardized = gpu.create(filter.shape);
  const statistics = gpu.create([2 * shape.outChannels]);
  const buffers = {
    parameters: slice(gpu, filter),
    standardized: slice(gpu, standardized),
    statistics: slice(gpu, statistics),
  };
  gpu.run(standardizeFilters([place(shape)], buffers, tuningOf(gpu)), [filter, standardized, statistics]);
  const release = (): void => {
    gpu.release(standardized);
    gpu.release(statistics);
  };
  return { standardized, statistics, release };
}

function convolution(gpu: WebGpuTensors, shape: ConvShape, x: TensorInfo, filter: TensorInfo): TensorInfo {
  const { batch, outSize, outChannels } = shape;
  const y = gpu.create([batch, outSize, outSize, outChannels]);
  const buffers = { input: slice(gpu, x), filter: slice(gpu, filter), output: slice(gpu, y) };
  gpu.run(conv2d.forward(shape, buffers, variantOf(gpu, 'forward', shape)), [x, filter, y]);
  return y;
}

/** The convolution's partial sums, added up and, where given, taken through the standardization. */
function filterGradient(
  gpu: WebGpuTensors,
  shape: ConvShape,
  x: TensorInfo,
  dy: TensorInfo,
  standardization?: Standardization,
): TensorInfo {
  const variant = variantOf(gpu, 'filterGradient', shape);
  const splits = conv2d.filterGradientSplits(shape, variant);
  const { places, size } = placePartials([{ ...place(shape), splits }]);
  const partials = gpu.create([size]);
  const gradient = gpu.create([shape.kernel, shape.kernel, shape.inChannels, shape.outChannels]);
  const used = standardization ? [standardization.standardized, standardization.statistics] : [];
  gpu.run(
    [
      ...conv2d.filterGradient(
        shape,
        { input: slice(gpu, x), outputGradient: slice(gpu, dy), partials: slice(gpu, partials) },
        variant,
      ),
      ...filterGradients(
        places,
        {
          partials: slice(gpu, partials),
          gradient: slice(gpu, gradient),
          standardization: standardization && {
            standardized: slice(gpu, standardization.standardized),
            statistics: slice(gpu, standardization.statistics),
          },
        },
        tuningOf(gpu),
      ),
    ],
    [x, dy, partials, gradient, ...used],
  );
  gpu.release(partials);
  return gradient;
}

/** A filter that has a buffer to itself. */
function place({ kernel, inChannels, outChannels }: ConvShape) {
  return { offset: 0, fanIn: kernel ** 2 * inChannels, outChannels };
}

function tuningOf(gpu: WebGpuTensors): FilterTuning {
  return filterTuning(gpu.context.adapter.isFallback);
}

function variantOf(gpu: WebGpuTensors, pass: ConvPass, shape: ConvShape): TileVariant {
  return defaultVariant(pass, shape, gpu.context.adapter.isFallback);
}

function slice(gpu: WebGpuTensors, tensor: TensorInfo): BufferSlice {
  return { buffer: gpu.bufferOf(tensor) };
}
