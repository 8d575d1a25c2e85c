/** Steps in a bucket of the finest level; below that, values are read one by one. */
const BASE_SIZE = 16;
/** Where a bucket has no such value. */
const NONE = 0xffff_ffff;

type Values = Float32Array | Float64Array;

/** What a run of consecutive values holds; nothing of it is an estimate. */
export interface Bucket {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** The newest finite value. */
  readonly last: number;
  /** Finite values. */
  readonly count: number;
  /** Values that are not finite. */
  readonly gaps: number;
}

/** Buckets of one size, side by side from step 0. */
interface Level {
  lowAt: Uint32Array;
  highAt: Uint32Array;
  gapAt: Uint32Array;
  length: number;
}

/**
 * Lowest, highest and first missing value of every aligned bucket of 16, 32, 64 … values of a growing series, so
 * that a line of any length is drawn from about two points a pixel without losing a spike, and a step more costs
 * one bucket a level. Buckets start at step 0: points already drawn stay where they are as the series grows.
 */
export class Pyramid {
  readonly #levels: Level[] = [];
  #count = 0;

  /** Takes in what came after the values of the last call; those must be unchanged. */
  update(values: Values): void {
    if (values.length < this.#count) this.#count = 0;
    if (values.length === this.#count) return;
    for (let index = 0, size = BASE_SIZE; ; index++, size *= 2) {
      const length = Math.ceil(values.length / size);
      const level = this.#level(index, length);
      for (let bucket = Math.floor(this.#count / size); bucket < length; bucket++) {
        if (index === 0) scan(values, level, bucket);
        else merge(values, this.#levels[index - 1]!, level, bucket);
      }
      level.length = length;
      if (length <= 1) break;
    }
    this.#count = values.length;
  }

  /**
   * Indices, ascending, of the values in [from, to) that draw the series in about `columns` pixels: of each
   * bucket its lowest, its highest and its first missing value; also the first and the last of the range and one
   * neighbour on each side, so that a line enters and leaves.
   */
  indices(values: Values, from: number, to: number, columns: number): number[] {
    const first = Math.max(0, Math.floor(from) - 1);
    const end = Math.min(values.length, Math.ceil(to) + 1);
    if (end <= first) return [];
    const size = 2 ** Math.max(0, Math.ceil(Math.log2((end - first) / Math.max(1, columns))));
    if (size <= 2) return Array.from({ length: end - first }, (_, i) => first + i);
    const kept = [first];
    const keep = (index: number): void => {
      if (index > kept.at(-1)! && index < end) kept.push(index);
    };
    const level = size < BASE_SIZE ? undefined : this.#levels[Math.log2(size / BASE_SIZE)];
    const single: Level = { ...emptyLevel(1), length: 1 };
    for (let bucket = Math.floor(first / size); bucket * size < end; bucket++) {
      const start = Math.max(first, bucket * size);
      const stop = Math.min(end, (bucket + 1) * size);
      // A bucket that the range cuts has its extremes elsewhere, perhaps outside.
      const isWhole = start === bucket * size && stop === Math.min(values.length, (bucket + 1) * size);
      const source = level && isWhole ? level : single;
      if (source === single) scan(values, single, 0, start, stop);
      const at = source === single ? 0 : bucket;
      const low = source.lowAt[at]!;
      const high = source.highAt[at]!;
      const gap = source.gapAt[at]!;
      const early = Math.min(low, high);
      const late = Math.max(low, high);
      // In order; what a bucket lacks is `NONE`, beyond every end.
      keep(Math.min(early, gap));
      keep(Math.max(early, Math.min(late, gap)));
      keep(Math.max(late, gap));
    }
    keep(end - 1);
    return kept;
  }

  #level(index: number, length: number): Level {
    const level = (this.#levels[index] ??= emptyLevel(64));
    if (level.lowAt.length >= length) return level;
    const grown = { ...emptyLevel(2 * length), length: level.length };
    grown.lowAt.set(level.lowAt);
    grown.highAt.set(level.highAt);
    grown.gapAt.set(level.gapAt);
    this.#levels[index] = grown;
    return grown;
  }
}

function emptyLevel(capacity: number): Level {
  return {
    lowAt: new Uint32Array(capacity),
    highAt: new Uint32Array(capacity),
    gapAt: new Uint32Array(capacity),
    length: 0,
  };
}

function scan(
  values: Values,
  level: Level,
  bucket: number,
  start = bucket * BASE_SIZE,
  end = Math.min(values.length, start + BASE_SIZE),
): void {
  let low = NONE;
  let high = NONE;
  let gap = NONE;
  for (let i = start; i < end; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) {
      if (gap === NONE) gap = i;
      continue;
    }
    if (low === NONE || value < values[low]!) low = i;
    if (high === NONE || value > values[high]!) high = i;
  }
  level.lowAt[bucket] = low;
  level.highAt[bucket] = high;
  level.gapAt[bucket] = gap;
}

function merge(values: Values, fine: Level, level: Level, bucket: number): void {
  const left = 2 * bucket;
  const right = left + 1 < fine.length ? left + 1 : left;
  const better = (a: number, b: number, isBetter: (x: number, y: number) => boolean): number =>
    a === NONE || (b !== NONE && isBetter(values[b]!, values[a]!)) ? b : a;
  level.lowAt[bucket] = better(fine.lowAt[left]!, fine.lowAt[right]!, (x, y) => x < y);
  level.highAt[bucket] = better(fine.highAt[left]!, fine.highAt[right]!, (x, y) => x > y);
  level.gapAt[bucket] = Math.min(fine.gapAt[left]!, fine.gapAt[right]!);
}

/** Exact figures of the values in [from, to). */
export function bucketOf(values: Values, from: number, to: number): Bucket {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let sum = 0;
  let count = 0;
  let gaps = 0;
  let last = Number.NaN;
  for (let i = Math.max(0, from); i < Math.min(values.length, to); i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) {
      gaps += 1;
      continue;
    }
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    count += 1;
    last = value;
  }
  return count === 0
    ? { min: Number.NaN, max: Number.NaN, mean: Number.NaN, last, count, gaps }
    : { min, max, mean: sum / count, last, count, gaps };
}
