/** How a camera held the picture: 1 upright … 8, as EXIF counts them. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/**
 * The orientation tag of a JPEG file; 1 where there is none or it cannot be read.
 * Source: EXIF 2.32, section 4.5.4 (tag 0x0112 of the first image directory in the APP1 segment).
 */
export function exifOrientation(jpeg: Uint8Array): Orientation {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  for (let at = 2; at + 10 <= jpeg.length && jpeg[at] === 0xff;) {
    const length = view.getUint16(at + 2);
    if (jpeg[at + 1] === 0xe1 && view.getUint32(at + 4) === 0x45786966) {
      return orientationIn(jpeg.subarray(at + 10, at + 2 + length));
    }
    // The image itself begins: tags stand before it.
    if (jpeg[at + 1] === 0xda) break;
    at += 2 + length;
  }
  return 1;
}

function orientationIn(tiff: Uint8Array): Orientation {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  if (tiff.length < 14) return 1;
  const isLittle = view.getUint16(0) === 0x4949;
  const directory = view.getUint32(4, isLittle);
  if (directory + 2 > tiff.length) return 1;
  const count = view.getUint16(directory, isLittle);
  for (let i = 0; i < count; i++) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > tiff.length) return 1;
    if (view.getUint16(entry, isLittle) !== 0x0112) continue;
    const value = view.getUint16(entry + 8, isLittle);
    return value >= 1 && value <= 8 ? (value as Orientation) : 1;
  }
  return 1;
}
