import { DeviceLostError } from './errors.ts';
import type { TensorBackend } from './tensorBackend.ts';
import * as tf from './tf.ts';
import { webGlContext } from './tfjsInternals.ts';

/** Neither WebGPU nor a usable WebGL: nothing can train here. */
export class WebGlUnavailableError extends Error {
  override readonly name = 'WebGlUnavailableError';
}

/**
 * Makes tfjs compute on WebGL with its stock kernels, for machines without WebGPU.
 * @throws {WebGlUnavailableError}
 */
export async function useWebGlBackend(): Promise<TensorBackend> {
  if (!tf.findBackendFactory('webgl') || !(await tf.setBackend('webgl'))) {
    throw new WebGlUnavailableError('This browser offers neither WebGPU nor WebGL.');
  }
  if (!tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED')) {
    throw new WebGlUnavailableError(
      'The WebGL of this device computes with 16-bit numbers, which is too coarse for training.',
    );
  }
  const gl = webGlContext(tf.backend());
  let failure: DeviceLostError | undefined;
  const listeners = new Set<(error: Error) => void>();
  // After the loss tfjs reads zeros without a word.
  const lost = (): DeviceLostError => {
    failure ??= new DeviceLostError('webgl', 'The GPU was lost (WebGL context).');
    for (const listener of listeners) listener(failure);
    listeners.clear();
    return failure;
  };
  gl.canvas.addEventListener('webglcontextlost', lost);
  const dispose = (): void => gl.canvas.removeEventListener('webglcontextlost', lost);
  const checkContext = (): void => {
    if (failure ?? gl.isContextLost()) throw lost();
  };
  return stockBackend('webgl', checkContext, dispose, (listener) => {
    if (failure) listener(failure);
    else listeners.add(listener);
    return () => listeners.delete(listener);
  });
}

/** Makes tfjs compute on the CPU: for tests alone, a run of the app never does. */
export async function useCpuBackend(): Promise<TensorBackend> {
  if (!(await tf.setBackend('cpu'))) throw new Error('tfjs refused its CPU backend');
  return stockBackend(
    'cpu',
    () => undefined,
    () => undefined,
    () => () => undefined,
  );
}

function stockBackend(
  name: 'webgl' | 'cpu',
  checkDevice: () => void,
  dispose: () => void,
  onFailure: TensorBackend['onFailure'],
): TensorBackend {
  const check = (): void => {
    checkDevice();
    if (tf.getBackend() !== name) throw new Error(`tfjs computes on '${tf.getBackend()}' instead of ${name}`);
  };
  return {
    name,
    check,
    onFailure,
    flush: () => undefined,
    async read(tensor) {
      const values = await tensor.data<'float32'>();
      check();
      // The CPU backend hands out its own array.
      return values.slice();
    },
    memory() {
      const { numTensors, numBytes } = tf.memory();
      return { gpuBytes: numBytes, tensors: numTensors };
    },
    dispose,
  };
}
