import { words, type Dispatch } from '#gpu/command.ts';
import { WIDE_FLAT, type FlatTuning } from '../shared/flat.ts';
import { floats, foldWorkgroups, forWidth, vectorWidth } from '../shared/maps.ts';
import reluCode from './relu.wgsl?raw';
import reluBackwardCode from './reluBackward.wgsl?raw';

interface Elementwise {
  /** Values in each of the buffers, whatever their shape. */
  readonly size: number;
  /** For a graphics card where absent. */
  readonly tuning?: FlatTuning;
}

export interface Relu extends Elementwise {
  readonly x: GPUBuffer;
  /** Added before the ReLU. */
  readonly residual?: GPUBuffer;
  /** Written. */
  readonly y: GPUBuffer;
}

export interface ReluBackward extends Elementwise {
  /** Gradient of `y`. */
  readonly dy: GPUBuffer;
  /** Output of the forward pass. */
  readonly y: GPUBuffer;
  /** Written: the gradient of `x`, and of the residual; another buffer than `dy`. */
  readonly dz: GPUBuffer;
}

/** `y = relu(x [+ residual])`, one dispatch. */
export function relu({ x, residual, y, ...common }: Relu): Dispatch[] {
  return elementwise('relu', reluCode, common, [x, residual ?? x, y], { RESIDUAL: residual ? 1 : 0 });
}

/** `dz = [y > 0] dy`, one dispatch. */
export function reluBackward({ dy, y, dz, ...common }: ReluBackward): Dispatch[] {
  return elementwise('reluBackward', reluBackwardCode, common, [dy, y, dz], {});
}

function elementwise(
  label: string,
  code: string,
  { size, tuning = WIDE_FLAT }: Elementwise,
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
        constants: { LANES: tuning.lanes, VECTORS: tuning.vectors, ...flags },
      },
      bindings: [...buffers.map((buffer) => floats(buffer, size)), { uniform: words(['u', vectors]) }],
      workgroups: foldWorkgroups(Math.ceil(vectors / (tuning.lanes * tuning.vectors))),
    },
  ];
}
