/** Chromium refuses the GPU to a site for about two minutes after its second loss within two minutes. */
const BLOCK_MS = 120_000;

/** What to do about a lost device. */
export interface LossAnswer {
  /** Whether to start again without asking: once in a visit. */
  readonly restarts: boolean;
  /** Milliseconds since 1970 until which the browser probably refuses the GPU. */
  readonly blockedUntil: number | undefined;
}

type Backend = 'webgpu' | 'webgl';

/** Remembers the device losses of a visit. Source of the block: `gpu_data_manager_impl_private.cc`. */
export class DeviceLosses {
  #lastAt: number | undefined;
  #lastBackend: Backend | undefined;

  /** @param now milliseconds since 1970. */
  record(now: number, backend: Backend): LossAnswer {
    const last = this.#lastAt;
    this.#lastAt = now;
    this.#lastBackend = backend;
    return {
      restarts: last === undefined,
      blockedUntil: last !== undefined && now - last < BLOCK_MS ? now + BLOCK_MS : undefined,
    };
  }

  /** Until when a refused GPU is probably the browser's block: undefined when nothing was lost lately. */
  blockAt(now: number): number | undefined {
    return this.#lastAt !== undefined && now - this.#lastAt < BLOCK_MS ? this.#lastAt + BLOCK_MS : undefined;
  }

  /**
   * Until when to wait for the GPU that was lost, where the browser offers only `backend` now: training would go
   * on many times slower, on other kernels. Undefined when there is nothing to wait for.
   */
  waitInsteadOf(backend: Backend, now: number): number | undefined {
    return this.#lastBackend === 'webgpu' && backend === 'webgl' ? this.blockAt(now) : undefined;
  }
}
