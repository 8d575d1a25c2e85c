import { DatasetError } from './datasetError.ts';

/** Reads exact lengths from a stream of chunks of any size. Holds at most one chunk. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk = new Uint8Array(0);
  #isDone = false;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Makes the current chunk non-empty; false at the end of the stream. */
  async #fill(): Promise<boolean> {
    while (this.#chunk.length === 0 && !this.#isDone) {
      const next = await this.#chunks.next();
      if (next.done) this.#isDone = true;
      else this.#chunk = next.value as Uint8Array<ArrayBuffer>;
    }
    return this.#chunk.length > 0;
  }

  /**
   * Passes exactly `count` bytes on, in pieces that are valid only during the call.
   * @throws {DatasetError} with `sentence` when the stream ends first.
   */
  async pass(count: number, take: (piece: Uint8Array) => void, sentence: string): Promise<void> {
    let left = count;
    while (left > 0) {
      if (!(await this.#fill())) throw new DatasetError('incomplete', sentence);
      const piece = this.#chunk.subarray(0, left);
      this.#chunk = this.#chunk.subarray(piece.length);
      left -= piece.length;
      take(piece);
    }
  }

  /** The next `count` bytes, or undefined when the stream is at its end. */
  async block(count: number, sentence: string): Promise<Uint8Array | undefined> {
    if (!(await this.#fill())) return undefined;
    const out = new Uint8Array(count);
    let filled = 0;
    await this.pass(
      count,
      (piece) => {
        out.set(piece, filled);
        filled += piece.length;
      },
      sentence,
    );
    return out;
  }

  /** Reads to the end, so that the source's own end checks (a gzip checksum) take place. */
  async drain(): Promise<void> {
    while (await this.#fill()) this.#chunk = new Uint8Array(0);
  }

  /** Tells the source that nothing more is wanted. */
  async cancel(): Promise<void> {
    this.#isDone = true;
    this.#chunk = new Uint8Array(0);
    await this.#chunks.return?.();
  }
}
