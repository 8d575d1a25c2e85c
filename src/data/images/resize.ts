import { IMAGE_BYTES } from '#domain/dataset.ts';
import type { Orientation } from './exif.ts';

/** A decoded picture, RGB, 8 bits. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** `[height, width, 3]`. */
  readonly pixels: Uint8Array;
  readonly orientation: Orientation;
}

const SIZE = 32;

/**
 * The largest centred square of a picture as 32 x 32 pixels, `[H, W, C]`, upright. Each pixel is the mean
 * of the area it covers (in sRGB values, as image tools do), so that nothing aliases.
 */
export function toThumbnail(picture: Picture): Uint8Array {
  const { width, height, pixels } = picture;
  const side = Math.min(width, height);
  const left = (width - side) / 2;
  const top = (height - side) / 2;
  const scale = side / SIZE;
  const columns = spans(left, scale, width);
  const rows = spans(top, scale, height);
  const out = new Uint8Array(IMAGE_BYTES);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (const [row, rowShare] of rows[y]!) {
        for (const [column, columnShare] of columns[x]!) {
          const share = rowShare * columnShare;
          const at = (row * width + column) * 3;
          red += pixels[at]! * share;
          green += pixels[at + 1]! * share;
          blue += pixels[at + 2]! * share;
        }
      }
      // The crop is square and centred, so turning the small picture turns the large one.
      const at = upright(x, y, picture.orientation) * 3;
      out[at] = Math.round(red);
      out[at + 1] = Math.round(green);
      out[at + 2] = Math.round(blue);
    }
  }
  return out;
}

/** For each of 32 cells of `scale` pixels from `start` on: the pixels it covers and their shares, sum 1. */
function spans(start: number, scale: number, length: number): (readonly [number, number])[][] {
  return Array.from({ length: SIZE }, (_, cell) => {
    const from = start + cell * scale;
    const to = from + scale;
    const covered: (readonly [number, number])[] = [];
    for (let pixel = Math.floor(from); pixel < Math.min(length, Math.ceil(to)); pixel++) {
      const share = (Math.min(to, pixel + 1) - Math.max(from, pixel)) / scale;
      if (share > 0) covered.push([pixel, share]);
    }
    return covered;
  });
}

/** Where pixel (x, y) of the stored square goes when it is shown upright. */
function upright(x: number, y: number, orientation: Orientation): number {
  const last = SIZE - 1;
  const [column, row] = (
    {
      1: [x, y],
      2: [last - x, y],
      3: [last - x, last - y],
      4: [x, last - y],
      5: [y, x],
      6: [last - y, x],
      7: [last - y, last - x],
      8: [y, last - x],
    } as const
  )[orientation];
  return row * SIZE + column;
}
