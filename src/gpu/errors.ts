/** Why a GPU cannot be had; `code` tells the page which advice to show. */
export class GpuUnavailableError extends Error {
  override readonly name = 'GpuUnavailableError';
  readonly code: 'no-webgpu' | 'no-adapter' | 'device-refused';
  constructor(code: 'no-webgpu' | 'no-adapter' | 'device-refused', message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** The device is gone: driver crash, GPU process crash, sleep, or the browser's watchdog. */
export class DeviceLostError extends Error {
  override readonly name = 'DeviceLostError';
  /** WebGPU's own reason: 'unknown' for a crash. */
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * What the device answers about itself (a scope's error, a module's messages). Such a promise rejects only when the
 * device is gone, and in a crash of the GPU process before `device.lost` resolves.
 *
 * @throws {DeviceLostError} by rejection.
 */
export function deviceAnswer<Answer>(answer: Promise<Answer>): Promise<Answer> {
  return answer.catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceLostError('unknown', `The GPU was lost (unknown): ${why}`);
  });
}

/** The GPU rejected a command; results computed since are not to be trusted. */
export class GpuError extends Error {
  override readonly name = 'GpuError';
  readonly kind: 'validation' | 'out-of-memory' | 'internal';
  constructor(kind: 'validation' | 'out-of-memory' | 'internal', message: string) {
    super(message);
    this.kind = kind;
  }
}

/** A shader did not compile; `message` has file, line and column. */
export class ShaderError extends Error {
  override readonly name = 'ShaderError';
}

/** A buffer beyond a limit is refused as invalid, not for want of memory; for people both are the same. */
const TOO_LARGE = /buffer size/i;

/** Names a `GPUError` of any engine by its class. */
export function toGpuError(error: GPUError, doing: string): GpuError {
  if (error instanceof GPUOutOfMemoryError || TOO_LARGE.test(error.message)) {
    return new GpuError(
      'out-of-memory',
      `Out of GPU memory (${doing}): use a smaller batch, a smaller width or fewer images. ` +
        `The browser says: ${error.message || 'nothing more'}`,
    );
  }
  const kind = error instanceof GPUValidationError ? 'validation' : 'internal';
  return new GpuError(kind, `The GPU rejected a command (${doing}): ${error.message}`);
}
