import { convertIndexedToRgb, decode as decodePng, type DecodedPng } from 'fast-png';
import { decode as decodeJpeg } from 'jpeg-js';
import { kindOf } from '../fileKind.ts';
import { exifOrientation } from './exif.ts';
import type { Picture } from './resize.ts';

/** Larger pictures are skipped: one would take over 200 MB. */
const MAX_PIXELS = 50e6;

/** Why a file was skipped, in a few words; equal reasons are reported together. */
export class SkippedError extends Error {
  override readonly name = 'SkippedError';
}

/**
 * Decodes PNG, JPEG or WebP. PNG and JPEG go through decoders of our own bundle: a canvas may alter
 * pixels (fingerprint protection), and browsers differ in their JPEG decoders' last bits.
 * @throws {SkippedError}; and whatever a decoder throws on damaged bytes.
 */
export async function decodeImage(bytes: Uint8Array): Promise<Picture> {
  const kind = kindOf(bytes.subarray(0, 512));
  if (kind === 'png') return pngPicture(bytes);
  if (kind === 'jpeg') return jpegPicture(bytes);
  if (kind === 'webp') return webpPicture(bytes);
  throw new SkippedError(kind === 'empty' ? 'empty' : 'not PNG, JPEG or WebP');
}

function expectSize(width: number, height: number): void {
  if (!(width > 0 && height > 0 && width * height <= MAX_PIXELS)) {
    throw new SkippedError(`over ${MAX_PIXELS / 1e6} megapixels`);
  }
}

function pngPicture(bytes: Uint8Array): Picture {
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Before decoding: what a damaged header asks for would be allocated.
  if (bytes.length >= 24) expectSize(header.getUint32(16), header.getUint32(20));
  const png = decodePng(bytes, { checkCrc: true });
  const { width, height } = png;
  const { samples, channels } = pngSamples(png);
  const pixels = new Uint8Array(width * height * 3);
  const hasAlpha = channels === 2 || channels === 4;
  for (let i = 0; i < width * height; i++) {
    const at = i * channels;
    const alpha = hasAlpha ? samples[at + channels - 1]! / 255 : 1;
    for (let c = 0; c < 3; c++) {
      const value = samples[at + (channels < 3 ? 0 : c)]!;
      // What is transparent shows the white of the page.
      pixels[i * 3 + c] = Math.round(value * alpha + 255 * (1 - alpha));
    }
  }
  return { width, height, pixels, orientation: 1 };
}

/** Samples of 8 bits, whatever the file has: palettes, 16 bits, or several grey pixels in a byte. */
function pngSamples(png: DecodedPng): { samples: Uint8Array; channels: number } {
  const { width, height, depth, channels, data, palette } = png;
  if (palette) return { samples: convertIndexedToRgb(png), channels: palette[0]!.length };
  if (depth === 16) return { samples: Uint8Array.from(data, (value) => value >> 8), channels };
  if (depth === 8) return { samples: data as Uint8Array, channels };
  const samples = new Uint8Array(width * height);
  const rowBytes = Math.ceil((width * depth) / 8);
  const most = 2 ** depth - 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const byte = data[y * rowBytes + (bit >> 3)]!;
      samples[y * width + x] = (((byte >> (8 - depth - (bit & 7))) & most) * 255) / most;
    }
  }
  return { samples, channels: 1 };
}

function jpegPicture(bytes: Uint8Array): Picture {
  const { width, height, data } = decodeJpeg(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    // Tolerance would fill a cut picture with grey and say nothing.
    tolerantDecoding: false,
    maxResolutionInMP: MAX_PIXELS / 1e6,
    maxMemoryUsageInMB: 1024,
  });
  return { width, height, pixels: data, orientation: exifOrientation(bytes) };
}

async function webpPicture(bytes: Uint8Array): Promise<Picture> {
  if (typeof ImageDecoder === 'undefined')
    throw new SkippedError('WebP, which this browser cannot decode exactly');
  const decoder = new ImageDecoder({ data: bytes as Uint8Array<ArrayBuffer>, type: 'image/webp' });
  try {
    const { image } = await decoder.decode();
    try {
      const { displayWidth: width, displayHeight: height } = image;
      expectSize(width, height);
      const rgba = new Uint8Array(width * height * 4);
      await image.copyTo(rgba, { format: 'RGBA' });
      const pixels = new Uint8Array(width * height * 3);
      for (let i = 0; i < width * height; i++) {
        const alpha = rgba[4 * i + 3]! / 255;
        for (let c = 0; c < 3; c++)
          pixels[3 * i + c] = Math.round(rgba[4 * i + c]! * alpha + 255 * (1 - alpha));
      }
      return { width, height, pixels, orientation: 1 };
    } finally {
      image.close();
    }
  } finally {
    decoder.close();
  }
}
