import type { Tensor } from './tf.ts';

/** What an engine needs of the tfjs backend that it computes on. One is active per worker at a time. */
export interface TensorBackend {
  readonly name: 'webgpu' | 'webgl' | 'cpu';
  /**
   * Throws when results can no longer be trusted: the device failed, or another backend became active.
   * @throws {DeviceLostError | GpuError | Error}
   */
  check(): void;
  /** Called once with the first failure, at once if there was one. Returns a function that unsubscribes. */
  onFailure(listener: (error: Error) => void): () => void;
  /** Sends off what tfjs has recorded but not submitted. */
  flush(): void;
  /**
   * The values of a float tensor, after all work issued so far. Never stalls the thread. The tensor may be
   * disposed once the promise settled.
   * @throws what `check` throws, when the device failed before the values arrived.
   */
  read(tensor: Tensor): Promise<Float32Array>;
  /** Bytes and tensors in use; bytes that tfjs keeps for reuse are not in use. */
  memory(): { readonly gpuBytes: number; readonly tensors: number };
  /** Removes the backend and frees its buffers; tensors on it are dead. */
  dispose(): void;
}
