import { words, type Dispatch } from '#gpu/command.ts';
import { floats, foldWorkgroups, forWidth, vectorWidth } from '../shared/maps.ts';
import reluCode from './relu.wgsl?raw';
import reluBackwardCode from './reluBackward.wgsl?raw';

const LANES = 64;
const VECTORS = 4;

export interface Relu {
  /** Values in each of the buffers, whatever their shape. */
  readonly size: number;
  readonly x: GPUBuffer;
  /** Added before the ReLU. */
  readonly residual?: GPUBuffer;
  /** Written. */
  readonly y: GPUBuffer;
}

export interface ReluBackward {
  readonly size: number;
  /** Gradient of `y`. */
  readonly dy: GPUBuffer;
  /** Output of the forward pass. */
  readonly y: GPUBuffer;
  /** Written: the gradient of `x`, and of the residual; another buffer than `dy`. */
  readonly dz: GPUBuffer;
}

/** `y = relu(x [+ residual])`, one dispatch. */
export function relu({ size, x, residual, y }: Relu): Dispatch[] {
  return elementwise('relu', reluCode, size, [x, residual ?? x, y], { RESIDUAL: residual ? 1 : 0 });
}

/** `dz = [y > 0] dy`, one dispatch. */
export function reluBackward({ size, dy, y, dz }: ReluBackward): Dispatch[] {
  return elementwise('reluBackward', reluBackwardCode, size, [dy, y, dz], {});
}

function elementwise(
  label: string,
  code: string,
  size: number,
  buffers: readonly GPUBuffer[],
  flags: Readonly<Record<string, number>>,
): Dispatch[] {
  if (!(Number.isInteger(size) && size > 0)) throw new RangeError(`${label}: size ${size} must be positive`);
  const width = vectorWidth(size);
  const vectors = size / width;
  return [
    {
      shader: {
        label,
        code: forWidth(code, width),
        bindings: ['read', 'read', 'read_write', 'uniform'],
        constants: { LANES, VECTORS, ...flags },
      },
      bindings: [...buffers.map((buffer) => floats(buffer, size)), { uniform: words(['u', vectors]) }],
      workgroups: foldWorkgroups(Math.ceil(vectors / (LANES * VECTORS))),
    },
  ];
}
