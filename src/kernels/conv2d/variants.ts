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
  /** Tiles: threads of a workgroup along columns and rows. */
  readonly threads: readonly [x: number, y: number];
  /** Strips, filter gradient: output pixels of one turn of the loop. */
  readonly pixels: number;
  /** Tiles: terms of the sum that a tile holds, a multiple of four times the slices, at least a tile's columns when sliced. */
  readonly depth: number;
  /** Tiles: groups of threads that share a tile's depth. */
  readonly slices: number;
}

/** The limits that a variant must fit. */
export type VariantLimits = Pick<
  GPUSupportedLimits,
  'maxComputeInvocationsPerWorkgroup' | 'maxComputeWorkgroupStorageSize'
>;

const strips = (rows: number, columns: number, pixels = rows): TileVariant => ({
  name: pixels === rows ? `strips ${rows}x${columns}` : `strips ${rows}x${columns} by ${pixels}`,
  kind: 'strips',
  rows,
  columns,
  threads: [4, 1],
  pixels,
  depth: 0,
  slices: 1,
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
});

const TILES: readonly TileVariant[] = [
  tiles(8, 8, [8, 16], 16),
  tiles(8, 4, [16, 8], 16),
  tiles(4, 4, [16, 16], 32),
  tiles(4, 4, [8, 8], 16),
  tiles(4, 4, [8, 8], 32, 4),
  tiles(4, 4, [4, 4], 32, 8),
];

/** Candidates for one pass of one shape that fit `limits`, to be timed on the adapter. */
export function convVariants(
  pass: ConvPass,
  shape: ConvShape,
  limits: VariantLimits,
): readonly TileVariant[] {
  return [...stripVariants(pass, shape), ...TILES].filter(
    (variant) =>
      variant.threads[0] * variant.threads[1] * variant.slices <= limits.maxComputeInvocationsPerWorkgroup &&
      variant.depth * (variant.rows * variant.threads[1] + variant.columns * variant.threads[0]) * 4 <=
        limits.maxComputeWorkgroupStorageSize,
  );
}

/** The longest strips that fit a line, and shapes around them. */
function stripVariants(
  pass: ConvPass,
  { kernel, stride, inSize, outSize }: ConvShape,
): readonly TileVariant[] {
  if (pass === 'filterGradient') {
    return outSize >= 8 ? [strips(4, 8, 8), strips(8, 8, 4)] : [strips(4, 16, 4), strips(8, 8, 4)];
  }
  const size = pass === 'forward' ? outSize : inSize;
  // The input gradient of stride 2 meets half of a strip's pixels with each tap: it holds twice as many.
  if (size >= 16 && kernel > 1 && (stride === 1 || pass === 'inputGradient'))
    return [strips(16, 8), strips(8, 16)];
  return size >= 8 ? [strips(8, 8), strips(8, 16)] : [strips(4, 8), strips(4, 16)];
}

/** The candidate to take unmeasured. */
export function defaultVariant(pass: ConvPass, shape: ConvShape, isFallbackAdapter: boolean): TileVariant {
  if (isFallbackAdapter) return stripVariants(pass, shape)[0]!;
  const rows =
    pass === 'filterGradient' ? shape.kernel ** 2 * shape.inChannels : shape.batch * shape.outSize ** 2;
  // Too few 64x64 tiles to occupy a card: smaller ones, and threads that share a tile's depth.
  return rows * shape.outChannels >= 64 * 64 * 128 ? TILES[1]! : TILES[4]!;
}
