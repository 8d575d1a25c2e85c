import { MAX_WORKGROUPS } from './elements.ts';
import { multiplyAdds, type ConvShape } from './shape.ts';

/** Multiply-adds of one dispatch on a software adapter: 40 ms at 4 GFLOP/s. */
const MOST_ON_SOFTWARE = 8e7;
/** Those on a card: 50 ms at 200 GFLOP/s, which is a slow one. */
const MOST_ON_CARDS = 5e9;

/**
 * Dispatches that one pass is to be cut into on a software adapter. The GPU ends what it has begun, so that no
 * dispatch may take long: the page draws, and Stop answers, between two of them.
 */
export function softwareDispatches(shape: ConvShape): number {
  return Math.ceil(multiplyAdds(shape) / MOST_ON_SOFTWARE);
}

/** The same on a card. */
export function cardDispatches(shape: ConvShape): number {
  return Math.ceil(multiplyAdds(shape) / MOST_ON_CARDS);
}

/** Workgroups of one dispatch among those of a pass. */
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
