import { expect, test } from 'vitest';
import { decodeImage } from './decodeImage.ts';

test('decodes WebP with the browser’s decoder, without a canvas in between', async () => {
  const canvas = new OffscreenCanvas(48, 40);
  const context = canvas.getContext('2d')!;
  context.fillStyle = 'rgb(200, 100, 50)';
  context.fillRect(0, 0, 48, 40);
  const blob = await canvas.convertToBlob({ type: 'image/webp', quality: 1 });
  expect(blob.type).toBe('image/webp');
  const { width, height, pixels } = await decodeImage(new Uint8Array(await blob.arrayBuffer()));
  expect([width, height, pixels.length]).toEqual([48, 40, 48 * 40 * 3]);
  // Lossy: a few steps off at most.
  for (const [channel, value] of [200, 100, 50].entries())
    expect(Math.abs(pixels[channel]! - value)).toBeLessThan(6);
});
