/** Workgroups per dimension that every WebGPU device allows. */
export const MAX_WORKGROUPS = 65_535;

/** The workgroups of one dispatch, of several that share a line of them. */
export interface WorkgroupRange {
  readonly first: number;
  readonly count: number;
}

/**
 * Cuts `count` workgroups of a line into `wanted` ranges of nearly equal size: fewer where there are not as many, more
 * where a dispatch could not hold them. A workgroup does the same in whichever range it is, so every cut leaves the
 * same bits.
 * @param grain all ranges but the last are multiples of it.
 */
export function workgroupRanges(count: number, wanted: number, grain = 1): WorkgroupRange[] {
  const grains = Math.ceil(count / grain);
  const least = Math.ceil(grains / Math.floor(MAX_WORKGROUPS / grain));
  const ranges = Math.max(least, Math.min(wanted, grains));
  const begin = (i: number): number => Math.min(count, Math.floor((i * grains) / ranges) * grain);
  return Array.from({ length: ranges }, (_, i) => ({ first: begin(i), count: begin(i + 1) - begin(i) }));
}
