import type { ConvShape } from './shape.ts';

/** `[N, H, W, inC]` by `[kH, kW, inC, outC]`: `[N, H', W', outC]`, in double precision. */
export function forwardReference(
  shape: ConvShape,
  input: ArrayLike<number>,
  filter: ArrayLike<number>,
): Float64Array {
  const output = new Float64Array(shape.batch * shape.outSize ** 2 * shape.outChannels);
  forEachProduct(shape, (x, w, y) => {
    output[y]! += input[x]! * filter[w]!;
  });
  return output;
}

/** Gradient of a loss with respect to the input, `[N, H, W, inC]`, from that of the output. */
export function inputGradientReference(
  shape: ConvShape,
  outputGradient: ArrayLike<number>,
  filter: ArrayLike<number>,
): Float64Array {
  const gradient = new Float64Array(shape.batch * shape.inSize ** 2 * shape.inChannels);
  forEachProduct(shape, (x, w, y) => {
    gradient[x]! += outputGradient[y]! * filter[w]!;
  });
  return gradient;
}

/** Gradient of a loss with respect to the filter, `[kH, kW, inC, outC]`. */
export function filterGradientReference(
  shape: ConvShape,
  input: ArrayLike<number>,
  outputGradient: ArrayLike<number>,
): Float64Array {
  const gradient = new Float64Array(shape.kernel ** 2 * shape.inChannels * shape.outChannels);
  forEachProduct(shape, (x, w, y) => {
    gradient[w]! += input[x]! * outputGradient[y]!;
  });
  return gradient;
}

/** Visits every product of the convolution with the flat indices of input, filter and output element. */
function forEachProduct(shape: ConvShape, visit: (x: number, w: number, y: number) => void): void {
  const { batch, inChannels, outChannels, kernel, stride, padding, inSize, outSize } = shape;
  for (let n = 0; n < batch; n++)
    for (let oy = 0; oy < outSize; oy++)
      for (let ox = 0; ox < outSize; ox++)
        for (let ky = 0; ky < kernel; ky++)
          for (let kx = 0; kx < kernel; kx++) {
            const iy = oy * stride + ky - padding;
            const ix = ox * stride + kx - padding;
            if (iy < 0 || iy >= inSize || ix < 0 || ix >= inSize) continue;
            for (let c = 0; c < inChannels; c++)
              for (let o = 0; o < outChannels; o++)
                visit(
                  ((n * inSize + iy) * inSize + ix) * inChannels + c,
                  ((ky * kernel + kx) * inChannels + c) * outChannels + o,
                  ((n * outSize + oy) * outSize + ox) * outChannels + o,
                );
          }
}
