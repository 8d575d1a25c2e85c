import { deviceAnswer, toGpuError } from './errors.ts';
import type { GpuContext } from './device.ts';

/** A storage buffer that can be copied from and to; contents start as zeros (WebGPU's rule). */
export function createStorage(context: GpuContext, label: string, byteLength: number): GPUBuffer {
  return context.device.createBuffer({
    label,
    size: Math.max(16, Math.ceil(byteLength / 4) * 4),
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  });
}

/** Queues a write of `data` at `byteOffset`; ordered with submits. */
export function upload(context: GpuContext, buffer: GPUBuffer, data: ArrayBufferView, byteOffset = 0): void {
  const { device } = context;
  const whole = data.byteLength & ~3;
  device.queue.writeBuffer(buffer, byteOffset, data.buffer, data.byteOffset, whole);
  if (whole === data.byteLength) return;
  // writeBuffer takes multiples of four bytes.
  const rest = new Uint8Array(4);
  rest.set(new Uint8Array(data.buffer, data.byteOffset + whole, data.byteLength - whole));
  device.queue.writeBuffer(buffer, byteOffset + whole, rest);
}

/**
 * A copy of a buffer's bytes after all work submitted so far.
 * @throws the context's failure, when the device failed before the bytes arrived.
 */
export async function download(
  context: GpuContext,
  buffer: GPUBuffer,
  byteOffset = 0,
  byteLength = buffer.size - byteOffset,
): Promise<ArrayBuffer> {
  const { device } = context;
  context.check();
  const staging = device.createBuffer({
    label: `${buffer.label} read-back`,
    size: byteLength,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  try {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, byteOffset, staging, 0, byteLength);
    device.queue.submit([encoder.finish()]);
    await mapForReading(context, staging);
    return staging.getMappedRange().slice(0);
  } finally {
    staging.destroy();
  }
}

/** Maps a staging buffer; a rejection is reported as the device failure behind it. */
export async function mapForReading(context: GpuContext, staging: GPUBuffer): Promise<void> {
  try {
    await staging.mapAsync(GPUMapMode.READ);
  } catch (cause) {
    // The loss may be reported just after the rejection that it caused.
    await Promise.race([context.device.lost, new Promise((resolve) => setTimeout(resolve, 100))]);
    context.check();
    throw cause;
  }
  context.check();
}

/**
 * Runs `work` inside out-of-memory and validation scopes and throws what they caught: creating a buffer
 * that does not fit does not throw by itself, it yields an invalid buffer.
 * @throws {GpuError}
 */
export async function inErrorScopes<Result>(
  context: GpuContext,
  doing: string,
  work: () => Result,
): Promise<Result> {
  const { device } = context;
  device.pushErrorScope('internal');
  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('validation');
  let outcome: { result: Result } | { thrown: unknown };
  try {
    outcome = { result: work() };
  } catch (thrown) {
    outcome = { thrown };
  }
  // Popped whatever happened, so that scopes stay balanced.
  const errors = await deviceAnswer(
    Promise.all([device.popErrorScope(), device.popErrorScope(), device.popErrorScope()]),
  );
  if ('thrown' in outcome) throw outcome.thrown;
  for (const error of errors) if (error) throw toGpuError(error, doing);
  return outcome.result;
}
