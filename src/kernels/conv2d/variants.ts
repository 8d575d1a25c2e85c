import type { ConvShape } from './shape.ts';

export type ConvPass = 'forward' | 'inputGradient' | 'filterGradient';

/** How one pass is cut into threads. Every variant gives the same sums, up to rounding. */
export interface TileVariant {
  /** Unique among the candidates of a pass. */
  readonly name: string;
  /**
   * `strips`: each thread reads storage itself and keeps a strip of a line in registers (software adapters);
   * `tiles`: tiles pass through workgroup memory (graphics cards).
   */
  readonly kind: 'strips' | 'tiles';
  /**
   * Outputs of a thread, apart from channels. Strips: neighbouring pixels, a multiple of the stride; tiles: rows
   * of the product, a multiple of four; filter gradient: input channels, a multiple of four.
   */
  readonly rows: number;
  /** Output channels of a thread (input gradient: input channels), a multiple of four. */
  readonly columns: number;
  /** Threads of a workgroup: tiles along columns and rows, strips in one line. */
  readonly threads: readonly [x: number, y: number];
  /** Strips, filter gradient: output pixels of one turn of the loop. */
  readonly pixels: number;
  /** Tiles: terms of the sum that a tile holds, a multiple of four times the slices, at least a tile's columns when sliced. */
  readonly depth: number;
  /** Tiles: groups of threads that share a tile's depth. */
  readonly slices: number;
  /** Tiles: the four threads of a quad share their loads; a line has a multiple of four threads. */
  readonly quads: boolean;
}

/** The limits that a variant must fit. */
export type VariantLimits = Pick<
  GPUSupportedLimits,
  'maxComputeInvocationsPerWorkgroup' | 'maxComputeWorkgroupStorageSize'
>;

/** The features that a variant may need. */
export type VariantFeatures = Pick<ReadonlySet<string>, 'has'>;

const strips = (rows: number, columns: number, pixels: number, lanes: number): TileVariant => ({
  name: `strips ${rows}x${columns}${pixels === rows ? '' : ` by ${pixels}`}, ${lanes} lanes`,
  kind: 'strips',
  rows,
  columns,
  threads: [lanes, 1],
  pixels,
  depth: 0,
  slices: 1,
  quads: false,
});

const tiles = (
  rows: number,
  columns: number,
  threads: readonly [number, number],
  depth: number,
  slices = 1,
): TileVariant => ({
  name: `tiles ${rows * threads[1]}x${columns * threads[0]}x${depth}, ${rows}x${columns} a thread${slices > 1 ? `, ${slices} slices` : ''}`,
  kind: 'tiles',
  rows,
  columns,
  threads,
  pixels: 1,
  depth,
  slices,
  quads: false,
});

const withQuads = (variant: TileVariant): TileVariant => ({
  ...variant,
  name: `${variant.name}, quads`,
  quads: true,
});

const TILES: readonly TileVariant[] = [
  tiles(8, 8, [8, 16], 16),
  tiles(8, 4, [16, 8], 16),
  tiles(4, 4, [16, 16], 32),
  tiles(4, 4, [8, 8], 16),
  tiles(4, 4, [8, 8], 32, 4),
  tiles(4, 4, [4, 4], 32, 8),
];

/** For adapters with subgroups: the defaults of large and of small products. */
const QUAD_TILES: readonly TileVariant[] = [withQuads(TILES[1]!), withQuads(TILES[4]!)];

/**
 * Candidates of graphics cards for one pass of one shape that fit `limits` and `features`, to be timed on the adapter.
 * The strips are for cards whose workgroup memory is ordinary memory.
 */
export function convVariants(
  _pass: ConvPass,
  _shape: ConvShape,
  limits: VariantLimits,
  features: VariantFeatures,
): readonly TileVariant[] {
  const quadTiles = features.has('subgroups') ? QUAD_TILES : [];
  return [...TILES, ...quadTiles, strips(4, 8, 4, 64)].filter(
    (variant) =>
      variant.threads[0] * variant.threads[1] * variant.slices <= limits.maxComputeInvocationsPerWorkgroup &&
      tileBytes(variant) <= limits.maxComputeWorkgroupStorageSize,
  );
}

/** Workgroup memory of a variant, bytes. */
export function tileBytes({ rows, columns, threads, depth }: TileVariant): number {
  return depth * (rows * threads[1] + columns * threads[0]) * 4;
}

/**
 * Candidates of software adapters, fastest first on SwiftShader: the longest strips that a line fills. Four
 * lanes are what SwiftShader runs as one; more of them would only share a fate.
 */
export function softwareVariants(
  pass: ConvPass,
  { kernel, stride, inChannels, inSize, outSize }: ConvShape,
): readonly TileVariant[] {
  // Layers of stride 2 and the stem have a tenth of the operations, and every pipeline costs the first step a
  // third of a second: the short strips that fit all their sizes.
  const isCommon = stride === 1 && inChannels > 3;
  if (pass === 'filterGradient') {
    if (stride > 1) return [strips(4, 8, 4, 4), strips(8, 8, 4, 4)];
    const long = outSize >= 8 ? strips(4, 8, 8, 4) : strips(4, 16, 4, 4);
    return [long, strips(8, 8, 4, 4)];
  }
  const size = pass === 'forward' ? outSize : inSize;
  const isLong = size >= 16 && kernel > 1 && isCommon;
  if (isLong) return [strips(16, 8, 16, 4), strips(8, 16, 8, 4)];
  return size >= 8 ? [strips(8, 8, 8, 4), strips(8, 16, 8, 4)] : [strips(4, 8, 4, 4), strips(4, 16, 4, 4)];
}

/** The candidate to take unmeasured. */
export function defaultVariant(pass: ConvPass, shape: ConvShape, isFallbackAdapter: boolean): TileVariant {
  if (isFallbackAdapter) return softwareVariants(pass, shape)[0]!;
  const rows =
    pass === 'filterGradient' ? shape.kernel ** 2 * shape.inChannels : shape.batch * shape.outSize ** 2;
  // Too few 64x64 tiles to occupy a card: smaller ones, and threads that share a tile's depth.
  return rows * shape.outChannels >= 64 * 64 * 128 ? TILES[1]! : TILES[4]!;
}
