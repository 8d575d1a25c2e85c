import type { ConvShape } from './shape.ts';

export type ConvPass = 'forward' | 'inputGradient' | 'filterGradient';

/** How one pass is cut into threads. Every variant gives the same sums, up to rounding. */
export interface TileVariant {
  /** Unique among the candidates of a pass. */
  readonly name: string;
  /** `registers`: each thread reads storage itself; `workgroup`: tiles pass through workgroup memory. */
  readonly kind: 'registers';
  /** Outputs of a thread along pixels (filter gradient: along input channels). */
  readonly rows: number;
  /** Outputs of a thread along channels, a multiple of four. */
  readonly columns: number;
  /** Threads of a workgroup, at most, along channels and along rows; narrow layers take fewer along channels. */
  readonly threads: readonly [x: number, y: number];
}

/** The limits that a variant must fit. */
export type VariantLimits = Pick<
  GPUSupportedLimits,
  'maxComputeInvocationsPerWorkgroup' | 'maxComputeWorkgroupStorageSize'
>;

const registers = (rows: number, columns: number, threads: readonly [number, number]): TileVariant => ({
  name: `registers ${rows}x${columns}, ${threads[0]}x${threads[1]} threads`,
  kind: 'registers',
  rows,
  columns,
  threads,
});

const GATHER: readonly TileVariant[] = [
  registers(16, 8, [4, 1]),
  registers(8, 8, [4, 1]),
  registers(4, 4, [8, 8]),
];
const FILTER: readonly TileVariant[] = [
  registers(16, 8, [4, 1]),
  registers(8, 8, [4, 1]),
  registers(4, 4, [8, 8]),
];

/** Candidates for one pass of one shape that fit `limits`, to be timed on the adapter. */
export function convVariants(
  pass: ConvPass,
  _shape: ConvShape,
  limits: VariantLimits,
): readonly TileVariant[] {
  const all = pass === 'filterGradient' ? FILTER : GATHER;
  return all.filter(({ threads }) => threads[0] * threads[1] <= limits.maxComputeInvocationsPerWorkgroup);
}

/** The candidate to take unmeasured. */
export function defaultVariant(pass: ConvPass, _shape: ConvShape, isFallbackAdapter: boolean): TileVariant {
  const all = pass === 'filterGradient' ? FILTER : GATHER;
  return isFallbackAdapter ? all[1]! : all[2]!;
}
