import { convShape, type ConvShape } from './shape.ts';

/** A shape from its free extents. */
export function shapeOf(
  batch: number,
  inChannels: number,
  outChannels: number,
  kernel: number,
  stride: number,
  padding: number,
  inSize: number,
): ConvShape {
  const outSize = Math.floor((inSize + 2 * padding - kernel) / stride) + 1;
  return convShape({ inChannels, outChannels, kernel, stride, padding, inSize, outSize }, batch);
}

/** Numbers in [-1, 1) that look random and are the same everywhere. */
export function noise(count: number, salt: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    const x = Math.sin((i + 1) * 12.9898 + salt * 78.233) * 43758.5453;
    return 2 * (x - Math.floor(x)) - 1;
  });
}
