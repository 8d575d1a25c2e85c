import { crc32 } from '#lib/files/crc32.ts';

/** Of a frame: length of the payload and CRC-32, both uint32, little-endian. */
const HEAD_BYTES = 8;
/** Longer ones are damage: a layer history of a thousand samples stays below. */
const MAX_PAYLOAD_BYTES = 2 ** 26;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * A record of an append-only log: its length, a checksum, its JSON. The checksum counts the length too, so that
 * zeros, which a power cut may leave at the end of a file, are no frame.
 */
export function frame(record: unknown): Uint8Array<ArrayBuffer> {
  const payload = encoder.encode(JSON.stringify(record));
  const bytes = new Uint8Array(HEAD_BYTES + payload.length);
  bytes.set(payload, HEAD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length, true);
  view.setUint32(4, checksumOf(bytes, 0, payload.length), true);
  return bytes;
}

export interface Frame {
  readonly record: unknown;
  /** Bytes up to the end of this frame. */
  readonly end: number;
}

/** The frames up to the first that is cut off or damaged; what follows that one cannot be trusted. */
export function readFrames(bytes: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + HEAD_BYTES <= bytes.length) {
    const length = view.getUint32(at, true);
    const end = at + HEAD_BYTES + length;
    if (length > MAX_PAYLOAD_BYTES || end > bytes.length) break;
    if (view.getUint32(at + 4, true) !== checksumOf(bytes, at, length)) break;
    try {
      frames.push({ record: JSON.parse(decoder.decode(bytes.subarray(at + HEAD_BYTES, end))), end });
    } catch {
      break;
    }
    at = end;
  }
  return frames;
}

/** Of the payload, with the frame's own length mixed in. */
function checksumOf(bytes: Uint8Array, at: number, length: number): number {
  return (crc32(bytes, at + HEAD_BYTES, at + HEAD_BYTES + length) ^ crc32(bytes, at, at + 4)) >>> 0;
}
