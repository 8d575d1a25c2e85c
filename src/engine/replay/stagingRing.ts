import { mapForReading } from '#gpu/buffers.ts';
import type { GpuContext } from '#gpu/device.ts';

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

  /** Records a copy of `source` into `encoder`; call `read` once after the submit. */
  copy(encoder: GPUCommandEncoder, source: GPUBuffer): { read(): Promise<ArrayBuffer> } {
    const staging = this.#idle.pop() ?? this.#create();
    encoder.copyBufferToBuffer(source, 0, staging, 0, this.#byteLength);
    return {
      read: async () => {
        await mapForReading(this.#context, staging);
        const bytes = staging.getMappedRange().slice(0);
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
