/** L2 norm, summed in double precision: NaN or infinite as soon as one value is. */
export function normReference(values: ArrayLike<number>): number {
  let isInfinite = false;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) return NaN;
    isInfinite ||= !Number.isFinite(value);
    squares += value * value;
  }
  return isInfinite ? Infinity : Math.sqrt(squares);
}

/** ‖after - before‖ / ‖before‖; zero where nothing moved. */
export function relativeUpdateReference(before: ArrayLike<number>, after: ArrayLike<number>): number {
  const weight = normReference(before);
  // The kernel subtracts in f32, as the optimizer does.
  const update = normReference(Float32Array.from(before, (value, i) => after[i]! - value));
  if (!Number.isFinite(weight)) return NaN;
  return update === 0 ? 0 : update / weight;
}

/** Largest magnitude; NaN as soon as one value is. */
export function largestMagnitudeReference(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i]!);
    if (Number.isNaN(magnitude)) return NaN;
    largest = Math.max(largest, magnitude);
  }
  return largest;
}

/** Smallest deviation behind values of `1/sqrt(variance + eps)`; NaN as soon as one is. */
export function smallestDeviationReference(inverses: ArrayLike<number>, eps: number): number {
  const largest = largestMagnitudeReference(inverses);
  return Math.sqrt(Math.max(1 / largest ** 2 - eps, 0));
}
