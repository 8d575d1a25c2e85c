import { words, type BufferSlice, type Dispatch, type Shader } from '#gpu/command.ts';
import { expandTemplate } from '../shared/template.ts';
import filterGradientCode from './filterGradientRegisters.wgsl?raw';
import gatherCode from './gatherRegisters.wgsl?raw';
import type { ConvShape } from './shape.ts';
import type { TileVariant } from './variants.ts';

const MAX_WORKGROUPS = 65_535;

/**
 * The convolution of a batch.
 * `input` `[N, H, W, inC]`, `filter` `[kH, kW, inC, outC]`, `output` `[N, H', W', outC]`, all f32.
 */
export function forward(
  shape: ConvShape,
  { input, filter, output }: { input: BufferSlice; filter: BufferSlice; output: BufferSlice },
  variant: TileVariant,
): Dispatch[] {
  return [gather(shape, { source: input, filter, result: output }, variant, false, false)];
}

/**
 * Gradient with respect to the input, written to `inputGradient` `[N, H, W, inC]` or, with `accumulate`,
 * added to what it holds. Every element is written.
 */
export function inputGradient(
  shape: ConvShape,
  buffers: { outputGradient: BufferSlice; filter: BufferSlice; inputGradient: BufferSlice },
  { accumulate }: { accumulate: boolean },
  variant: TileVariant,
): Dispatch[] {
  const { outputGradient, filter, inputGradient: result } = buffers;
  return [gather(shape, { source: outputGradient, filter, result }, variant, true, accumulate)];
}

/**
 * Gradient with respect to the filter, as `filterGradientSplits(shape, variant)` partial sums:
 * `partials` `[splits, kH, kW, inC, outC]`. `filterGradients` of `weightStandardization/` adds them up.
 */
export function filterGradient(
  shape: ConvShape,
  {
    input,
    outputGradient,
    partials,
  }: { input: BufferSlice; outputGradient: BufferSlice; partials: BufferSlice },
  variant: TileVariant,
): Dispatch[] {
  const { inChannels, outChannels } = shape;
  const [threadsX, threadsY] = workgroupShape(variant, outChannels);
  const splits = filterGradientSplits(shape, variant);
  const [x, y] = filterGrid(shape, variant);
  return [
    {
      shader: filterGradientShader(variant, threadsX, threadsY, inChannels % 4 === 0, outChannels % 4 === 0),
      bindings: [
        input,
        outputGradient,
        partials,
        {
          uniform: words(
            ['u', shape.batch],
            ['u', shape.kernel],
            ['u', shape.stride],
            ['u', shape.padding],
            ['u', shape.inSize],
            ['u', inChannels],
            ['u', shape.outSize],
            ['u', outChannels],
            ['u', splits],
          ),
        },
      ],
      workgroups: grid('filterGradient', x, y, splits),
    },
  ];
}

/** Partial sums that `filterGradient` writes: enough to occupy the adapter, never more than there are output rows. */
export function filterGradientSplits(shape: ConvShape, variant: TileVariant): number {
  const [x, y] = filterGrid(shape, variant);
  const threads = x * y * variant.threads[0] * variant.threads[1];
  return Math.max(1, Math.min(Math.ceil(256 / threads), shape.batch * shape.outSize));
}

/** Workgroups along output channels and along filter rows. */
function filterGrid(shape: ConvShape, variant: TileVariant): [x: number, y: number] {
  const [threadsX, threadsY] = workgroupShape(variant, shape.outChannels);
  const rows = shape.kernel ** 2 * Math.ceil(shape.inChannels / variant.rows);
  return [Math.ceil(shape.outChannels / (variant.columns * threadsX)), Math.ceil(rows / threadsY)];
}

