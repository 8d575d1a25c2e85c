import { mapForReading } from '#gpu/buffers.ts';
import type { GpuContext } from '#gpu/device.ts';

/** Some bytes of a buffer. */
export interface BufferPart {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly byteLength: number;
}

/**
 * Reads small results back without stalling the queue: copies go to one of a few staging buffers that are
 * mapped while later steps already run.
 */
export class StagingRing {
  readonly #context: GpuContext;
  readonly #byteLength: number;
  readonly #idle: GPUBuffer[] = [];
  readonly #all: GPUBuffer[] = [];

  constructor(context: GpuContext, byteLength: number) {
    this.#context = context;
    this.#byteLength = byteLength;
  }

  get byteLength(): number {
    return this.#all.length * this.#byteLength;
  }

  /**
   * Records copies of `parts`, one after another, into `encoder`; call `read` once after the submit.
   * @param parts of multiples of 4 bytes, together no more than the ring's buffers hold.
   */
  copy(encoder: GPUCommandEncoder, parts: readonly BufferPart[]): { read(): Promise<ArrayBuffer> } {
    const staging = this.#idle.pop() ?? this.#create();
    let end = 0;
    for (const { buffer, offset, byteLength } of parts) {
      encoder.copyBufferToBuffer(buffer, offset, staging, end, byteLength);
      end += byteLength;
    }
    return {
      read: async () => {
        await mapForReading(this.#context, staging);
        const bytes = staging.getMappedRange(0, end).slice(0);
        staging.unmap();
        this.#idle.push(staging);
        return bytes;
      },
    };
  }

  #create(): GPUBuffer {
    const staging = this.#context.device.createBuffer({
      label: 'results read-back',
      size: this.#byteLength,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    this.#all.push(staging);
    return staging;
  }

  dispose(): void {
    for (const staging of this.#all) staging.destroy();
    this.#all.length = 0;
    this.#idle.length = 0;
  }
}
