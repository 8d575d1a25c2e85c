import type { WorkerMessage } from './messages.ts';

/**
 * Buffers that a worker's message hands over instead of copying: those of a step chunk and of sample
 * images. The sender must not use them afterwards, so each must be the sender's own.
 */
export function transferList(message: WorkerMessage): ArrayBuffer[] {
  if (message.type === 'event') {
    return message.event.type === 'steps' ? ownBuffers(Object.values(message.event.chunk)) : [];
  }
  const { body } = message.ok ? message : { body: undefined };
  return typeof body === 'object' && body !== null ? ownBuffers(Object.values(body)) : [];
}

/** Distinct buffers of the typed arrays among `values` that fill their buffer. */
function ownBuffers(values: readonly unknown[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const value of values) {
    if (!ArrayBuffer.isView(value) || !(value.buffer instanceof ArrayBuffer)) continue;
    // A view of a part may have neighbours that the sender still needs: those are copied.
    if (value.byteLength === value.buffer.byteLength) buffers.add(value.buffer);
  }
  return [...buffers];
}