function gather(
  shape: ConvShape,
  { source, filter, result }: { source: BufferSlice; filter: BufferSlice; result: BufferSlice },
  variant: TileVariant,
  transposed: boolean,
  accumulate: boolean,
): Dispatch {
  const { batch, kernel, stride, padding, inSize, outSize, inChannels, outChannels } = shape;
  const [sourceSize, sourceChannels] = transposed ? [outSize, outChannels] : [inSize, inChannels];
  const [resultSize, resultChannels] = transposed ? [inSize, inChannels] : [outSize, outChannels];
  const [threadsX, threadsY] = workgroupShape(variant, resultChannels);
  const parities = transposed ? stride ** 2 : 1;
  const pixels = batch * (transposed ? Math.ceil(inSize / stride) : outSize) ** 2;
  return {
    shader: gatherShader(variant, threadsX, threadsY, {
      transposed,
      accumulate,
      sourceVector: sourceChannels % 4 === 0,
      filterVector: outChannels % 4 === 0,
      resultVector: resultChannels % 4 === 0,
    }),
    bindings: [
      source,
      filter,
      result,
      {
        uniform: words(
          ['u', batch],
          ['u', kernel],
          ['u', stride],
          ['u', padding],
          ['u', sourceSize],
          ['u', sourceChannels],
          ['u', resultSize],
          ['u', resultChannels],
        ),
      },
    ],
    workgroups: grid(
      transposed ? 'inputGradient' : 'forward',
      Math.ceil(resultChannels / (variant.columns * threadsX)),
      Math.ceil(pixels / (variant.rows * threadsY)),
      parities,
    ),
  };
}

/** A layer narrower than a workgroup gives the threads that it leaves idle to its rows. */
function workgroupShape(variant: TileVariant, channels: number): [x: number, y: number] {
  let [x, y] = variant.threads;
  while (x % 2 === 0 && (x / 2) * variant.columns >= channels) {
    x /= 2;
    y *= 2;
  }
  return [x, y];
}

function grid(pass: string, x: number, y: number, z: number): [number, number, number] {
  if (Math.max(x, y, z) > MAX_WORKGROUPS) {
    throw new RangeError(
      `conv2d ${pass}: ${x} x ${y} x ${z} workgroups exceed ${MAX_WORKGROUPS}; use a smaller batch`,
    );
  }
  return [x, y, z];
}

interface GatherFlags {
  readonly transposed: boolean;
  readonly accumulate: boolean;
  readonly sourceVector: boolean;
  readonly filterVector: boolean;
  readonly resultVector: boolean;
}

const elementType = (isVector: boolean): string => (isVector ? 'vec4f' : 'f32');

function gatherShader(variant: TileVariant, threadsX: number, threadsY: number, flags: GatherFlags): Shader {
  return {
    label: flags.transposed ? 'conv2d/inputGradientRegisters' : 'conv2d/forwardRegisters',
    code: expandTemplate(gatherCode, {
      rows: variant.rows,
      columns: variant.columns,
      columnVectors: variant.columns / 4,
      threadsX,
      threadsY,
      sourceType: elementType(flags.sourceVector),
      filterType: elementType(flags.filterVector),
      resultType: elementType(flags.resultVector),
      sourceWidth: flags.sourceVector ? 4 : 1,
      filterWidth: flags.filterVector ? 4 : 1,
      next1: flags.sourceVector ? '1u' : 'min(1u, left - 1u)',
      next2: flags.sourceVector ? '2u' : 'min(2u, left - 1u)',
      next3: flags.sourceVector ? '3u' : 'min(3u, left - 1u)',
      ...flags,
    }),
    bindings: ['read', 'read', 'read_write', 'uniform'],
  };
}

function filterGradientShader(
  variant: TileVariant,
  threadsX: number,
  threadsY: number,
  sourceVector: boolean,
  gradientVector: boolean,
): Shader {
  return {
    label: 'conv2d/filterGradientRegisters',
    code: expandTemplate(filterGradientCode, {
      rows: variant.rows,
      columns: variant.columns,
      rowVectors: variant.rows / 4,
      columnVectors: variant.columns / 4,
      threadsX,
      threadsY,
      sourceVector,
      gradientVector,
      sourceType: elementType(sourceVector),
      gradientType: elementType(gradientVector),
    }),
    bindings: ['read', 'read', 'read_write', 'uniform'],
  };
}
