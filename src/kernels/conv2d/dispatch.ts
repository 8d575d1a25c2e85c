import type { Dispatch } from '#gpu/command.ts';
import type { TileVariant } from './variants.ts';

const MAX_WORKGROUPS = 65_535;

/** WGSL type of an array whose elements are vectors of four channels, or single channels. */
export const elementType = (isVector: boolean): string => (isVector ? 'vec4f' : 'f32');

/** A layer narrower than a workgroup gives the threads that it leaves idle to its rows. */
export function workgroupShape(variant: TileVariant, channels: number): [x: number, y: number] {
  let [x, y] = variant.threads;
  while (x % 2 === 0 && (x / 2) * variant.columns >= channels) {
    x /= 2;
    y *= 2;
  }
  return [x, y];
}

/** @throws {RangeError} when a dimension exceeds what every WebGPU device allows. */
export function workgroupGrid(pass: string, x: number, y: number, z: number): Dispatch['workgroups'] {
  if (Math.max(x, y, z) > MAX_WORKGROUPS) {
    throw new RangeError(
      `conv2d ${pass}: ${x} x ${y} x ${z} workgroups exceed ${MAX_WORKGROUPS}; use a smaller batch`,
    );
  }
  return [x, y, z];
}
