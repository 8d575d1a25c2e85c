/**
 * What every gradient is multiplied with so that the L2 norm of all together is at most `largest`, in double
 * precision: torch's `clip_grad_norm_`. NaN where the norm is no finite number.
 */
export function clipReference(gradients: ArrayLike<number>, largest: number): number {
  let squares = 0;
  for (let i = 0; i < gradients.length; i++) squares += gradients[i]! ** 2;
  const norm = Math.sqrt(squares);
  return Number.isFinite(norm) ? Math.min(1, largest / (norm + 1e-6)) : NaN;
}
