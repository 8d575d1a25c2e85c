import type { CompareHooks } from '#bench/compare.ts';
import type { BenchmarkOptions, BenchmarkReport } from '#domain/benchmark.ts';
import type { EngineFactory } from '#train/session.ts';
import type { DeviceInfo, Unsupported } from '#protocol/messages.ts';

/** A device that engines can be built on. */
export interface TrainingDevice {
  readonly info: DeviceInfo;
  readonly createEngine: EngineFactory;
  /** Times training steps on the same adapter; absent where there is nothing to compare. */
  readonly measure?: (
    options: BenchmarkOptions,
    hooks: Pick<CompareHooks, 'onProgress' | 'signal' | 'skipStock'>,
  ) => Promise<BenchmarkReport>;
  /** Called once with the first failure, at once if there was one; from then on the device is of no use. */
  onFailure(listener: (error: Error) => void): void;
}

/** Nothing can train here; `code` tells the page which advice to show. */
export class UnsupportedError extends Error {
  override readonly name = 'UnsupportedError';
  readonly code: Unsupported['code'];

  constructor(code: Unsupported['code'], message: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
