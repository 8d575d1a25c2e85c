/**
 * Positions of values on an axis, in pixels: the same as Recharts computes, without its detours, which took most
 * of the time of drawing long lines. NaN for what has no place on a logarithmic axis.
 *
 * @param start pixel of the domain's low end. @param end pixel of its high end.
 */
export function axisScale(
  [low, high]: readonly [number, number],
  isLog: boolean,
  start: number,
  end: number,
): (value: number) => number {
  if (isLog) {
    const logLow = Math.log(low);
    const perLog = (end - start) / (Math.log(high) - logLow);
    return (value) => (value > 0 ? start + (Math.log(value) - logLow) * perLog : Number.NaN);
  }
  const perUnit = (end - start) / (high - low);
  return (value) => start + (value - low) * perUnit;
}

/** The value at a pixel: what `axisScale` makes of it is the pixel again. */
export function axisValue(
  [low, high]: readonly [number, number],
  isLog: boolean,
  start: number,
  end: number,
): (pixel: number) => number {
  return (pixel) => {
    const share = (pixel - start) / (end - start);
    return isLog ? low * (high / low) ** share : low + share * (high - low);
  };
}
