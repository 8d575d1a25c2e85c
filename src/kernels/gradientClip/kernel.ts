import { words, type Dispatch } from '#gpu/command.ts';
import { floats } from '../shared/maps.ts';
import coefficientCode from './coefficient.wgsl?raw';
import squaresCode from './squares.wgsl?raw';
import lanesCode from '../shared/lanes.wgsl?raw';
import magnitudesCode from '../shared/magnitudes.wgsl?raw';
import { expandTemplate } from '../shared/template.ts';

const sharedCode = `${expandTemplate(lanesCode, { item: 'Magnitude', merge: 'mergeMagnitudes' })}\n${magnitudesCode}`;

/** Added to the norm, as torch does. */
export const CLIP_EPS = 1e-6;
/** Words of a `Magnitude`. */
const PART_WORDS = 3;

/** How the gradients are cut. Graphics cards want many lanes, software adapters few with long loops. */
export interface ClipTuning {
  /** Workgroup size, a power of two up to 256. */
  readonly lanes: number;
  /** Vectors of four values per lane. */
  readonly vectors: number;
}

/** For graphics cards. */
export const WIDE_CLIP: ClipTuning = { lanes: 256, vectors: 8 };
/** For software adapters (`AdapterDescription.isFallback`). */
export const NARROW_CLIP: ClipTuning = { lanes: 4, vectors: 256 };

export function clipTuning(isFallback: boolean): ClipTuning {
  return isFallback ? NARROW_CLIP : WIDE_CLIP;
}

/** 32-bit words of the buffer for parts of `packedSize` gradients. */
export function clipPartsSize(packedSize: number, tuning: ClipTuning): number {
  return PART_WORDS * partCount(packedSize, tuning);
}

export interface ClipCoefficient {
  /** `packedSize` f32 with zeros where no tensor lies, read only. */
  readonly gradients: GPUBuffer;
  /** A multiple of 4: `TensorTable.packedSize`. */
  readonly packedSize: number;
  /** The L2 norm of all gradients together up to which they are left as they are. */
  readonly largest: number;
  /** `clipPartsSize` words, contents arbitrary before and after. */
  readonly parts: GPUBuffer;
  /** `[1]` f32: what the optimizer has to multiply every gradient with. */
  readonly coefficient: GPUBuffer;
  readonly tuning: ClipTuning;
}

/**
 * Works out by how much a step's gradients have to shrink; two dispatches. Squares neither overflow nor underflow; of
 * a norm that is not finite the coefficient is NaN.
 * @throws {RangeError} when `packedSize` is no multiple of 4.
 */
export function clipCoefficient(options: ClipCoefficient): Dispatch[] {
  const { packedSize, largest, tuning } = options;
  const { lanes, vectors } = tuning;
  if (packedSize % 4 !== 0)
    throw new RangeError(`gradientClip: packed size ${packedSize} must be a multiple of 4`);
  const count = partCount(packedSize, tuning);
  const parts = floats(options.parts, PART_WORDS * count);
  return [
    {
      shader: {
        label: 'gradientClip/squares',
        code: `${squaresCode}\n${sharedCode}`,
        bindings: ['read', 'read_write', 'uniform'],
        constants: { LANES: lanes, VECTORS: vectors },
      },
      bindings: [floats(options.gradients, packedSize), parts, { uniform: words(['u', packedSize / 4]) }],
      workgroups: [count, 1, 1],
    },
    {
      shader: {
        label: 'gradientClip/coefficient',
        code: `${coefficientCode}\n${sharedCode}`,
        bindings: ['read', 'read_write', 'uniform'],
        constants: { LANES: lanes },
      },
      bindings: [
        parts,
        floats(options.coefficient, 1),
        { uniform: words(['u', count], ['f', largest], ['f', CLIP_EPS]) },
      ],
      workgroups: [1, 1, 1],
    },
  ];
}

function partCount(packedSize: number, { lanes, vectors }: ClipTuning): number {
  return Math.ceil(packedSize / (4 * lanes * vectors));
}
