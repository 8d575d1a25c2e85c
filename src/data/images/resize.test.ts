import { describe, expect, test } from 'vitest';
import { exifOrientation, type Orientation } from './exif.ts';
import { toThumbnail } from './resize.ts';

function picture(
  width: number,
  height: number,
  value: (x: number, y: number) => number,
  orientation: Orientation = 1,
) {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) pixels.fill(value(x, y), (y * width + x) * 3, (y * width + x) * 3 + 3);
  return { width, height, pixels, orientation };
}
const red = (thumbnail: Uint8Array, x: number, y: number): number => thumbnail[(y * 32 + x) * 3]!;

test('leaves 32 x 32 pixels as they are', () => {
  const same = picture(32, 32, (x, y) => (x * 7 + y * 13) & 255);
  expect(toThumbnail(same)).toEqual(same.pixels);
});

test('averages the area under each pixel', () => {
  const thumbnail = toThumbnail(picture(64, 64, (x, y) => (x % 2) * 100 + (y % 2) * 50));
  expect(new Set(thumbnail)).toEqual(new Set([75]));
  // 48 -> 32: the first pixel covers one whole and half of the next column.
  const columns = toThumbnail(picture(48, 48, (x) => (x === 0 ? 150 : 0)));
  expect([red(columns, 0, 0), red(columns, 1, 0)]).toEqual([100, 0]);
});

test('keeps a flat picture flat at any size, small ones too', () => {
  for (const [width, height] of [
    [1, 1],
    [31, 200],
    [33, 33],
    [500, 77],
    [32, 33],
  ] as const) {
    expect(new Set(toThumbnail(picture(width, height, () => 137)))).toEqual(new Set([137]));
  }
});

test('crops the centre', () => {
  const wide = toThumbnail(picture(96, 32, (x) => (x < 32 || x >= 64 ? 255 : x)));
  expect([red(wide, 0, 0), red(wide, 31, 31)]).toEqual([32, 63]);
  const tall = toThumbnail(picture(32, 96, (_, y) => (y < 32 || y >= 64 ? 255 : y)));
  expect([red(tall, 0, 0), red(tall, 31, 31)]).toEqual([32, 63]);
});

describe('orientation', () => {
  // Stored: 10 at the left top, 20 at the right top, 30 at the left bottom, 40 at the right bottom.
  const corners = (x: number, y: number): number => (x < 16 ? 0 : 10) + (y < 16 ? 10 : 30);
  test.each<[Orientation, number[]]>([
    [1, [10, 20, 30, 40]],
    [2, [20, 10, 40, 30]],
    [3, [40, 30, 20, 10]],
    [4, [30, 40, 10, 20]],
    [5, [10, 30, 20, 40]],
    [6, [30, 10, 40, 20]],
    [7, [40, 20, 30, 10]],
    [8, [20, 40, 10, 30]],
  ])('%i is shown upright', (orientation, expected) => {
    const thumbnail = toThumbnail(picture(32, 32, corners, orientation));
    expect([
      red(thumbnail, 0, 0),
      red(thumbnail, 31, 0),
      red(thumbnail, 0, 31),
      red(thumbnail, 31, 31),
    ]).toEqual(expected);
  });

  const segment = (isLittle: boolean, value: number): Uint8Array => {
    const bytes = new DataView(new ArrayBuffer(50));
    bytes.setUint32(0, 0xffd8ffe1);
    bytes.setUint16(4, 40);
    bytes.setUint32(6, 0x45786966);
    bytes.setUint16(12, isLittle ? 0x4949 : 0x4d4d);
    bytes.setUint16(14, 42, isLittle);
    bytes.setUint32(16, 8, isLittle);
    bytes.setUint16(20, 1, isLittle);
    bytes.setUint16(22, 0x0112, isLittle);
    bytes.setUint16(24, 3, isLittle);
    bytes.setUint32(26, 1, isLittle);
    bytes.setUint16(30, value, isLittle);
    return new Uint8Array(bytes.buffer);
  };
  test('is read from either byte order; nonsense counts as upright', () => {
    expect(
      [
        segment(true, 6),
        segment(false, 8),
        segment(true, 9),
        segment(true, 6).subarray(0, 20),
        new Uint8Array(3),
      ].map(exifOrientation),
    ).toEqual([6, 8, 1, 1, 1]);
  });
});
