import * as tf from '#gpu/tf.ts';
import type { Tensor, Tensor4D } from '#gpu/tf.ts';
import type { ConvShape } from '../conv2d/shape.ts';
import { KERNEL, type KernelName } from './names.ts';
import {
  stockConvolution,
  stockFilterGradient,
  stockInputGradient,
  stockStandardize,
  stockWsFilterGradient,
} from './stock.ts';
import { WEBGPU_KERNELS, type KernelFunction } from './webgpu.ts';

const STOCK_KERNELS: Readonly<Record<KernelName, KernelFunction>> = {
  [KERNEL.convolution]: ({ x, filter }, shape) => stockConvolution(shape, x!, filter!),
  [KERNEL.wsConvolution]: ({ x, filter }, shape) =>
    tf.tidy(() => stockConvolution(shape, x!, stockStandardize(filter!))),
  [KERNEL.inputGradient]: ({ dy, filter }, shape) => stockInputGradient(shape, dy!, filter!),
  [KERNEL.filterGradient]: ({ x, dy }, shape) => stockFilterGradient(shape, x!, dy!),
  [KERNEL.wsFilterGradient]: ({ x, dy, filter }, shape) => stockWsFilterGradient(shape, x!, dy!, filter!),
  [KERNEL.standardize]: ({ filter }) => stockStandardize(filter!),
};

let isDone = false;

/** Registers NormLab's kernels for all three backends, and their gradients. Once per worker; repeats do nothing. */
export function registerKernels(): void {
  if (isDone) return;
  isDone = true;
  for (const [backendName, kernels] of [
    ['webgpu', WEBGPU_KERNELS],
    ['webgl', STOCK_KERNELS],
    ['cpu', STOCK_KERNELS],
  ] as const) {
    for (const kernelName of Object.values(KERNEL)) {
      const kernel = kernels[kernelName];
      tf.registerKernel({
        kernelName,
        backendName,
        kernelFunc: ({ inputs, attrs, backend }) =>
          kernel(inputs as Record<string, Tensor4D>, attrs as unknown as ConvShape, backend),
      });
    }
  }
  for (const kernelName of [KERNEL.convolution, KERNEL.wsConvolution]) {
    tf.registerGradient({ kernelName, inputsToSave: ['x', 'filter'], gradFunc: gradients(kernelName) });
  }
}

/** The standardized filter is made again rather than saved: that costs little beside the convolution. */
function gradients(kernelName: KernelName): tf.GradConfig['gradFunc'] {
  return (gradient, saved, attributes) => {
    const dy = gradient as Tensor as Tensor4D;
    const [x, filter] = saved as [Tensor4D, Tensor4D];
    const call = (name: KernelName, inputs: Record<string, Tensor4D>): Tensor4D =>
      tf.engine().runKernel<Tensor4D>(name, inputs, attributes);
    if (kernelName === KERNEL.convolution) {
      return {
        x: () => call(KERNEL.inputGradient, { dy, filter }),
        filter: () => call(KERNEL.filterGradient, { x, dy }),
      };
    }
    return {
      x: () => call(KERNEL.inputGradient, { dy, filter: call(KERNEL.standardize, { filter }) }),
      filter: () => call(KERNEL.wsFilterGradient, { x, dy, filter }),
    };
  };
}
