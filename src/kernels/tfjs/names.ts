/**
 * Kernels that NormLab registers with tfjs, for the WebGPU, WebGL and CPU backends.
 *
 * | name | inputs | result |
 * | --- | --- | --- |
 * | convolution | x `[N, H, W, inC]`, filter `[kH, kW, inC, outC]` | y `[N, H', W', outC]` |
 * | wsConvolution | x, filter | y, of the standardized filter |
 * | inputGradient | dy, filter | dx `[N, H, W, inC]` |
 * | filterGradient | x, dy | dFilter `[kH, kW, inC, outC]` |
 * | wsFilterGradient | x, dy, filter | dFilter, through the standardization |
 * | standardize | filter | the filter with zero mean and unit deviation per output channel |
 *
 * `convolution` and `wsConvolution` have gradients; the others are what those consist of. Attributes are a
 * `ConvShape`.
 */
export const KERNEL = {
  convolution: 'NormLabConv2D',
  wsConvolution: 'NormLabWSConv2D',
  inputGradient: 'NormLabConv2DInputGradient',
  filterGradient: 'NormLabConv2DFilterGradient',
  wsFilterGradient: 'NormLabWSConv2DFilterGradient',
  standardize: 'NormLabStandardize',
} as const;

export type KernelName = (typeof KERNEL)[keyof typeof KERNEL];
