import { words, type BufferSlice, type Dispatch, type Shader } from '#gpu/command.ts';
import { MAX_WORKGROUPS, workgroupRanges } from '../shared/ranges.ts';
import { expandTemplate } from '../shared/template.ts';
import { elementType } from './elements.ts';
import type { ConvShape } from './shape.ts';
import code from './tiles.wgsl?raw';
import type { ConvPass, TileVariant } from './variants.ts';

/** Workgroups that occupy the adapter: a few for each multiprocessor of a large card. */
const WANTED_WORKGROUPS = 512;
/** Output pixels that a split of the filter gradient should at least have. */
const PIXELS_PER_SPLIT = 256;

interface Extents {
  /** Rows and columns of the product, and how often it is done. */
  readonly rows: number;
  readonly columns: number;
  readonly layers: number;
}

/** Partial sums of the filter gradient: enough to occupy the adapter, none shorter than is worth a tile. */
export function tileSplits(shape: ConvShape, variant: TileVariant): number {
  const { rows, columns } = filterExtents(shape, 1);
  const [x, y] = tileGrid(rows, columns, variant);
  const pixels = shape.batch * shape.outSize ** 2;
  return Math.max(
    1,
    Math.min(Math.floor(WANTED_WORKGROUPS / (x * y)), Math.floor(pixels / PIXELS_PER_SPLIT)),
  );
}

function tileGrid(rows: number, columns: number, variant: TileVariant): [x: number, y: number] {
  return [
    Math.ceil(columns / (variant.columns * variant.threads[0])),
    Math.ceil(rows / (variant.rows * variant.threads[1])),
  ];
}

function filterExtents({ kernel, inChannels, outChannels }: ConvShape, splits: number): Extents {
  return { rows: kernel ** 2 * Math.ceil(inChannels / 4) * 4, columns: outChannels, layers: splits };
}

function extents(pass: ConvPass, shape: ConvShape, splits: number): Extents {
  const { batch, stride, inSize, inChannels, outSize, outChannels } = shape;
  if (pass === 'filterGradient') return filterExtents(shape, splits);
  return pass === 'forward'
    ? { rows: batch * outSize ** 2, columns: outChannels, layers: 1 }
    : { rows: batch * Math.ceil(inSize / stride) ** 2, columns: inChannels, layers: stride ** 2 };
}

/**
 * The pass in a `tiles` variant, cut into so many dispatches where it has the lines of tiles. `a`, `b` and `result` as
 * tiles.wgsl has them.
 */
export function tilesDispatches(
  pass: ConvPass,
  shape: ConvShape,
  buffers: { a: BufferSlice; b: BufferSlice; result: BufferSlice },
  accumulate: boolean,
  variant: TileVariant,
  dispatches: number,
): Dispatch[] {
  const { batch, kernel, stride, padding, inSize, inChannels, outSize, outChannels } = shape;
  const splits = pass === 'filterGradient' ? tileSplits(shape, variant) : 1;
  const { rows, columns, layers } = extents(pass, shape, splits);
  const [x, y] = tileGrid(rows, columns, variant);
  if (Math.max(x, y, layers) > MAX_WORKGROUPS) {
    throw new RangeError(`conv2d ${pass}: ${x} x ${y} tiles exceed ${MAX_WORKGROUPS}; use a smaller batch`);
  }
  const [threadsX, threadsY] = variant.threads;
  const lanes = threadsX * threadsY * variant.slices;
  const inVector = inChannels % 4 === 0;
  const outVector = outChannels % 4 === 0;
  const aVector = pass === 'inputGradient' ? outVector : inVector;
  const resultVector = pass === 'inputGradient' ? inVector : outVector;
  /** 4x4 blocks of a tile that each thread fetches. */
  const fetches = (vectors: number): number => Math.ceil((vectors * variant.depth) / 4 / lanes);
  const shader: Shader = {
    label: `conv2d/tiles ${pass}`,
    code: expandTemplate(code, {
      isFilterGradient: pass === 'filterGradient',
      isInputGradient: pass === 'inputGradient',
      rows: variant.rows,
      columns: variant.columns,
      rowVectors: variant.rows / 4,
      columnVectors: variant.columns / 4,
      threadsX,
      threadsY,
      slices: variant.slices,
      isSliced: variant.slices > 1,
      quads: variant.quads,
      depth: variant.depth,
      fetchesA: fetches((threadsY * variant.rows) / 4),
      fetchesB: fetches((threadsX * variant.columns) / 4),
      aVector,
      bVector: outVector,
      resultVector,
      aType: elementType(aVector),
      bType: elementType(outVector),
      resultType: elementType(resultVector),
    }),
    bindings: ['read', 'read', 'read_write', 'uniform'],
  };
  return workgroupRanges(y, dispatches).map(({ first, count }) => ({
    shader,
    bindings: [
      buffers.a,
      buffers.b,
      buffers.result,
      {
        uniform: words(
          ['u', batch],
          ['u', kernel],
          ['u', stride],
          ['u', padding],
          ['u', inSize],
          ['u', inChannels],
          ['u', outSize],
          ['u', outChannels],
          ['u', splits],
          ['u', accumulate ? 1 : 0],
          ['u', first],
        ),
      },
    ],
    workgroups: [x, count, layers],
  }));
}
