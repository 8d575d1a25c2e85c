import { describe, expect, it } from 'vitest';
import { IMAGE_BYTES } from '#domain/dataset.ts';
import { augmentOf, cropReference, normalizePixels } from './reference.ts';

// Red is the row, green the column, blue 255 everywhere.
const image = Uint8Array.from({ length: IMAGE_BYTES }, (_, i) => {
  const pixel = Math.floor(i / 3);
  return [Math.floor(pixel / 32), pixel % 32, 255][i % 3]!;
});
const pixel = (bytes: Uint8Array, row: number, column: number) =>
  Array.from(bytes.subarray((row * 32 + column) * 3, (row * 32 + column) * 3 + 3));

describe('cropReference', () => {
  it('moves the window and fills with black', () => {
    const out = cropReference(image, { rows: -4, columns: 3, flip: false });
    expect(pixel(out, 3, 10)).toEqual([0, 0, 0]);
    expect(pixel(out, 4, 0)).toEqual([0, 3, 255]);
    expect(pixel(out, 31, 28)).toEqual([27, 31, 255]);
    expect(pixel(out, 31, 29)).toEqual([0, 0, 0]);
  });

  it('flips the window, not the image before it', () => {
    const out = cropReference(image, { rows: 0, columns: 2, flip: true });
    expect(pixel(out, 5, 31)).toEqual([5, 2, 255]);
    expect(pixel(out, 5, 0)).toEqual([0, 0, 0]);
    expect(pixel(out, 5, 2)).toEqual([5, 31, 255]);
  });

  it('copies the image where nothing is moved', () => {
    expect(cropReference(image, { rows: 0, columns: 0, flip: false })).toEqual(image);
  });
});

describe('augmentOf', () => {
  it('draws every place and both flips about equally often', () => {
    const rows = Array.from({ length: 9 }, () => 0);
    const columns = Array.from({ length: 9 }, () => 0);
    let flips = 0;
    const count = 9000;
    for (let i = 0; i < count; i++) {
      const augment = augmentOf(3, i >> 6, i & 63);
      rows[augment.rows + 4]!++;
      columns[augment.columns + 4]!++;
      if (augment.flip) flips++;
    }
    // Five standard deviations: sqrt(9000 / 9 * 8 / 9) = 30, sqrt(9000 / 4) = 47.
    for (const times of [...rows, ...columns]) expect(Math.abs(times - 1000)).toBeLessThan(150);
    expect(Math.abs(flips - count / 2)).toBeLessThan(240);
  });

  it('depends on seed, step and sample alone', () => {
    expect(augmentOf(1, 2, 3)).toEqual(augmentOf(1, 2, 3));
    const draws = new Set(
      [augmentOf(1, 2, 3), augmentOf(2, 2, 3), augmentOf(1, 3, 3), augmentOf(1, 2, 4)].map((a) =>
        JSON.stringify(a),
      ),
    );
    expect(draws.size).toBeGreaterThan(1);
  });
});

describe('normalizePixels', () => {
  it('scales to 0 … 1, then subtracts and divides per channel', () => {
    expect([...normalizePixels([255, 0, 51], [0.5, 0.25, 0], [0.5, 0.5, 0.1])]).toEqual([1, -0.5, 2]);
  });
});
