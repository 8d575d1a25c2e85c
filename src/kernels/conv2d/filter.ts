import { words, type BufferSlice, type Dispatch, type Shader } from '#gpu/command.ts';
import { workgroupRanges } from '../shared/ranges.ts';
import { expandTemplate } from '../shared/template.ts';
import { elementType } from './elements.ts';
import accessCode from './filterGradientAccess.wgsl?raw';
import stripsCode from './filterGradientStrips.wgsl?raw';
import type { ConvShape } from './shape.ts';
import { outputStrips, STRIPS_GRAIN } from './strips.ts';
import type { TileVariant } from './variants.ts';

/** Workgroups that occupy the adapter; a filter with fewer is split over the batch. */
const WANTED_WORKGROUPS = 64;

/** Partial sums that the pass writes: enough to occupy the adapter, at most one per output line. */
export function splitCount(shape: ConvShape, variant: TileVariant): number {
  const wanted = Math.ceil((WANTED_WORKGROUPS * variant.threads[0]) / threadCount(shape, variant));
  return Math.min(wanted, shape.batch * shape.outSize);
}

/** Threads of one split. */
function threadCount({ kernel, inChannels, outChannels }: ConvShape, variant: TileVariant): number {
  return kernel * Math.ceil(inChannels / variant.rows) * Math.ceil(outChannels / variant.columns);
}

/** The pass in `variant`, cut into so many dispatches where it has the workgroups. */
export function filterGradientDispatches(
  shape: ConvShape,
  {
    input,
    outputGradient,
    partials,
  }: { input: BufferSlice; outputGradient: BufferSlice; partials: BufferSlice },
  variant: TileVariant,
  dispatches: number,
): Dispatch[] {
  const splits = splitCount(shape, variant);
  const { values } = outputStrips(shape, variant.pixels);
  const sourceVector = shape.inChannels % 4 === 0;
  const gradientVector = shape.outChannels % 4 === 0;
  const isImage = shape.inChannels === 3 && variant.rows === 4;
  const shader: Shader = {
    label: 'conv2d/filterGradientStrips',
    code: expandTemplate(`${stripsCode}\n${accessCode}`, {
      rows: variant.rows,
      columns: variant.columns,
      stride: shape.stride,
      lanes: variant.threads[0],
      rowVectors: variant.rows / 4,
      isImage,
      rowsOfVector: isImage ? 3 : 4,
      columnVectors: variant.columns / 4,
      sourceVector,
      gradientVector,
      sourceType: elementType(sourceVector),
      gradientType: elementType(gradientVector),
      sourceWidth: sourceVector ? 4 : 1,
      gradientWidth: gradientVector ? 4 : 1,
      ...values,
    }),
    bindings: ['read', 'read', 'read_write', 'uniform'],
  };
  const workgroups = splits * Math.ceil(threadCount(shape, variant) / variant.threads[0]);
  return workgroupRanges(workgroups, dispatches, STRIPS_GRAIN).map(({ first, count }) => ({
    shader,
    bindings: [
      input,
      outputGradient,
      partials,
      {
        uniform: words(
          ['u', shape.batch],
          ['u', shape.padding],
          ['u', shape.inSize],
          ['u', shape.inChannels],
          ['u', shape.outSize],
          ['u', shape.outChannels],
          ['u', splits],
          ['u', first],
        ),
      },
    ],
    workgroups: [count, 1, 1],
  }));
}
