import type { RunStatus } from '#domain/run.ts';

/** A run was asked for while another one is going. */
export class BusyError extends Error {
  override readonly name = 'BusyError';
  constructor() {
    super('Another run is going on; wait for its end or stop it first.');
  }
}

/** No engine could be built for a run; the message is the cause's own. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

// Errors of the device go by name: their classes live with the GPU, which training does not know.

export function isDeviceLost(error: unknown): boolean {
  return error instanceof Error && error.name === 'DeviceLostError';
}

/** A read-back that a dying device cuts off ends as an AbortError, often before the loss itself is known. */
const DEVICE_FAILURES: ReadonlySet<string> = new Set(['DeviceLostError', 'GpuError', 'AbortError']);

/**
 * How an error ends a run: 'interrupted' when the device failed under it, since no later result of that device
 * can be trusted and the run is not to blame.
 */
export function failureOf(error: unknown): {
  status: RunStatus & ('interrupted' | 'failed');
  detail: string;
} {
  const isDeviceFailure = error instanceof Error && DEVICE_FAILURES.has(error.name);
  return {
    status: isDeviceFailure ? 'interrupted' : 'failed',
    detail: error instanceof Error ? error.message : String(error),
  };
}
