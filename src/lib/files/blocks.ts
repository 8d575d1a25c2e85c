/** What is written at once: large enough that a call costs little, small enough that it takes few milliseconds. */
const BLOCK_BYTES = 2 ** 20;

/**
 * The bytes of `parts` in blocks of at most `size` bytes: small parts together, large ones cut. A block is valid
 * until the next one is asked for.
 */
export async function* blocksOf(
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  size = BLOCK_BYTES,
): AsyncGenerator<Uint8Array> {
  const block = new Uint8Array(size);
  let filled = 0;
  for await (const part of parts) {
    for (let at = 0; at < part.byteLength;) {
      const piece = part.subarray(at, at + size - filled);
      block.set(piece, filled);
      at += piece.byteLength;
      filled += piece.byteLength;
      if (filled === size) {
        yield block;
        filled = 0;
      }
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}
