import { multiplyAdds, type ConvShape } from './shape.ts';

/** Multiply-adds of one dispatch on a software adapter: 40 ms at 4 GFLOP/s. */
const MOST_ON_SOFTWARE = 8e7;
/** Those on a card: 50 ms at 200 GFLOP/s, which is a slow one. */
const MOST_ON_CARDS = 5e9;

/**
 * Dispatches that one pass is to be cut into on a software adapter. The GPU ends what it has begun, so no dispatch may
 * take long: the page draws between two of them, and what was stopped keeps the device no longer than two.
 */
export function softwareDispatches(shape: ConvShape): number {
  return Math.ceil(multiplyAdds(shape) / MOST_ON_SOFTWARE);
}

/** The same on a card. */
export function cardDispatches(shape: ConvShape): number {
  return Math.ceil(multiplyAdds(shape) / MOST_ON_CARDS);
}
