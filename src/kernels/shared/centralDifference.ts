/** `d loss / d values[i]` for every i by central differences, for the tests of references (double precision). */
export function centralDifferences(
  values: Float64Array<ArrayBuffer>,
  loss: (values: Float64Array<ArrayBuffer>) => number,
  step = 1e-5,
): Float64Array<ArrayBuffer> {
  return values.map((value, i) => {
    const shifted = (by: number): number => loss(values.with(i, value + by));
    return (shifted(step) - shifted(-step)) / (2 * step);
  });
}
