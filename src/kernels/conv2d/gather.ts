import { words, type BufferSlice, type Dispatch, type Shader } from '#gpu/command.ts';
import { workgroupRanges } from '../shared/ranges.ts';
import { expandTemplate } from '../shared/template.ts';
import { elementType } from './elements.ts';
import accessCode from './gatherAccess.wgsl?raw';
import stripsCode from './gatherStrips.wgsl?raw';
import type { ConvShape } from './shape.ts';
import { inputStrips, outputStrips, STRIPS_GRAIN } from './strips.ts';
import type { TileVariant } from './variants.ts';

/** Forward pass and input gradient as one operation: every result pixel gathers from source pixels. */
export interface Gather {
  readonly shape: ConvShape;
  readonly pass: 'forward' | 'inputGradient';
  readonly accumulate: boolean;
  readonly source: BufferSlice;
  readonly filter: BufferSlice;
  readonly result: BufferSlice;
}

interface Maps {
  readonly sourceSize: number;
  readonly sourceChannels: number;
  readonly resultSize: number;
  readonly resultChannels: number;
}

function mapsOf({ shape, pass }: Gather): Maps {
  const { inSize, outSize, inChannels, outChannels } = shape;
  return pass === 'forward'
    ? { sourceSize: inSize, sourceChannels: inChannels, resultSize: outSize, resultChannels: outChannels }
    : { sourceSize: outSize, sourceChannels: outChannels, resultSize: inSize, resultChannels: inChannels };
}

/** The pass in `variant`, cut into so many dispatches where it has the workgroups. */
export function gatherDispatches(gather: Gather, variant: TileVariant, dispatches: number): Dispatch[] {
  const { shape, pass, accumulate } = gather;
  const { sourceSize, sourceChannels, resultSize, resultChannels } = mapsOf(gather);
  const pixels = variant.rows;
  const strips = shape.batch * resultSize * Math.ceil(resultSize / pixels);
  const { values, left } = pass === 'forward' ? outputStrips(shape, pixels) : inputStrips(shape, pixels);
  const sourceVector = sourceChannels % 4 === 0;
  const filterVector = shape.outChannels % 4 === 0;
  const resultVector = resultChannels % 4 === 0;
  // Weights of channels past the source's last meet zeros: repeat a weight that is there.
  const next = (step: number): string => (sourceVector ? `${step}u` : `min(${step}u, rest - 1u)`);
  const shader: Shader = {
    label: `conv2d/gatherStrips ${pass}`,
    code: expandTemplate(`${stripsCode}\n${accessCode}`, {
      columns: variant.columns,
      columnVectors: variant.columns / 4,
      stride: shape.stride,
      lanes: variant.threads[0],
      transposed: pass === 'inputGradient',
      sourceVector,
      // The stem's text would be the longest of all to compile, and a quarter of its products zero.
      isImage: pass === 'forward' && sourceChannels === 3,
      filterVector,
      resultVector,
      sourceType: elementType(sourceVector),
      filterType: elementType(filterVector),
      resultType: elementType(resultVector),
      sourceWidth: sourceVector ? 4 : 1,
      filterWidth: filterVector ? 4 : 1,
      next1: next(1),
      next2: next(2),
      next3: next(3),
      ...values,
    }),
    bindings: ['read', 'read', 'read_write', 'uniform'],
  };
  const threads = strips * Math.ceil(resultChannels / variant.columns);
  const workgroups = Math.ceil(threads / variant.threads[0]);
  return workgroupRanges(workgroups, dispatches, STRIPS_GRAIN).map(({ first, count }) => ({
    shader,
    bindings: [
      gather.source,
      gather.filter,
      gather.result,
      {
        uniform: words(
          ['u', shape.batch],
          ['u', shape.padding],
          ['i', left],
          ['u', accumulate ? 1 : 0],
          ['u', sourceSize],
          ['u', sourceChannels],
          ['u', resultSize],
          ['u', resultChannels],
          ['u', first],
        ),
      },
    ],
    workgroups: [count, 1, 1],
  }));
}
