import { IMAGE_BYTES, type ImageSet } from '#domain/dataset.ts';
import { Sha256, toHex } from './sha256.ts';

/**
 * The identity of a data set is the multiset of its labelled images, whatever file they came from and in
 * whatever order that file held them. (The parquet files of CIFAR-10 hold the same images as the archives,
 * batch 4 first.)
 *
 * Exact bytes. Record digest: SHA-256 over 1 + 3072 bytes, the label, then the pixels in the order
 * `[H, W, C]`, RGB. Half digest: SHA-256 over the record digests (32 bytes each), sorted as byte strings.
 * Content hash: SHA-256 over the ASCII text `normlab images 1\n`, the digest of the training half, the
 * digest of the validation half.
 */
const DOMAIN = new TextEncoder().encode('normlab images 1\n');
const DIGEST_BYTES = 32;

/** `[N, 32]`: the digest of every record of one half. */
export function recordDigests(half: ImageSet): Uint8Array {
  const out = new Uint8Array(half.count * DIGEST_BYTES);
  const sha = new Sha256();
  const record = new Uint8Array(1 + IMAGE_BYTES);
  for (let i = 0; i < half.count; i++) {
    record[0] = half.labels[i]!;
    record.set(half.images.subarray(i * IMAGE_BYTES, (i + 1) * IMAGE_BYTES), 1);
    sha
      .reset()
      .update(record)
      .digestInto(out, i * DIGEST_BYTES);
  }
  return out;
}

/** Record numbers in the order of their digests. */
export function digestOrder(digests: Uint8Array): Uint32Array {
  const count = digests.length / DIGEST_BYTES;
  const view = new DataView(digests.buffer, digests.byteOffset, digests.byteLength);
  // The first 48 bits decide nearly always, and are exact in a double.
  const keys = Float64Array.from(
    { length: count },
    (_, i) => view.getUint32(i * DIGEST_BYTES) * 0x10000 + view.getUint16(i * DIGEST_BYTES + 4),
  );
  return Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) => {
    const difference = keys[a]! - keys[b]!;
    if (difference !== 0) return difference;
    for (let at = 6; at < DIGEST_BYTES; at++) {
      const byte = digests[a * DIGEST_BYTES + at]! - digests[b * DIGEST_BYTES + at]!;
      if (byte !== 0) return byte;
    }
    return a - b;
  });
}

/** The half digest, from `recordDigests` and their `digestOrder`. */
function halfDigest(digests: Uint8Array, order: Uint32Array): Uint8Array {
  const sha = new Sha256();
  for (const i of order) sha.update(digests.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES));
  const out = new Uint8Array(DIGEST_BYTES);
  sha.digestInto(out, 0);
  return out;
}

function combine(train: Uint8Array, valid: Uint8Array): string {
  const out = new Uint8Array(DIGEST_BYTES);
  new Sha256().update(DOMAIN).update(train).update(valid).digestInto(out, 0);
  return toHex(out);
}

/** The content hash of two halves, hexadecimal; see the top of this file for the bytes that enter it. */
export function contentHash(train: ImageSet, valid: ImageSet): string {
  const [first, second] = [train, valid].map((half) => {
    const digests = recordDigests(half);
    return halfDigest(digests, digestOrder(digests));
  });
  return combine(first!, second!);
}

/**
 * Sorts both halves by record digest, in place, and returns the content hash. All file sources end here, so
 * that the same images train alike (same batches for the same seed) whatever container brought them.
 */
export function canonicalize(train: ImageSet, valid: ImageSet): string {
  const [first, second] = [train, valid].map((half) => {
    const digests = recordDigests(half);
    const order = digestOrder(digests);
    const digest = halfDigest(digests, order);
    permuteRecords(half, order);
    return digest;
  });
  return combine(first!, second!);
}

/** Record `i` of the result is record `order[i]` of the input. Follows the cycles: no second copy. */
function permuteRecords(half: ImageSet, order: Uint32Array): void {
  const { images, labels } = half;
  const done = new Uint8Array(half.count);
  const held = new Uint8Array(IMAGE_BYTES);
  for (let start = 0; start < half.count; start++) {
    if (done[start]) continue;
    held.set(images.subarray(start * IMAGE_BYTES, (start + 1) * IMAGE_BYTES));
    const heldLabel = labels[start]!;
    let to = start;
    for (;;) {
      done[to] = 1;
      const from = order[to]!;
      if (from === start) break;
      images.copyWithin(to * IMAGE_BYTES, from * IMAGE_BYTES, (from + 1) * IMAGE_BYTES);
      labels[to] = labels[from]!;
      to = from;
    }
    images.set(held, to * IMAGE_BYTES);
    labels[to] = heldLabel;
  }
}
