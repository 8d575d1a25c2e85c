/** `relu(x [+ residual])`. */
export function reluReference(x: ArrayLike<number>, residual?: ArrayLike<number>): Float64Array {
  return Float64Array.from(x, (value, i) => {
    const z = value + (residual?.[i] ?? 0);
    return z < 0 ? 0 : z;
  });
}

/** `[y > 0] dy`. */
export function reluBackwardReference(dy: ArrayLike<number>, y: ArrayLike<number>): Float64Array {
  return Float64Array.from(dy, (gradient, i) => (y[i]! <= 0 ? 0 : gradient));
}
