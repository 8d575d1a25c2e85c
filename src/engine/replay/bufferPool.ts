import { createStorage, upload } from '#gpu/buffers.ts';
import type { GpuContext } from '#gpu/device.ts';

/**
 * Owns every GPU buffer of an engine. `keep` makes a buffer that lives as long as the pool, and `output` one that
 * dispatches write before any reads it; `borrow` and `giveBack` share scratch buffers among the dispatches of one
 * recording: the queue runs them in order, so a buffer may be reused as soon as its last reader has been recorded.
 */
export class BufferPool {
  readonly #context: GpuContext;
  readonly #poison: boolean;
  readonly #buffers: GPUBuffer[] = [];
  readonly #free: GPUBuffer[] = [];

  /**
   * @param poison fills outputs and scratch buffers with NaN when they are made, and gives none out twice: what an
   * earlier owner left would hide that a buffer is read before it is written.
   */
  constructor(context: GpuContext, poison = false) {
    this.#context = context;
    this.#poison = poison;
  }

  get byteLength(): number {
    return this.#buffers.reduce((sum, { size }) => sum + size, 0);
  }

  get count(): number {
    return this.#buffers.length;
  }

  /** A zeroed buffer of `elements` 32-bit words. */
  keep(label: string, elements: number): GPUBuffer {
    const buffer = createStorage(this.#context, label, elements * 4);
    this.#buffers.push(buffer);
    return buffer;
  }

  /** A buffer of `elements` 32-bit words with arbitrary contents. */
  output(label: string, elements: number): GPUBuffer {
    const buffer = this.keep(label, elements);
    if (this.#poison) upload(this.#context, buffer, new Float32Array(buffer.size / 4).fill(NaN));
    return buffer;
  }

  /** A scratch buffer of at least `elements` words with arbitrary contents: the smallest that fits. */
  borrow(elements: number): GPUBuffer {
    if (this.#poison) return this.output(`scratch ${this.#buffers.length}`, elements);
    const bytes = elements * 4;
    let best = -1;
    this.#free.forEach(({ size }, i) => {
      // A far larger buffer is left for whoever needs it: reusing it would only raise the peak.
      if (size >= bytes && size <= bytes * 2 && (best < 0 || size < this.#free[best]!.size)) best = i;
    });
    if (best >= 0) return this.#free.splice(best, 1)[0]!;
    return this.output(`scratch ${this.#buffers.length}`, elements);
  }

  giveBack(...buffers: readonly GPUBuffer[]): void {
    for (const buffer of buffers) {
      if (this.#free.includes(buffer)) throw new Error(`${buffer.label} was given back twice`);
      this.#free.push(buffer);
    }
  }

  dispose(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    this.#buffers.length = 0;
    this.#free.length = 0;
  }
}
