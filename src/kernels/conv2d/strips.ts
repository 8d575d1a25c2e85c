import type { ConvShape } from './shape.ts';

/**
 * Least workgroups of strips in a dispatch of several. A software adapter deals them out to its cores, and one of a
 * filter gradient may be long: in a large batch 0.2 GFLOP.
 */
export const STRIPS_GRAIN = 2;

/** How the pixels of a strip meet the columns that it loads: fixed when the shader's text is expanded. */
export type StripValues = Readonly<Record<string, number | boolean>>;

interface Strip {
  /** Pixels of the map that is cut into strips, and of the map that is loaded. */
  readonly size: number;
  readonly loadedSize: number;
  readonly pixels: number;
  readonly kernel: number;
  /** Column that pixel i of the strip at 0 meets with tap t; undefined where it meets none. */
  readonly column: (i: number, t: number) => number | undefined;
  /** Loaded columns per pixel: the strip that starts at x has its columns shifted by `x * pace`. */
  readonly pace: number;
}

/**
 * Forward pass and filter gradient: strips of the output, columns of the input.
 * @returns the values and the column that is loaded first by the strip at 0 (below zero in the padding).
 */
export function outputStrips(shape: ConvShape, pixels: number): { values: StripValues; left: number } {
  const { kernel, stride, padding, inSize, outSize } = shape;
  return stripValues({
    size: outSize,
    loadedSize: inSize,
    pixels,
    kernel,
    column: (i, t) => i * stride + t - padding,
    pace: stride,
  });
}

/** Input gradient: strips of the input, columns of the output's gradient. `pixels` is a multiple of the stride. */
export function inputStrips(shape: ConvShape, pixels: number): { values: StripValues; left: number } {
  const { kernel, stride, padding, inSize, outSize } = shape;
  return stripValues({
    size: inSize,
    loadedSize: outSize,
    pixels,
    kernel,
    column: (i, t) => ((i + padding - t) % stride === 0 ? (i + padding - t) / stride : undefined),
    pace: 1 / stride,
  });
}

/**
 * `meets{i}_{t}`, `column{i}_{t}` (counted from the first loaded one), `loads` columns, of which `isUsed{j}`
 * meet a pixel and `isChecked{j}` lie outside the map for some strips, `isPartial{i}` where pixel i can.
 */
function stripValues(strip: Strip): { values: StripValues; left: number } {
  const { pixels, kernel, column, pace } = strip;
  // Maps of whole strips share their shaders: taken for a longer one, whose inner strips see no edge.
  const isWhole = strip.size % pixels === 0;
  const size = isWhole ? strip.size + 3 * pixels : strip.size;
  const loadedSize = strip.loadedSize + (size - strip.size) * pace;
  const values: Record<string, number | boolean> = {};
  const pairs: { i: number; t: number; at: number }[] = [];
  for (let i = 0; i < pixels; i++) {
    values[`isPartial${i}`] = !isWhole && i >= size % pixels;
    for (let t = 0; t < kernel; t++) {
      const at = i < size ? column(i, t) : undefined;
      values[`meets${i}_${t}`] = at !== undefined;
      if (at !== undefined) pairs.push({ i, t, at });
    }
  }
  const left = Math.min(...pairs.map(({ at }) => at));
  const loads = Math.max(...pairs.map(({ at }) => at)) - left + 1;
  for (const { i, t, at } of pairs) values[`column${i}_${t}`] = at - left;
  for (let j = 0; j < loads; j++) {
    values[`isUsed${j}`] = pairs.some(({ at }) => at - left === j);
    values[`isChecked${j}`] = false;
    for (let x = 0; x < size; x += pixels) {
      const place = x * pace + left + j;
      if (place < 0 || place >= loadedSize) values[`isChecked${j}`] = true;
    }
  }
  return { values: { ...values, loads, pixels, kernel }, left };
}
