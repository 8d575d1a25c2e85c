/**
 * Indices of at most `limit` points that draw `values` as all of them would: of each bucket of consecutive
 * steps the lowest and the highest value, so that no spike is lost, and one non-finite value where there is
 * any, so that the line breaks there; the first and the last point always. Buckets are powers of two wide
 * and start at step 0, so that a growing series keeps the points already drawn instead of shimmering.
 */
export function decimate(values: Float32Array | Float64Array, limit: number): number[] {
  const count = values.length;
  if (count <= limit) return Array.from(values.keys());
  const perBucket = values.every(Number.isFinite) ? 2 : 3;
  const buckets = Math.max(1, Math.floor((limit - 2) / perBucket));
  const size = 2 ** Math.ceil(Math.log2(count / buckets));
  const kept: number[] = [0];
  for (let start = 0; start < count; start += size) {
    for (const index of extremes(values, start, Math.min(count, start + size))) {
      if (index > kept.at(-1)!) kept.push(index);
    }
  }
  if (kept.at(-1) !== count - 1) kept.push(count - 1);
  return kept;
}

/** Indices, in order, of the lowest, the highest and the first non-finite value of a bucket. */
function extremes(values: Float32Array | Float64Array, start: number, end: number): number[] {
  let low = -1;
  let high = -1;
  let gap = -1;
  for (let i = start; i < end; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) {
      if (gap < 0) gap = i;
      continue;
    }
    if (low < 0 || value < values[low]!) low = i;
    if (high < 0 || value > values[high]!) high = i;
  }
  return [low, high, gap].filter((index) => index >= 0).sort((a, b) => a - b);
}
